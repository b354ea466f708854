-- Whether the caller made a task, whatever it was called then.
create function created_task_v1(ctx act_context, task tasks) returns boolean stable language plpgsql as $$
begin
    return exists (
        select 1
        from members m
        join labels b on b.participant_id = m.participant_id
        join handles h on h.owner_id = b.owner_id
        where m.project_id = ctx.project_id
            and m.participation_id = ctx.participation_id
            and task.created_by = h.handle || case when b.label = '' then '' else '/' || b.label end
    );
end $$;
