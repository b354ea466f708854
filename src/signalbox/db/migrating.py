"""Bringing a database to the present schema: `signalbox migrate`, and what the migrations are written with.

Imports Alembic and SQLAlchemy, which the server never does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import sqlalchemy.exc
from alembic import command, op
from alembic.config import Config
from alembic.util import CommandError

from signalbox import paths
from signalbox.errors import SetupError

TENANT = "project_id = any(string_to_array(nullif(current_setting('signalbox.project_ids', true), ''), ',')::bigint[])"
LANES = (
    "case when closed_lane is null then true when current_setting('signalbox.lanes', true) = '*' then true "
    "else closed_lane = any(nullif(current_setting('signalbox.lanes', true), '')::text[]) end"
)

APP_ROLE = """
do $$
declare
    app text := current_database() || '_app';
begin
    if octet_length(app) > 63 then
        raise exception using errcode = 'SB500', message =
            'the name of the database is too long: with _app it may have 63 bytes, as a role';
    end if;
    if current_setting('server_version_num')::integer < 150000 then
        raise exception using errcode = 'SB500', message =
            'PostgreSQL 15 or later is needed, this is ' || current_setting('server_version');
    end if;
    if current_setting('server_encoding') <> 'UTF8' then
        raise exception using errcode = 'SB500', message =
            'the database must be encoded in UTF8: create database … encoding ''UTF8'' template template0';
    end if;
    if not exists (select 1 from pg_roles where rolname = app) then
        execute format('create role %I nologin nosuperuser nobypassrls', app);
    end if;
    if not pg_has_role(current_user, app, 'MEMBER') or current_setting('server_version_num')::integer >= 160000 then
        execute format('grant %I to current_user', app);
    end if;
end $$
"""

GRANTS = """
do $$
declare
    app text := current_database() || '_app';
begin
    execute format('grant usage on schema %I to %I', current_schema(), app);
    execute format('grant select, insert, update, delete on all tables in schema %I to %I', current_schema(), app);
    execute format('revoke insert, update, delete on alembic_version from %I', app);
    execute format('revoke update, delete on events, claims from %I', app);
    execute format(
        'revoke delete on ledgers, owners, projects, participants, participations, tokens, invites from %I', app);
    execute format('grant usage on all sequences in schema %I to %I', current_schema(), app);
end $$
"""

LEFTOVER_FUNCTIONS = """
do $$
declare
    leftover regprocedure;
begin
    for leftover in
        select p.oid from pg_proc p where p.pronamespace = current_schema()::regnamespace and p.proname ~ '_v[0-9]+$'
    loop
        execute 'drop function ' || leftover;
    end loop;
end $$
"""


def migrate(dsn: str, revision: str = "head") -> None:
    """Bring the database to `revision`, in one transaction; nothing happens when it is there.

    Raises:
        SetupError: the database cannot be used; says what to change.
    """
    config = Config(str(paths.ALEMBIC_INI))
    config.set_main_option("script_location", str(paths.MIGRATIONS).replace("%", "%%"))
    config.attributes["dsn"] = dsn
    try:
        if revision == "head":
            command.upgrade(config, revision)
        else:
            command.downgrade(config, revision)
    except OSError as error:
        raise SetupError(f"cannot connect to the database: {str(error) or type(error).__name__}") from error
    except CommandError as error:
        raise SetupError(f"{error}: the database is ahead of this version, run the newer server") from error
    except sqlalchemy.exc.DBAPIError as error:
        raise SetupError(_explain(error)) from error


def _explain(error: sqlalchemy.exc.DBAPIError) -> str:
    sqlstate = getattr(error.orig, "sqlstate", None)
    message = str(error.orig).split(">: ", 1)[-1]
    if sqlstate == "42501" and "role" in message:
        return (
            f"migrating needs a role of its own for the server: {message}. As a superuser, run: "
            'create role "<database>_app" nologin; grant "<database>_app" to "<this user>";'
        )
    return f"the database refused the migration: {message}"


def run_script(name: str) -> None:
    """Run the statements of `migrations/sql/<name>.sql`: each ends in a semicolon at the end of a line."""
    _run_statements((paths.MIGRATIONS / "sql" / f"{name}.sql").read_text(encoding="utf-8"))


def run_whole(name: str) -> None:
    """Run `migrations/sql/<name>.sql` as the one statement it is: a function as a release before had it."""
    op.get_bind().exec_driver_sql((paths.MIGRATIONS / "sql" / f"{name}.sql").read_text(encoding="utf-8"))


def _run_statements(script: str) -> None:
    for statement in re.split(r";\s*$", script, flags=re.MULTILINE):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)


def bind_to_tenant(table: str) -> None:
    """Let a table show only rows of the projects that the connection is set to; unset or empty shows none."""
    for statement in (
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy tenant on {table} using ({TENANT}) with check ({TENANT})",
    ):
        op.get_bind().exec_driver_sql(statement)


def bind_to_lanes(table: str) -> None:
    """Let a table show what belongs to a closed lane only to those who are set to it; it has a column `closed_lane`.

    Null there is open to the project. Who asks is set in signalbox.lanes, as an array: unset or empty shows none of the
    closed ones, '*' all of them (for the server's own jobs). Reads need not name it; a function that runs past row
    security (`security definer`) says `sees_lane_v1(closed_lane)`.
    """
    op.get_bind().exec_driver_sql(f"create policy lanes on {table} as restrictive using ({LANES}) with check ({LANES})")


def hide_from_app(table: str) -> None:
    """Let nobody but functions that run with the rights of who migrates reach a table.

    Where no policy permits a row nobody else sees one. It is not forced on those functions, so they look at tenant and
    lanes themselves.
    """
    op.get_bind().exec_driver_sql(f"alter table {table} enable row level security")


def apply_functions(names: Iterable[str]) -> None:
    """Create each function from its file in `db/functions/`; `types` makes the types they share."""
    for name in names:
        source = (paths.FUNCTIONS / f"{name}.sql").read_text(encoding="utf-8")
        if name == "types":
            _run_statements(source)
        else:
            op.get_bind().exec_driver_sql(source)


def replace_functions(names: Iterable[str]) -> None:
    """Bring functions that keep name and signature to the text they have now; older servers go on calling them."""
    for name in names:
        source = (paths.FUNCTIONS / f"{name}.sql").read_text(encoding="utf-8")
        op.get_bind().exec_driver_sql(source.replace("create function", "create or replace function", 1))


def drop_functions(names: Iterable[str]) -> None:
    """Drop the functions, last one first; the types they share take with them what still uses those."""
    for name in reversed(list(names)):
        gone = "type act_context, act_ref cascade" if name == "types" else f"function {name}"
        op.get_bind().exec_driver_sql(f"drop {gone}")


def drop_leftover_functions() -> None:
    """Drop what later migrations left for the functions that they replaced, once those are gone."""
    op.get_bind().exec_driver_sql(LEFTOVER_FUNCTIONS)


def create_app_role() -> None:
    """Make the role that the server's connections take: no superuser, no BYPASSRLS."""
    op.get_bind().exec_driver_sql(APP_ROLE)


def grant_app_role() -> None:
    """Let the server's role do what it must and no more: the ledger and the claims are append-only to it."""
    op.get_bind().exec_driver_sql(GRANTS)


def grant_to_app(privileges: str, table: str) -> None:
    """Let the server's role use a table that came after the first migration."""
    op.get_bind().exec_driver_sql(
        f"do $$ begin execute format('grant {privileges} on {table} to %I', current_database() || '_app'); end $$"
    )


def only_for_app(function: str) -> None:
    """Let nobody but the server's role call a function that runs with the rights of who migrates."""
    op.get_bind().exec_driver_sql(f"revoke execute on function {function} from public")
    op.get_bind().exec_driver_sql(
        f"do $$ begin execute format('grant execute on function {function} to %I', current_database() || '_app'); "
        "end $$"
    )
