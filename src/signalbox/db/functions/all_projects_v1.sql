-- A page of all projects of the server with their sizes, for its operators. Sizes are the heads of the ledgers, which
-- are read as the tenants of this page for this one statement; nothing is counted.
create function all_projects_v1(after bigint, page_size integer)
returns table (
    project_id bigint, project text, handle text, created_at timestamptz, archived_at timestamptz, events bigint,
    posts bigint, tasks bigint, last_at timestamptz
) language plpgsql as $$
#variable_conflict use_column
declare
    page bigint[] := array(
        select j.project_id
        from projects j
        where j.project_id > after and j.deleted_at is null
        order by j.project_id
        limit page_size
    );
begin
    perform set_config('signalbox.project_ids', array_to_string(page, ','), true);
    return query
    select
        j.project_id, j.name, o.handle, j.created_at, j.archived_at, l.head, l.post_head, l.task_head,
        case when l.head > 0 then l.last_at end
    from unnest(page) as shown (project_id)
    join projects j on j.project_id = shown.project_id
    join owners o on o.owner_id = j.owner_id
    join ledgers l on l.project_id = shown.project_id
    order by j.project_id;
end $$;
