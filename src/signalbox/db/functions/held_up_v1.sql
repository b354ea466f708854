-- How many open tasks wait (counted to 100), and the ten tasks that most of them wait on.
create function held_up_v1(project bigint, wanted_lane text) returns jsonb stable language plpgsql as $$
declare
    waiting bigint[] := array(select o.task_id from open_tasks_v1(project, wanted_lane, 100) o);
    holders jsonb;
begin
    select jsonb_agg(jsonb_build_object(
        'task_id', h.on_task_id, 'title', t.title, 'status', t.status, 'owner', t.owner, 'holds_up', h.holds_up)
        order by h.holds_up desc, h.on_task_id)
    into holders
    from (
        select u.on_task_id, count(distinct u.task_id) as holds_up
        from unresolved_v1(project, waiting) u
        group by u.on_task_id
        order by holds_up desc, u.on_task_id
        limit 10
    ) h
    cross join lateral (
        select o.title, o.status, o.owner
        from tasks o
        where o.project_id = project and o.task_id = h.on_task_id
        limit 1
    ) t;
    return jsonb_build_object('waiting', cardinality(waiting), 'waits_on', coalesce(holders, '[]'));
end $$;
