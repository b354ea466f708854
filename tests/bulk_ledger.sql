-- A long history in a second: what a project looks like after `total` events, written past the functions. Blocks of
-- 20 events: 8 posts, 7 acks, a claim, a lease and its release, a task and its end. The last of the members acted in
-- the first block only; so did what is named 'old'. The newest 20 posts to each member wait for its ack, the newest
-- 10 leases are open, the newest 20 tasks are not done; all else is finished, however long the history.
-- Runs with the table members_of_bulk (place, participation_id, actor), $total and $project put in by the caller.

create temporary table bulk as
select
    seq,
    (seq - 1) / 20 as block,
    (seq - 1) % 20 as slot,
    date_trunc('milliseconds', clock_timestamp()) - make_interval(secs => (:total - seq) * 2) as at,
    case when seq = 7 then :members - 1 else ((seq - 1) / 20 + (seq - 1) % 20) % (:members - 1) end as place
from generate_series(1, :total) seq;

create temporary table bulk_posts as
select
    block * 8 + slot + 1 as post_id, seq, at, place, (place + 1) % (:members - 1) as to_place,
    case when block = 0 and slot = 5 then 'old' when slot = 7 then 'lane-' || block % 4 end as to_lane,
    case when slot > 4 then block * 8 + 5 end as reply_to, 'PR-' || block / 2 as ref,
    case when block = 0 and slot = 3 then 'old' when slot % 2 = 0 then 'tag-' || block % 5 end as tag
from bulk
where slot < 8;

insert into posts
    (project_id, post_id, seq, author_id, author, to_lane, to_actor, subject, body, ref, tag, created_at, acked_at,
        reply_to, thread_id)
select
    :project, p.post_id, p.seq, m.participation_id, m.actor, p.to_lane, case when p.to_lane is null then t.actor end,
    'a subject', 'a handoff of ordinary length, which says what was done and what is next', p.ref, p.tag, p.at, p.at,
    p.reply_to, coalesce(p.reply_to, p.post_id)
from bulk_posts p
join members_of_bulk m on m.place = p.place
join members_of_bulk t on t.place = p.to_place;

insert into lane_members (project_id, lane, participation_id, origin, joined_at)
select :project, 'lane-' || m.place % 4, m.participation_id, 'registered', clock_timestamp()
from members_of_bulk m
where m.place < :members - 1;

insert into deliveries (project_id, post_id, participation_id, state, outcome, acked_at, to_lane)
select :project, p.post_id, m.participation_id, 'acked', 'done', p.at, p.to_lane
from bulk_posts p
join members_of_bulk m on m.place < :members - 1
    and case when p.to_lane is null then m.place = p.to_place
        else p.to_lane = 'lane-' || m.place % 4 and m.place <> p.place end;

update deliveries d
set acked_at = null, outcome = null, state = 'queued'
from members_of_bulk m
cross join lateral (
    select l.post_id
    from deliveries l
    where l.project_id = :project and l.participation_id = m.participation_id
    order by l.post_id desc
    limit 20
) newest
where d.project_id = :project and d.participation_id = m.participation_id and d.post_id = newest.post_id;

update posts p
set acked_at = null
where p.project_id = :project
    and p.post_id in (select d.post_id from deliveries d where d.project_id = :project and d.acked_at is null)
    and not exists (
        select 1
        from deliveries d
        where d.project_id = :project and d.post_id = p.post_id and d.acked_at is not null
    );

insert into sequences (project_id, sequence, prefix, pad, current)
select :project, 'seq-' || n, 'S-', 4, :total / 100 from generate_series(0, 4) n;

insert into claims (project_id, sequence, number, formatted, seq, participation_id, actor, note, claimed_at)
select :project, 'seq-' || b.block % 5, b.block / 5 + 1, 'S-' || lpad((b.block / 5 + 1)::text, 4, '0'), b.seq,
    m.participation_id, m.actor, null, b.at
from bulk b
join members_of_bulk m on m.place = b.place
where b.slot = 15;

insert into leases
    (project_id, lease_id, surface, fixed, is_glob, participation_id, actor, fence, granted_at, expires_at, released_at)
select :project, b.block + 1, 'src/' || b.block % 100 || '/a.py', 'src/' || b.block % 100 || '/a.py', false,
    m.participation_id, m.actor, b.seq, b.at, b.at + interval '1 day',
    case when b.block < :total / 20 - 10 then b.at + interval '1 minute' end
from bulk b
join members_of_bulk m on m.place = b.place
where b.slot = 16;

insert into tasks (project_id, task_id, title, lane, status, owner_id, owner, created_by, created_at, updated_at)
select :project, b.block + 1, 'a task', 'lane-' || b.block % 4,
    case when b.block < :total / 20 - 20 then 'done' else 'assigned' end,
    m.participation_id, m.actor, m.actor, b.at, b.at
from bulk b
join members_of_bulk m on m.place = b.place
where b.slot = 18;

insert into events
    (project_id, seq, at, participation_id, actor, type, payload, ref, tag, sequence, post_id, task_id, lease_id)
select e.*, e.payload ->> 'ref', e.payload ->> 'tag', e.payload ->> 'sequence', (e.payload ->> 'post_id')::bigint,
    (e.payload ->> 'task_id')::bigint, (e.payload ->> 'lease_id')::bigint
from (
    select :project, b.seq, b.at, m.participation_id, m.actor,
        case when b.seq = 7 then 'old'
            else (array['claim', 'lease', 'release', 'task_create', 'task_ship'])[b.slot - 14] end,
        case b.slot
            when 15 then jsonb_build_object(
                'sequence', case when b.block = 0 then 'old' else 'seq-' || b.block % 5 end,
                'number', b.block / 5 + 1, 'formatted', 'S-' || b.block / 5 + 1)
            when 18 then jsonb_build_object('task_id', b.block + 1, 'title', 'a task', 'status', 'assigned')
            when 19 then jsonb_build_object('task_id', b.block + 1, 'status', 'done')
            else jsonb_build_object('lease_id', b.block + 1, 'surface', 'src/' || b.block % 100 || '/a.py') end
    from bulk b
    join members_of_bulk m on m.place = b.place
    where b.slot > 14 or b.seq = 7
    union all
    select :project, b.seq, b.at, m.participation_id, m.actor, 'ack',
        jsonb_build_object('post_id', b.block * 8 + b.slot - 7, 'outcome', 'done')
    from bulk b
    join members_of_bulk m on m.place = b.place
    where b.slot between 8 and 14
    union all
    select :project, p.seq, p.at, m.participation_id, m.actor, 'post', jsonb_strip_nulls(jsonb_build_object(
        'post_id', p.post_id, 'to_lane', p.to_lane, 'subject', 'a subject', 'ref', p.ref, 'tag', p.tag))
    from bulk_posts p
    join members_of_bulk m on m.place = p.place
    where p.seq <> 7
    order by 2
) as e (project_id, seq, at, participation_id, actor, type, payload);

update ledgers
set head = :total, last_at = clock_timestamp(), post_head = :total / 20 * 8, task_head = :total / 20,
    lease_head = :total / 20
where project_id = :project;

insert into cursors (project_id, participation_id, seq, page_seq)
select :project, m.participation_id, :total - 20, :total - 40 from members_of_bulk m;

drop table bulk, bulk_posts, members_of_bulk;
