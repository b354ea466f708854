-- The participant a lead means to manage.
create or replace function managed_member_v1(ctx act_context, name text) returns members language plpgsql as $$
declare
    member members;
begin
    perform require_lead_v1(ctx, 'manage participants');
    member := resolve_actor_v1(ctx.project_id, name);
    perform may_manage_v1(ctx, member);
    return member;
end $$;
