-- The participant a lead means to manage.
create function managed_member_v1(ctx act_context, name text) returns members language plpgsql as $$
declare
    member members;
begin
    perform require_lead_v1(ctx, 'manage participants');
    member := named_member_v1(ctx.project_id, name, false, true);
    perform may_manage_v1(ctx, member);
    return member;
end $$;
