-- Takes a project's head lock for the rest of the transaction and sets its tenant; closed lanes are not seen until who
-- acts is known (begin_act_v1), or by the server's own jobs, which set signalbox.lanes to '*'. Whatever is read by a
-- later statement is younger than the lock, so two acts of one project never interleave. The clock is read
-- once the lock is held (now() is older than the wait), and never runs backwards against seq.
create function lock_head_v1(project bigint) returns act_context language plpgsql as $$
declare
    ctx act_context;
begin
    perform set_config('signalbox.project_ids', project::text, true);
    if current_setting('signalbox.lanes', true) <> '' then  -- that of who acted before in this transaction
        perform set_config('signalbox.lanes', '', true);
    end if;
    select l.project_id, l.last_at, l.post_head, l.task_head, l.lease_head
    into ctx.project_id, ctx.at, ctx.post_head, ctx.task_head, ctx.lease_head
    from ledgers l
    where l.project_id = project
    for update;
    ctx.at := greatest(date_trunc('milliseconds', clock_timestamp()), ctx.at);
    return ctx;
end $$;
