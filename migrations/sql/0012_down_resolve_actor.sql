-- A name as callers write it -> the member of the project it means. A qualified name must match whole; a
-- bare one may be a label or the handle of an owner, and is refused when it could be several. A handle that its owner
-- has given up still means its owner. Who is meant is found by index, then looked up among the project's members.
create or replace function resolve_actor_v1(project bigint, name text, removed_too boolean default false)
returns members stable language plpgsql as $$
declare
    wanted text := lower(name);
    slash integer := position('/' in wanted);
    found_member members;
    matches text[];
begin
    if slash > 0 then
        if slash < length(wanted) then
            select * into found_member
            from members m
            where m.project_id = project
                and m.participant_id = (
                    select a.participant_id
                    from handles h
                    join participants a on a.owner_id = h.owner_id
                    where h.handle = left(wanted, slash - 1) and a.label = substr(wanted, slash + 1)
                )
                and (m.removed_at is null or removed_too);
        end if;
        if found_member.participation_id is null then
            perform refuse_v1(404, format('no participant %L in this project: list_participants shows who is', name));
        end if;
        return found_member;
    end if;
    select array_agg(m.actor order by m.actor) into matches
    from members m
    where m.project_id = project
        and (m.removed_at is null or removed_too)
        and (
            (m.label = wanted and m.label <> '')
            or m.participant_id = (
                select a.participant_id
                from handles h
                join participants a on a.owner_id = h.owner_id
                where h.handle = wanted and a.label = ''
            )
        );
    if cardinality(matches) > 1 then
        perform refuse_v1(409, format('%L could be %s: use the full name', name, array_to_string(matches, ' or ')),
            jsonb_build_object('candidates', to_jsonb(matches)));
    end if;
    if matches is null then
        perform refuse_v1(404, format('no participant %L in this project: list_participants shows who is', name));
    end if;
    select * into found_member from members m where m.project_id = project and m.actor = matches[1];
    return found_member;
end $$;
