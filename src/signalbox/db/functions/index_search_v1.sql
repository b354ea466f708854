-- Brings the search of some projects on by so many events each; answers by how many in all. It takes no head lock: what
-- the ledger has is there for good and in order, so the last event that was indexed says all. A project that somebody
-- else is indexing is left to them, and one that was deleted alone.
create function index_search_v1(projects bigint[], rows_max integer) returns bigint
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
    project bigint;
    done bigint;
    upto bigint;
    total bigint := 0;
begin
    perform set_config('signalbox.lanes', '*', true);
    for project in select distinct wanted from unnest(projects) wanted order by wanted loop
        perform set_config('signalbox.project_ids', project::text, true);
        if not exists (select 1 from search_progress g where g.project_id = project) then
            insert into search_progress (project_id, seq)
            select j.project_id, 0 from projects j where j.project_id = project and j.deleted_at is null
            on conflict on constraint search_progress_pkey do nothing;
        end if;
        select g.seq into done
        from search_progress g
        join projects j on j.project_id = g.project_id
        where g.project_id = project and j.deleted_at is null
        for update of g skip locked;
        select least(l.head, done + rows_max) into upto from ledgers l where l.project_id = project;
        if upto > done then
            insert into search_entries (project_id, seq, closed_lane, vector)
            select v.project_id, v.seq, v.closed_lane, v.vector
            from (
                select e.project_id, e.seq, e.closed_lane, search_vector_v1(e, search_body_v1(e)) as vector
                from events e
                where e.project_id = project and e.seq > done and e.seq <= upto
                offset 0
            ) v
            where v.vector is not null
            order by v.seq;
            update search_progress g set seq = upto where g.project_id = project;
            total := total + upto - done;
        end if;
    end loop;
    return total;
end $$;
