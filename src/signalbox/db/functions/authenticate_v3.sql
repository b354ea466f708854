-- The one query of authentication. It always sets the connection's tenant and the closed lanes that it sees: to the
-- token's project and the lanes its participant was let into, or to nothing when the token does not hold, so that no
-- read after it can see what an earlier caller saw. Answers one row, of nulls when the token does not hold. `session`:
-- the handshake-era session the request names, if it names one.
create function authenticate_v3(
    hash bytea,
    session bytea,
    out project_id bigint,
    out participation_id bigint,
    out project text,
    out handle text,
    out label text,
    out kind text,
    out role text,
    out lane text,
    out scopes text[],
    out liveness_seconds integer,
    out suspended boolean,
    out unread_posts integer,
    out tool_groups text[]
) language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    lanes text;
begin
    select
        p.project_id, p.participation_id, j.name, o.handle, a.label, a.kind, p.role, p.lane, t.scopes,
        j.liveness_seconds, o.suspended_at is not null or h.suspended_at is not null,
        case when j.has_closed_lanes then p.closed_lanes::text end, t.tool_groups
    into
        project_id, participation_id, project, handle, label, kind, role, lane, scopes, liveness_seconds, suspended,
        lanes, tool_groups
    from tokens t
    join participations p on p.participation_id = t.participation_id
    join participants a on a.participant_id = p.participant_id
    join owners o on o.owner_id = a.owner_id
    join projects j on j.project_id = p.project_id
    join owners h on h.owner_id = j.owner_id
    where t.token_hash = hash
        and t.revoked_at is null
        and (t.expires_at is null or t.expires_at > clock_timestamp())
        and p.removed_at is null
        and a.removed_at is null
        and j.archived_at is null;
    perform set_config('signalbox.project_ids', coalesce(authenticate_v3.project_id::text, ''), false);
    if lanes is not null or current_setting('signalbox.lanes', true) <> '' then  -- else there is nothing to change
        perform set_config('signalbox.lanes', coalesce(lanes, ''), false);
    end if;
    if authenticate_v3.project_id is null then
        return;
    end if;
    if session is not null then
        perform session_holds_v1(authenticate_v3.project_id, session);
    end if;
    unread_posts := unread_posts_v1(authenticate_v3.project_id, authenticate_v3.participation_id);
end $$;
