-- Opens every act: takes the head lock, looks whether the caller still may, sets the closed lanes it sees, and looks
-- whether this was done before. Of an act that travels with others, perform_together_v1 has done the first three, and left
-- who acts in signalbox.proven.
create function begin_act_v1(act act_ref) returns act_context language plpgsql as $$
declare
    ctx act_context;
    earlier idempotency_keys;
    suspended boolean;
    lanes text;
    proven text[] := nullif(current_setting('signalbox.proven', true), '')::text[];
begin
    if proven[1]::bigint = act.participation_id then
        select l.project_id, l.last_at, l.post_head, l.task_head, l.lease_head
        into ctx.project_id, ctx.at, ctx.post_head, ctx.task_head, ctx.lease_head
        from ledgers l
        where l.project_id = act.project_id;
        ctx.at := greatest(date_trunc('milliseconds', clock_timestamp()), ctx.at);
        ctx.participation_id := act.participation_id;
        ctx.role := proven[2];
        ctx.actor := proven[3];
    else
        ctx := lock_head_v1(act.project_id);
        select m.participation_id, m.actor, m.role,
            o.suspended_at is not null or h.suspended_at is not null,
            case when j.has_closed_lanes then (
                select p.closed_lanes::text from participations p where p.participation_id = m.participation_id
            ) end
        into ctx.participation_id, ctx.actor, ctx.role, suspended, lanes
        from members m
        join owners o on o.handle = m.handle
        join projects j on j.project_id = m.project_id
        join owners h on h.owner_id = j.owner_id
        where m.project_id = act.project_id
            and m.participation_id = act.participation_id
            and m.removed_at is null
            and j.deleted_at is null
            -- An archived project knows only acts of its owner: those that open it again or end it.
            and (j.archived_at is null or (
                act.token_hash is null and act.tool in ('archive_project', 'unarchive_project', 'note_export', 'delete_project')))
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
            if act.token_hash is null and exists (
                select 1
                from projects j
                where j.project_id = act.project_id and j.archived_at is not null and j.deleted_at is null
            ) then
                perform refuse_v1(409, 'this project is archived: open it again first', '{"archived": true}');
            end if;
            perform refuse_v1(401, 'this token no longer holds: ask a lead of the project for a new one');
        end if;
        if suspended then
            perform refuse_v1(423, 'the owner of this token or project is suspended: write to the operator of this server');
        end if;
        if lanes is not null then
            perform set_config('signalbox.lanes', lanes, true);
        end if;
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
