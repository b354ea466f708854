alter table presence
    drop column availability,
    drop column visibility,
    drop column tags,
    drop column reach,
    drop column reach_at;
alter table tokens drop column tool_groups;
drop table labels;
select set_config('signalbox.project_ids', coalesce((select string_agg(project_id::text, ',') from projects), ''), true);
delete from cursors c where c.session <> '';
alter table cursors
    drop constraint cursors_pkey,
    drop column session,
    drop column moved_at,
    add constraint cursors_pkey primary key (project_id, participation_id);
