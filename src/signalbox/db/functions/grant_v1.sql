-- Puts a participant of the project's owner into the project and gives it a token. With allow_existing, one
-- that is in the project already keeps its role (or is raised to lead) and gets one more token.
create function grant_v1(
    ctx act_context, new_label text, new_kind text, new_lane text, new_role text, allow_existing boolean,
    new_token_hash bytea, token_scopes text[], out participation bigint, out participant_is_new boolean
) language plpgsql as $$
declare
    project_owner bigint := (select j.owner_id from projects j where j.project_id = ctx.project_id);
begin
    select b.participation, b.participant_is_new into participation, participant_is_new
    from bring_in_v1(ctx, project_owner, new_label, new_kind, new_lane, new_role, allow_existing) b;
    perform give_token_v1(participation, new_token_hash, token_scopes, null);
end $$;
