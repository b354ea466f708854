-- Counts again what keeps some tasks from being started.
create function count_unmet_v1(project bigint, task_ids bigint[]) returns void language plpgsql as $$
declare
    one bigint;
begin
    foreach one in array task_ids loop
        update tasks t
        set unmet = (
            select count(*)
            from task_dependencies d
            where d.project_id = project and d.task_id = t.task_id and d.resolved_at is null
        ) + (
            select count(*)
            from task_blockers b
            where b.project_id = project and b.task_id = t.task_id and b.resolved_at is null
        )
        where t.project_id = project and t.task_id = one;
    end loop;
end $$;
