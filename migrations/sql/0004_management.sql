-- A token that was rotated holds for its overlap, and is not rotated again.
alter table tokens add column if not exists replaced_at timestamptz;
-- The leases there ever were, of one holder or of one surface, page by page.
create index leases_by_holder on leases (project_id, participation_id, lease_id);
create index leases_by_surface on leases (project_id, surface, lease_id);
