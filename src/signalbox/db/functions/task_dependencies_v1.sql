-- What a task depends on, and how each of that stands.
create function task_dependencies_v1(project bigint, wanted bigint) returns jsonb stable language plpgsql as $$
begin
    return (
        select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'task_id', d.on_task_id, 'title', t.title, 'status', t.status, 'owner', t.owner,
            'resolved_at', d.resolved_at)) order by d.on_task_id)
        from task_dependencies d
        cross join lateral (
            select o.title, o.status, o.owner
            from tasks o
            where o.project_id = project and o.task_id = d.on_task_id
            limit 1
        ) t
        where d.project_id = project and d.task_id = wanted
    );
end $$;
