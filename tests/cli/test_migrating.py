"""`signalbox migrate`, and what serves a database that is not ready: refusals that name the next step."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

import asyncpg
import pytest

from cli.conftest import Run
from conftest import Databases
from domain.unserved.test_deleted_projects import delete
from signalbox.config import load_settings
from signalbox.db.migrating import migrate
from signalbox.db.pool import Database, schema_head
from signalbox.domain import janitor, operators
from support import free_port, make_project, serving

OWNER = f"sbt{os.getpid()}_owner"


def execute(dsn: str, *statements: str) -> list[str]:
    """Run statements and answer the first column of the last one."""

    async def run() -> list[str]:
        connection = await asyncpg.connect(dsn)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return [str(row[0]) for row in await connection.fetch(statements[-1])]
        finally:
            await connection.close()

    return asyncio.run(run())


def test_migrate_brings_a_fresh_database_to_the_head_and_does_nothing_again(
    signalbox: Run, databases: Databases
) -> None:
    dsn = databases.create("fresh")
    revision = "select version_num || xmin::text from alembic_version"

    first = signalbox("migrate", DATABASE_URL=dsn)
    written = execute(dsn, revision)
    again = signalbox("migrate", DATABASE_URL=dsn)

    assert (first.returncode, first.stdout) == (again.returncode, again.stdout) == (0, "")
    assert again.stderr == f"The schema is at {schema_head()}.\n"
    assert execute(dsn, revision) == written


def test_migrate_starts_the_embedded_database_and_stops_it(signalbox: Run, data: Path) -> None:
    done = signalbox("migrate", "--data-dir", str(data))

    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == f"The schema is at {schema_head()}."
    assert not (data / "postgres" / "postmaster.pid").exists()


def assert_refused(done: subprocess.CompletedProcess[str], words: str) -> None:
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("signalbox: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


def test_a_schema_that_is_not_at_the_head_is_refused_and_the_next_step_named(
    signalbox: Run, databases: Databases
) -> None:
    dsn = databases.create("stale")
    serve = ("serve", "--port", str(free_port()))
    assert_refused(signalbox(*serve, DATABASE_URL=dsn), "has no Signalbox schema yet: run `signalbox migrate`")
    migrate(dsn)

    execute(dsn, "update alembic_version set version_num = '0000'", "select 1")
    assert_refused(signalbox(*serve, DATABASE_URL=dsn), f"at 0000, this server needs {schema_head()}: run `signalbox m")

    execute(dsn, "update alembic_version set version_num = '9999'", "select 1")
    assert_refused(signalbox(*serve, DATABASE_URL=dsn), "if it is ahead, run the newer server")
    assert_refused(signalbox("migrate", DATABASE_URL=dsn), "run the newer server")


def test_a_database_without_the_servers_role_is_refused_by_the_roles_name(signalbox: Run, databases: Databases) -> None:
    dsn = databases.create("roleless")
    role = f"{urlsplit(dsn).path[1:]}_app"
    migrate(dsn)
    execute(dsn, f"drop owned by {role}", f"drop role {role}", "select 1")

    done = signalbox("serve", "--port", str(free_port()), DATABASE_URL=dsn)

    assert_refused(done, role)


@pytest.mark.parametrize("dsn", ["postgresql://nobody@127.0.0.1:1/none", "postgresql://nobody@nowhere.invalid/none"])
def test_migrate_says_in_one_line_that_no_database_answers(signalbox: Run, dsn: str) -> None:
    done = signalbox("migrate", DATABASE_URL=dsn)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("signalbox: cannot connect to the database: ")
    assert done.stderr.count("\n") == 1


@pytest.fixture
def owners_dsn(databases: Databases) -> Iterator[str]:
    """A database of an ordinary user, who may make roles and is no superuser."""
    dsn = databases.create("owned")
    parts = urlsplit(dsn)
    database = parts.path[1:]
    execute(
        dsn,
        f"create role {OWNER} login createrole password 'points'",
        f"alter database {database} owner to {OWNER}",
        f"alter schema public owner to {OWNER}",
        "select 1",
    )
    port = f":{parts.port}" if parts.port else ""
    with let_in(dsn):
        yield urlunsplit(parts._replace(netloc=f"{OWNER}:points@{parts.hostname or ''}{port}"))
    execute(
        databases.cluster_dsn,
        f"drop database {database} with (force)",
        f"drop role {database}_app",
        f"drop role {OWNER}",
        "select 1",
    )


@contextmanager
def let_in(dsn: str) -> Iterator[None]:
    """Let the owner log in to the embedded database, which knows one role only; others take its password."""
    host = parse_qs(urlsplit(dsn).query).get("host", [""])[0]
    rules, names = (Path(execute(dsn, f"show {setting}")[0]) for setting in ("hba_file", "ident_file"))
    if Path(host).parent != rules.parent:
        yield
        return
    before = {file: file.read_text() for file in (rules, names)}
    rules.write_text(f"local all {OWNER} peer map=test\n{before[rules]}")
    names.write_text(f'test "{getpass.getuser()}" {OWNER}\n{before[names]}')
    execute(dsn, "select pg_reload_conf()")
    yield
    for file, text in before.items():
        file.write_text(text)
    execute(dsn, "select pg_reload_conf()")


def test_an_ordinary_owner_of_the_database_purges_what_was_deleted_and_sees_its_sessions(
    signalbox: Run, owners_dsn: str
) -> None:
    """Row security binds the tables' owner, too, and so the functions that run as it."""
    assert signalbox("migrate", DATABASE_URL=owners_dsn).returncode == 0

    async def end_a_project() -> tuple[int, operators.ServerFacts]:
        async with Database(load_settings({}, database_url=owners_dsn)) as database:
            project, other = await make_project(database), await make_project(database)
            for one in (project, other):
                await (await one.join("claude-1")).call("claim", sequence="adr")
            await delete(project)
            async with database.connection() as idle, idle.transaction():
                await idle.execute("select 1")
                facts = await operators.server_facts(database)
            return await janitor.purge_deleted(database), facts

    purged, facts = asyncio.run(end_a_project())

    left = "select set_config('signalbox.project_ids', string_agg(project_id::text, ','), false) from projects"
    assert purged >= 5
    assert execute(owners_dsn, left, "select count(*) from ledgers") == ["1"]
    assert execute(owners_dsn, left, "select count(*) from claims") == ["1"]
    assert facts.oldest_transaction_seconds is not None


def test_an_ordinary_owner_of_the_database_migrates_and_serves_it(
    signalbox: Run, owners_dsn: str, tmp_path: Path
) -> None:
    may_bypass = "select rolsuper or rolbypassrls from pg_roles where rolname = session_user"
    assert execute(owners_dsn, may_bypass) == ["False"]

    migrated = signalbox("migrate", DATABASE_URL=owners_dsn)
    seeded = signalbox("seed-token", "ada@example.org", "yard", "claude", "--json", DATABASE_URL=owners_dsn)

    assert migrated.returncode == 0, migrated.stderr
    assert seeded.returncode == 0, seeded.stderr
    token = json.loads(seeded.stdout)["token"]
    with serving(owners_dsn, tmp_path) as server:
        claimed = signalbox("call", "claim", "sequence=adr", "--json", SIGNALBOX_URL=server.url, SIGNALBOX_TOKEN=token)
    assert json.loads(claimed.stdout) == {"sequence": "adr", "number": 1, "formatted": "1"}
