-- Shows what a participant holds by the name it has now, in all lanes. What is done (posts, events, finished tasks,
-- ended leases) keeps the name it was done under.
create function carry_name_v1(ctx act_context, participation bigint, actor text) returns void language plpgsql as $$
declare
    seen_before text := see_lanes_v1('*');
begin
    update tasks t
    set owner = carry_name_v1.actor
    where t.project_id = ctx.project_id
        and t.owner_id = participation
        and t.status in ('assigned', 'in_progress', 'blocked');
    update leases l
    set actor = carry_name_v1.actor
    where l.project_id = ctx.project_id and l.participation_id = participation and l.released_at is null;
    update lease_waiters w
    set actor = carry_name_v1.actor
    where w.project_id = ctx.project_id and w.participation_id = participation;
    perform see_lanes_v1(seen_before);
end $$;
