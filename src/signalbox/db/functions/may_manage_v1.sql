-- Whether a lead may manage this member. The owner's own membership and tokens are not for other leads: whoever made
-- one of these would speak as the owner.
create function may_manage_v1(ctx act_context, member members) returns void language plpgsql as $$
begin
    if member.label = '' and member.participation_id <> ctx.participation_id then
        perform refuse_v1(403, 'the owner''s own tokens are managed by the owner');
    end if;
end $$;
