-- Tends the first project after another one that has something to be tended, and answers which; null: there is none
-- further on, or another process is at it. Under the project's head lock, a few of each, so whoever else runs it finds
-- done what is done: tasks of holders who are silent or gone are open again (0 seconds: only of those who are gone),
-- and leases that are about to run out are renewed while their holders are active (0 seconds: never). Projects are
-- looked through a hundred at a time, as the tenants of one statement.
create function tend_work_v1(
    after bigint, silence_seconds integer, renew_seconds integer, each_max integer, out project_id bigint,
    out given_back integer, out renewed integer
)
language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    ctx act_context;
    page bigint[];
begin
    if not pg_try_advisory_xact_lock(5317052) then
        return;
    end if;
    loop
        page := array(
            select j.project_id
            from projects j
            where j.project_id > after and j.archived_at is null and j.deleted_at is null
            order by j.project_id
            limit 100
        );
        exit when page = '{}';
        perform set_config('signalbox.project_ids', array_to_string(page, ','), true),
            set_config('signalbox.lanes', '*', true);
        select p.project_id into tend_work_v1.project_id
        from unnest(page) as p (project_id)
        where exists (select 1 from idle_tasks_v1(p.project_id, silence_seconds, clock_timestamp(), 1))
            or (renew_seconds > 0
                and exists (select 1 from active_leases_v1(p.project_id, renew_seconds, clock_timestamp(), 1)))
        order by p.project_id
        limit 1;
        exit when tend_work_v1.project_id is not null;
        after := page[cardinality(page)];
    end loop;
    if tend_work_v1.project_id is null then
        return;
    end if;
    ctx := lock_head_v1(tend_work_v1.project_id);
    perform set_config('signalbox.lanes', '*', true);
    given_back := give_back_idle_v1(ctx, silence_seconds, each_max);
    renewed := case when renew_seconds > 0 then renew_active_v1(ctx, renew_seconds, each_max) else 0 end;
    perform tell_moved_v1(ctx.project_id);
end $$;
