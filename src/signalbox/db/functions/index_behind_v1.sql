-- Looks through some projects from one on for those whose search is behind their ledger, and brings it on by so many
-- events in all. Answers by how many, and where to go on; null when the last project was looked at. For what nobody has
-- indexed in passing: projects of before there was a search, and acts of a worker that was killed. One runner at a time.
create function index_behind_v1(
    after bigint, projects_max integer, rows_max integer, out indexed bigint, out reached bigint
)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    project bigint;
    looked_at integer := 0;
    is_behind boolean;
begin
    indexed := 0;
    if not pg_try_advisory_xact_lock(5317014) then
        return;
    end if;
    for project in
        select j.project_id
        from projects j
        where j.project_id > after and j.deleted_at is null
        order by j.project_id
        limit projects_max
    loop
        perform set_config('signalbox.project_ids', project::text, true);
        select l.head > coalesce((select g.seq from search_progress g where g.project_id = project), 0) into is_behind
        from ledgers l
        where l.project_id = project;
        if is_behind then
            indexed := indexed + index_search_v1(array[project], (rows_max - indexed)::integer);
            if indexed >= rows_max then  -- there may be more of it
                reached := project - 1;
                return;
            end if;
        end if;
        looked_at := looked_at + 1;
        reached := project;
    end loop;
    if looked_at < projects_max then
        reached := null;
    end if;
end $$;
