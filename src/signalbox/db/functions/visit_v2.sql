-- The one query of authentication of a page: who is signed in, and the project of theirs that the page is about. It
-- always sets the connection's tenant: to that project, to all that the owner has when the page is about none, or to
-- nothing. In a project the owner sees the closed lanes that it is in, like any other participant; in a list of several,
-- none. Nulls where there is no session, and in the project's columns where there is no such project of theirs.
create function visit_v2(
    hash bytea,
    idle_seconds integer,
    wanted_project text,
    out session_id bigint,
    out owner_id bigint,
    out handle text,
    out email text,
    out is_operator boolean,
    out suspended boolean,
    out signed_in_at timestamptz,
    out project_id bigint,
    out participation_id bigint,
    out project text,
    out archived boolean,
    out liveness_seconds integer,
    out unread_posts integer
) language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    seen_at timestamptz;
    tenants text;
    lanes text;
begin
    select s.session_id, o.owner_id, o.handle, o.email, o.is_operator, o.suspended_at is not null, s.signed_in_at,
        s.last_seen_at
    into session_id, owner_id, handle, email, is_operator, suspended, signed_in_at, seen_at
    from admin_sessions s
    join owners o on o.owner_id = s.owner_id
    where s.session_hash = hash
        and s.expires_at > clock_timestamp()
        and s.last_seen_at > clock_timestamp() - make_interval(secs => idle_seconds);
    if visit_v2.owner_id is not null and not visit_v2.suspended and wanted_project is null then
        select string_agg(j.project_id::text, ',') into tenants
        from projects j
        where j.owner_id = visit_v2.owner_id and j.deleted_at is null;
    elsif visit_v2.owner_id is not null and not visit_v2.suspended then
        select j.project_id, p.participation_id, j.name, j.archived_at is not null, j.liveness_seconds,
            case when j.has_closed_lanes then p.closed_lanes::text end
        into project_id, participation_id, project, archived, liveness_seconds, lanes
        from projects j
        join participants a on a.owner_id = j.owner_id and a.label = ''
        join participations p on p.project_id = j.project_id and p.participant_id = a.participant_id
        where j.owner_id = visit_v2.owner_id and j.name = wanted_project and j.deleted_at is null;
        tenants := visit_v2.project_id::text;
    end if;
    perform
        set_config('signalbox.project_ids', coalesce(tenants, ''), false),
        set_config('signalbox.lanes', coalesce(lanes, ''), false);
    if visit_v2.project_id is not null then
        unread_posts := unread_posts_v1(visit_v2.project_id, visit_v2.participation_id);
    end if;
    if seen_at < clock_timestamp() - interval '1 minute' then
        update admin_sessions s set last_seen_at = clock_timestamp() where s.session_hash = hash;
    end if;
end $$;
