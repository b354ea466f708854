-- Sees to the deadlines that have passed in the project that has waited longest for it, the oldest first, and answers
-- which project and how many posts; null: nothing was due, or another process is at it. All or nothing, under the
-- project's head lock, so whoever else runs it finds done what is done. An archived project waits until it is opened.
create function keep_deadlines_v1(posts_max integer, out project_id bigint, out posts integer)
language plpgsql as $$
#variable_conflict use_column
declare
    ctx act_context;
    due deadlines;
    later_at timestamptz;
begin
    posts := 0;
    if not pg_try_advisory_xact_lock(5317051) then
        return;
    end if;
    select a.project_id into keep_deadlines_v1.project_id
    from agendas a
    join projects j on j.project_id = a.project_id
    where a.next_at <= clock_timestamp() and j.archived_at is null and j.deleted_at is null
    order by a.next_at
    limit 1;
    if keep_deadlines_v1.project_id is null then
        return;
    end if;
    ctx := lock_head_v1(keep_deadlines_v1.project_id);
    perform set_config('signalbox.lanes', '*', true);
    for due in
        select *
        from deadlines d
        where d.project_id = ctx.project_id and d.at <= ctx.at
        order by d.at, d.post_id
        limit posts_max
    loop
        delete from deadlines d
        where d.project_id = ctx.project_id and d.at = due.at and d.post_id = due.post_id and d.ends = due.ends;
        if due.ends then
            perform expire_post_v1(ctx, due.post_id);
        else
            perform overdue_post_v1(ctx, due.post_id);
        end if;
        posts := posts + 1;
    end loop;
    select min(d.at) into later_at from deadlines d where d.project_id = ctx.project_id;
    if later_at is null then
        delete from agendas a where a.project_id = ctx.project_id;
    else
        update agendas a set next_at = later_at where a.project_id = ctx.project_id;
    end if;
end $$;
