-- The participant a lead means to manage. The owner's own tokens are not for other leads to make or end:
-- whoever held one would speak as the owner.
create function managed_member_v1(ctx act_context, name text) returns members language plpgsql as $$
declare
    member members;
begin
    perform require_lead_v1(ctx, 'manage tokens');
    member := resolve_actor_v1(ctx.project_id, name);
    if member.label = '' and member.participation_id <> ctx.participation_id then
        perform refuse_v1(403, 'the owner''s own tokens are managed by the owner');
    end if;
    return member;
end $$;
