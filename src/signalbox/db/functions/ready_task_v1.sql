-- The task that somebody would get next, if there is one. Each side is the beginning of an index.
create function ready_task_v1(project bigint, participation bigint, wanted_lane text)
returns tasks stable language plpgsql as $$
declare
    mine tasks;
    open_one tasks;
begin
    select * into mine
    from tasks t
    where t.project_id = project
        and t.owner_id = participation
        and t.status = 'assigned'
        and t.unmet = 0
        and (wanted_lane is null or t.lane = wanted_lane)
    order by t.priority, t.task_id
    limit 1;
    select * into open_one from open_tasks_v1(project, wanted_lane, 1) o where o.unmet = 0;
    if mine.task_id is null or (open_one.priority, open_one.task_id) < (mine.priority, mine.task_id) then
        return open_one;
    end if;
    return mine;
end $$;
