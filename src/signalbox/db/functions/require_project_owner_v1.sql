-- What only the project's owner may, as itself and signed in: no token stands for that.
create function require_project_owner_v1(act act_ref, ctx act_context, what text) returns void language plpgsql as $$
begin
    if act.token_hash is not null or not exists (
        select 1
        from members m
        join participants a on a.participant_id = m.participant_id
        join projects j on j.project_id = m.project_id and j.owner_id = a.owner_id
        where m.project_id = ctx.project_id and m.participation_id = ctx.participation_id and m.label = ''
    ) then
        perform refuse_v1(403, format('only the owner of the project may %s', what));
    end if;
end $$;
