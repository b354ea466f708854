-- Names -> the members they mean, each once, in the order of the names. `as_shown`: they are full names of before, so
-- that a bare one is a handle even where somebody else has it as a label.
create function resolve_actors_v1(
    project bigint, names text[], as_shown boolean, out named bigint[], out actors text[]
)
language plpgsql stable as $$
declare
    name text;
    meant members;
begin
    foreach name in array coalesce(names, '{}') loop
        meant := null;
        if as_shown then
            select * into meant
            from members m
            where m.project_id = project and m.actor = name and m.removed_at is null;
        end if;
        if meant.participation_id is null then
            meant := resolve_actor_v1(project, name);
        end if;
        if meant.participation_id = any(named) is not true then
            named := named || meant.participation_id;
            actors := actors || meant.actor;
        end if;
    end loop;
end $$;
