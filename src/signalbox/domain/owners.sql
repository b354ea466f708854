-- name: find_owner
-- Emails are one whatever their case.
select o.owner_id, o.handle, o.email from owners o where lower(o.email) = lower(:email) limit 1;

-- name: create_owner
-- The owner and its handle at once; who signs up is made by sign_up. See the function.
select c.owner_id, c.handle, c.email from create_owner_v1(:email, :handle, true) c limit 1;

-- name: change_handle
-- In one transaction with the events that tell the owner's projects; see the function.
select change_handle_v1(:owner_id, :handle) as handle;

-- name: list_handles
-- All are its addresses; it can have five.
select h.handle, h.taken_at, h.handle = o.handle as is_current
from owners o
join handles h on h.owner_id = o.owner_id
where o.owner_id = :owner_id
order by h.taken_at, h.handle
limit 100;

-- name: any_owner
-- Whether somebody set this server up already: the first owner is shown again.
select o.owner_id, o.handle, o.email from owners o order by o.owner_id limit 1;

-- name: create_project
-- Answers the project, made now or before, and the owner's own participation in it.
select c.project as project_id, c.participation as participation_id
from create_project_v1(:owner_id, :name) c;
