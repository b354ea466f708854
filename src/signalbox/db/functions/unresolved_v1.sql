-- What some tasks wait on: the open blockers that name a task, and the dependencies that are not met yet.
create function unresolved_v1(project bigint, waiting_tasks bigint[])
returns table (task_id bigint, on_task_id bigint) stable language plpgsql as $$
begin
    return query
    select u.task_id, u.on_task_id
    from unnest(waiting_tasks) as w (task_id)
    cross join lateral (
        select b.task_id, b.on_task_id
        from task_blockers b
        where b.project_id = project
            and b.task_id = w.task_id
            and b.resolved_at is null
            and b.on_task_id is not null
        union all
        select d.task_id, d.on_task_id
        from task_dependencies d
        where d.project_id = project and d.task_id = w.task_id and d.resolved_at is null
        offset 0
    ) u;
end $$;
