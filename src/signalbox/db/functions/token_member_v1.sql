-- Whose token it is, if the token is one of this project and the caller may manage it.
create function token_member_v1(ctx act_context, wanted bigint) returns members language plpgsql as $$
declare
    member members;
begin
    select m.* into member
    from members m
    join tokens t on t.participation_id = m.participation_id
    where m.project_id = ctx.project_id and t.token_id = wanted;
    if member.participation_id is null then
        perform refuse_v1(404, format('no token %s in this project: look at the list of its tokens', wanted));
    end if;
    perform may_manage_v1(ctx, member);
    return member;
end $$;
