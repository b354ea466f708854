-- Opens tasks again whose holders are silent or gone, so many at most; each with an event in the holder's name that says
-- why. Answers how many.
create function give_back_idle_v1(ctx act_context, silence_seconds integer, rows_max integer)
returns integer language plpgsql as $$
declare
    idle record;
    opened integer := 0;
begin
    for idle in
        select *
        from idle_tasks_v1(ctx.project_id, silence_seconds, ctx.at, rows_max) i
        order by (i.task).task_id
    loop
        ctx.participation_id := (idle.holder).participation_id;
        ctx.actor := (idle.holder).actor;
        perform give_back_task_v1(ctx, idle.task, jsonb_build_object('reason', idle.reason));
        opened := opened + 1;
    end loop;
    return opened;
end $$;
