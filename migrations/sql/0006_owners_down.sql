drop table server_errors;
-- A name may be given again since: the deleted ones get one that is free, so that each is its owner's only one.
update projects set name = 'deleted-' || project_id where deleted_at is not null;
drop index projects_deleted;
drop index projects_name_key;
alter table projects
    drop constraint projects_deleted_archived,
    drop column exported_seq,
    drop column deleted_at,
    add constraint projects_name_key unique (owner_id, name);
drop index owners_operating;
drop table handles;
