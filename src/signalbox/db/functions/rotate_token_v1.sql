-- A new token in the place of one: same participant, scopes, tools and lifetime. The old one ends after an overlap, so that
-- what still uses it can be changed over. A token is replaced once: of two who rotate it at once, one is told.
create function rotate_token_v1(act act_ref, wanted bigint, new_token_hash bytea, overlap_seconds integer)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    member members;
    old tokens;
    given record;
begin
    if ctx.replay is not null then
        return ctx.replay || '{"secret_shown_before": true}';
    end if;
    perform require_lead_v1(ctx, 'manage tokens');
    member := token_member_v1(ctx, wanted);
    perform may_speak_for_v1(ctx, member);
    select * into old
    from tokens t
    where t.token_id = wanted and t.participation_id = member.participation_id
    for update;
    if old.revoked_at is not null then
        perform refuse_v1(409, format('token %s was revoked already: give %s a new one', wanted, member.actor));
    elsif old.replaced_at is not null then
        perform refuse_v1(409,
            format('token %s was rotated already: rotate the newest one of %s', wanted, member.actor));
    elsif member.removed_at is not null then
        perform refuse_v1(409, format('%s was removed from this project: bring it in again', member.actor));
    end if;
    update tokens t
    set replaced_at = clock_timestamp(),
        revoked_at = case when overlap_seconds = 0 then clock_timestamp() end,
        expires_at = case
            when overlap_seconds = 0 then t.expires_at
            else least(t.expires_at, clock_timestamp() + make_interval(secs => overlap_seconds))
        end
    where t.token_hash = old.token_hash;
    select * into given
    from give_token_v1(
        member.participation_id, new_token_hash, old.scopes,
        extract(epoch from old.expires_at - old.created_at)::integer);
    update tokens t
    set tool_groups = old.tool_groups
    where t.token_hash = new_token_hash and old.tool_groups is not null;
    perform append_event_v1(ctx, 'admin_rotate', jsonb_build_object(
        'participant', member.actor, 'token_id', wanted, 'overlap_seconds', overlap_seconds));
    return finish_act_v1(act, ctx, jsonb_build_object(
        'token_id', given.token_id, 'actor', member.actor, 'is_admin', member.role = 'lead',
        'scopes', to_jsonb(old.scopes), 'expires_at', given.expires_at));
end $$;
