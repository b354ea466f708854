-- Whose token it is, if the token is one of this project.
create function token_member_v1(ctx act_context, wanted bigint) returns members language plpgsql as $$
declare
    member members;
begin
    select m.* into member
    from members m
    join tokens t on t.participation_id = m.participation_id
    where m.project_id = ctx.project_id and t.token_id = wanted;
    if member.participation_id is null then
        perform refuse_v1(404, format('no token %s: signalbox token list shows them', wanted));
    end if;
    return member;
end $$;
