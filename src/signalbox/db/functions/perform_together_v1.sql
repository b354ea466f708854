-- Several acts of one project, all or none. The head lock is taken once, all callers are proved in one statement after
-- it, and their unread posts are counted in one: a sixth less than what the acts cost one by one. Proved here are only
-- plain cases, which are nearly all: who is in closed lanes, or does not hold any more, is looked at by begin_act_v1.
create function perform_together_v1(project bigint, acts jsonb) returns jsonb[] language plpgsql as $$
declare
    one jsonb;
    proven text;
    lanes text;
    callers bigint[] := '{}';
    answers jsonb[] := '{}';
begin
    perform lock_head_v1(project);
    for one, proven in
        select
            a.act,
            (
                select array[p.participation_id::text, p.role,
                        o.handle || case when i.label = '' then '' else '/' || i.label end,
                        case when j.has_closed_lanes then '{}' else '' end]::text
                from tokens t
                join participations p on p.participation_id = t.participation_id
                join participants i on i.participant_id = p.participant_id
                join owners o on o.owner_id = i.owner_id
                join projects j on j.project_id = p.project_id
                join owners h on h.owner_id = j.owner_id
                where t.token_hash = decode(a.act ->> 'token_hash', 'hex')
                    and t.participation_id = (a.act ->> 'participation_id')::bigint
                    and t.revoked_at is null
                    and (t.expires_at is null or t.expires_at > clock_timestamp())
                    and p.project_id = project
                    and p.removed_at is null
                    and p.closed_lanes = '{}'
                    and i.removed_at is null
                    and o.suspended_at is null
                    and j.deleted_at is null
                    and j.archived_at is null
                    and h.suspended_at is null
            )
        from jsonb_array_elements(acts) with ordinality as a (act, place)
        order by a.place
    loop
        if one ->> 'session' is not null then
            perform session_holds_v1(project, decode(one ->> 'session', 'hex'));
        end if;
        lanes := set_config('signalbox.lanes', coalesce((proven::text[])[4], ''), true);
        proven := set_config('signalbox.proven', coalesce(proven, ''), true);
        callers := callers || case when proven <> '' then (one ->> 'participation_id')::bigint end;
        answers := answers || perform_v1(
            (project, (one ->> 'participation_id')::bigint, decode(one ->> 'token_hash', 'hex'), one ->> 'tool',
                one ->> 'key', decode(one ->> 'arguments_hash', 'hex'))::act_ref,
            one -> 'given');
    end loop;
    lanes := set_config('signalbox.lanes', '', true);
    return array(
        select case when u.unread = 0 then a.answer else a.answer || jsonb_build_object('_unread_posts', u.unread) end
        from unnest(answers, callers) with ordinality as a (answer, caller, place)
        cross join lateral unread_of_v1(project, a.caller) as u (unread)
        order by a.place
    );
end $$;
