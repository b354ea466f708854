-- Whether the caller may be handed a token of this member: one of its own owner's, or of the project's owner. A member
-- that came by invite speaks for somebody else, who would be spoken for by whoever got the token.
create function may_speak_for_v1(ctx act_context, member members) returns void language plpgsql as $$
begin
    if member.handle not in (
        select o.handle
        from owners o
        join projects j on j.owner_id = o.owner_id
        where j.project_id = ctx.project_id
        union all
        select m.handle
        from members m
        where m.project_id = ctx.project_id and m.participation_id = ctx.participation_id
    ) then
        perform refuse_v1(403, format(
            '%s belongs to another owner, who alone gets its tokens: revoke or remove it, or make an invite',
            member.actor));
    end if;
end $$;
