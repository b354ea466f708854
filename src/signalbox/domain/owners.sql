-- name: find_owner
-- Emails are one whatever their case.
select o.owner_id, o.handle, o.email from owners o where lower(o.email) = lower(:email) limit 1;

-- name: create_owner
-- The first owner of a server runs it.
insert into owners (handle, email, is_operator)
values (:handle, :email, not exists (select 1 from owners))
returning owner_id, handle, email;

-- name: any_owner
-- Whether somebody set this server up already: the first owner is shown again.
select o.owner_id, o.handle, o.email from owners o order by o.owner_id limit 1;

-- name: create_project
-- Answers the project, made now or before, and the owner's own participation in it.
select c.project as project_id, c.participation as participation_id
from create_project_v1(:owner_id, :name) c;
