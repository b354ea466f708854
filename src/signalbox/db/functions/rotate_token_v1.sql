-- A new token in the place of one: same participant, same scopes. The old one ends after an overlap, so that
-- what still uses it can be changed over.
create function rotate_token_v1(act act_ref, wanted bigint, new_token_hash bytea, overlap_seconds integer)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    member members;
    old tokens;
    new_token_id bigint;
begin
    if ctx.replay is not null then
        return ctx.replay || '{"secret_shown_before": true}';
    end if;
    perform require_lead_v1(ctx, 'manage tokens');
    member := token_member_v1(ctx, wanted);
    select * into old
    from tokens t
    where t.token_id = wanted and t.participation_id = member.participation_id
    for update;
    if old.revoked_at is not null then
        perform refuse_v1(409, format('token %s was revoked already: give %s a new one', wanted, member.actor));
    end if;
    insert into tokens (token_hash, participation_id, scopes)
    values (new_token_hash, member.participation_id, old.scopes)
    returning token_id into new_token_id;
    if overlap_seconds = 0 then
        update tokens t set revoked_at = clock_timestamp() where t.token_hash = old.token_hash;
    else
        update tokens t
        set expires_at = least(t.expires_at, clock_timestamp() + make_interval(secs => overlap_seconds))
        where t.token_hash = old.token_hash;
    end if;
    perform append_event_v1(ctx, 'admin_rotate', jsonb_build_object(
        'participant', member.actor, 'token_id', wanted, 'overlap_seconds', overlap_seconds));
    return finish_act_v1(act, ctx, jsonb_build_object('token_id', new_token_id, 'actor', member.actor));
end $$;
