-- name: look
-- Before the pool: the role of its connections is named after the database, and exists once it was migrated.
-- The backend is another one than any of the pool's, unless a pooler hands one to whoever sends the next statement.
select
    current_database() as database,
    to_regclass('alembic_version') is not null as migrated,
    pg_backend_pid() as backend;

-- name: backend
-- Which backend runs the statements of this connection.
select pg_backend_pid() as backend;

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

-- name: begin_line
-- What is sent on the connection for wake-ups are hints: none of its transactions waits for the disk.
select set_config('role', current_database() || '_app', false), set_config('synchronous_commit', 'off', false);

-- name: tell
-- Wake-ups for other processes, by a process that has no connection of its own for them.
select pg_notify('signalbox', :moved);
