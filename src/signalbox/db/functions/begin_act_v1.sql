-- Opens every act: takes the head lock, looks whether the caller still may, and whether this was done before.
create function begin_act_v1(act act_ref) returns act_context language plpgsql as $$
declare
    ctx act_context := lock_head_v1(act.project_id);
    earlier idempotency_keys;
begin
    select m.participation_id, m.actor, m.role
    into ctx.participation_id, ctx.actor, ctx.role
    from members m
    where m.project_id = act.project_id
        and m.participation_id = act.participation_id
        and m.removed_at is null
        and exists (select 1 from projects j where j.project_id = m.project_id and j.archived_at is null)
        and (
            act.token_hash is null
            or exists (
                select 1
                from tokens t
                where t.token_hash = act.token_hash
                    and t.participation_id = act.participation_id
                    and t.revoked_at is null
                    and (t.expires_at is null or t.expires_at > clock_timestamp())
            )
        );
    if ctx.project_id is null or ctx.participation_id is null then
        perform refuse_v1(401, 'this token no longer holds: ask a lead of the project for a new one');
    end if;
    if act.key is not null then
        select * into earlier
        from idempotency_keys k
        where k.project_id = act.project_id
            and k.participation_id = act.participation_id
            and k.tool = act.tool
            and k.key = act.key
            and k.created_at > ctx.at - interval '24 hours';
        if earlier.arguments_hash <> act.arguments_hash then
            perform refuse_v1(409,
                format('idempotency_key %L was used with other arguments of %s: take a new key', act.key, act.tool));
        end if;
        if earlier.answer is not null then
            ctx.replay := finish_act_v1(null, ctx, earlier.answer);
        end if;
    end if;
    return ctx;
end $$;
