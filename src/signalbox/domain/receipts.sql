-- name: post_status
-- Deliveries are kept by recipient, so those of the post are looked up once per member of the project (1,000 at most;
-- removed ones too: what they did stays). A question is answered once; of other posts, each actor that is named owes
-- an ack, and anybody of a lane.
with receipts as materialized (
    select
        m.actor, m.removed_at, d.*,
        row_number() over (order by d.state = 'expired', d.acked_at nulls first, m.actor) as place
    from members m
    cross join lateral (
        select r.state, r.outcome, r.note, r.offered_via, r.offered_at, r.seen_at, r.due_at, r.answer_id,
            case when r.state <> 'expired' then r.acked_at end as acked_at,
            r.to_lane is null or r.by_name is true as is_named
        from deliveries r
        where r.project_id = :project_id and r.participation_id = m.participation_id and r.post_id = :post_id
        limit 1
    ) d
    where m.project_id = :project_id
)
select
    p.post_id, p.acked_at, p.due_at, p.expires_at,
    case
        when p.due_at < statement_timestamp() and p.expired_at is null then nullif(
            p.acked_at is null or (
                p.kind is distinct from 'question'
                and exists (
                    select 1 from receipts r where r.is_named and r.acked_at is null and r.removed_at is null
                )
            ), false)
    end as overdue,
    (
        select coalesce(jsonb_object_agg(c.state, c.number), '{}')
        from (select r.state, count(*) as number from receipts r group by r.state) c
    ) as counts,
    (
        select coalesce(
            jsonb_agg(
                jsonb_strip_nulls(jsonb_build_object(
                    'actor', r.actor, 'state', r.state, 'offered_via', r.offered_via, 'offered_at', r.offered_at,
                    'seen_at', r.seen_at, 'outcome', r.outcome, 'note', r.note, 'acked_at', r.acked_at,
                    'late', nullif(r.acked_at > r.due_at, false), 'answer_id', r.answer_id))
                order by r.place
            ),
            '[]'
        )
        from receipts r
        where r.place <= :shown_max
    ) as receipts,
    nullif(greatest((select count(*) from receipts) - :shown_max, 0), 0) as more
from posts p
where p.project_id = :project_id and p.post_id = :post_id
order by p.post_id
limit 1;

-- name: mark_deliveries
-- All marks of one second in one statement; see the function.
select mark_deliveries_v1(:project_ids, :participation_ids, :post_ids, :transports, :offered_ages, :seen_ages);
