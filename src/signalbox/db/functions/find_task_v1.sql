-- One task of the project, or the refusal that there is none.
create function find_task_v1(ctx act_context, wanted bigint) returns tasks language plpgsql as $$
declare
    task tasks;
begin
    select * into task from tasks t where t.project_id = ctx.project_id and t.task_id = wanted;
    if task.task_id is null then
        perform refuse_v1(404, format('no task %s in this project: list_tasks shows them', wanted));
    end if;
    return task;
end $$;
