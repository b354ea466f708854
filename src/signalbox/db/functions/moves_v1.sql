-- What happened in some projects after the seq of each, a page of each ledger: as little of it as tells who of those who
-- wait should look again. It is read for a whole worker and shown to nobody, so it sees closed lanes; what a waiter then
-- reads, it reads as its caller. `recipients` are those of the waiting who have the post, found one by one: deliveries
-- have no index by post.
create function moves_v1(
    project_ids bigint[], after_seqs bigint[], waiting_projects bigint[], waiting bigint[], rows_max integer
)
returns table (
    place integer, seq bigint, type text, participation_id bigint, ref text, tag text, sequence text, acked bigint[],
    recipients bigint[]
)
language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    perform
        set_config('signalbox.project_ids', array_to_string(project_ids, ','), true),
        set_config('signalbox.lanes', '*', true);
    return query
    select
        room.place::integer, e.seq, e.type, e.participation_id, e.ref, e.tag, e.sequence,
        case
            when e.type = 'ack' and e.post_id is null then bigints_v1(e.payload -> 'post_ids')
            when e.type = 'ack' then array[e.post_id]
            when e.payload ? 'answers' then array[(e.payload ->> 'answers')::bigint]
        end,
        case when e.type = 'post' then array(
            select w.participation_id
            from unnest(waiting_projects, waiting) as w (project_id, participation_id)
            where w.project_id = room.project_id
                and (
                    select true
                    from deliveries d
                    where d.project_id = room.project_id
                        and d.participation_id = w.participation_id
                        and d.post_id = e.post_id
                )
        ) end
    from unnest(project_ids, after_seqs) with ordinality as room (project_id, after_seq, place)
    cross join lateral (
        select *
        from events v
        where v.project_id = room.project_id and v.seq > room.after_seq
        order by v.seq
        limit rows_max
    ) e
    order by room.place, e.seq;
end $$;
