-- name: look
-- Before the pool: the role of its connections is named after the database, and exists once it was migrated.
select current_database() as database, to_regclass('alembic_version') is not null as migrated;

-- name: check_schema
-- The migration the database is at, and whether the role in force could look past row-level security.
select
    v.version_num as revision,
    r.rolname as role,
    r.rolsuper or r.rolbypassrls as may_bypass
from alembic_version v
join pg_roles r on r.rolname = current_user;

-- name: perform_acts
-- Acts of one project that travel together; see the function.
select * from perform_acts_v1(:project_id, :acts);
