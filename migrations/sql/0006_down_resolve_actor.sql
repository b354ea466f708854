-- A name as callers write it -> the member of the project it means. A qualified name must match whole; a
-- bare one may be a label or the handle of an owner, and is refused when it could be several.
create or replace function resolve_actor_v1(project bigint, name text, removed_too boolean default false)
returns members stable language plpgsql as $$
declare
    wanted text := lower(name);
    found_member members;
    matches text[];
begin
    if position('/' in wanted) > 0 then  -- found by index, however many members there are
        select * into found_member
        from members m
        where m.project_id = project
            and m.handle = split_part(wanted, '/', 1)
            and m.label = substr(wanted, position('/' in wanted) + 1)
            and m.label <> ''
            and (m.removed_at is null or removed_too);
        if found_member.participation_id is null then
            perform refuse_v1(404, format('no participant %L in this project: list_participants shows who is', name));
        end if;
        return found_member;
    end if;
    select array_agg(m.actor order by m.actor) into matches
    from members m
    where m.project_id = project
        and (m.removed_at is null or removed_too)
        and (m.actor = wanted or (m.label = wanted and m.label <> ''));
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
