"""The schema: what the migrations make, what SQLAlchemy describes, and what row security needs, are one."""

from __future__ import annotations

import sys
from typing import Any

import anyio
import asyncpg
import pytest
from anyio import to_thread
from sqlalchemy.ext.asyncio import create_async_engine

from conftest import Databases
from signalbox.db.migrating import migrate
from signalbox.db.pool import schema_head
from signalbox.db.schema import CONTROL, COORDINATION, HIDDEN, metadata
from support import clean_environment

DEFINERS = {"index_behind_v1", "index_search_v1", "purge_deleted_v1", "search_hits_v1", "server_facts_v1"}

CATALOG = {
    "columns": """
        select c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
            a.attgenerated, coll.collname, pg_get_expr(d.adbin, d.adrelid)
        from pg_attribute a
        join pg_class c on c.oid = a.attrelid and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
        left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        left join pg_collation coll on coll.oid = a.attcollation
        where a.attnum > 0 and c.relname <> 'alembic_version'
        order by 1
    """,
    "constraints": """
        select conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
        from pg_constraint
        where connamespace = 'public'::regnamespace and contype <> 'n' and conrelid::regclass::text <> 'alembic_version'
        order by 1
    """,
    "indexes": """
        select indexname, indexdef from pg_indexes
        where schemaname = 'public' and tablename <> 'alembic_version' order by 1
    """,
}


async def rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


@pytest.fixture(scope="module")
async def described_url(databases: Databases) -> str:
    """A database made from the metadata alone."""
    dsn = await to_thread.run_sync(databases.create, "described")
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    return dsn


@pytest.mark.parametrize("part", CATALOG)
async def test_the_migrations_make_what_the_metadata_describes(
    part: str, database_url: str, described_url: str
) -> None:
    migrated = await rows(database_url, CATALOG[part])
    described = await rows(described_url, CATALOG[part])

    assert migrated
    assert migrated == described


async def test_migrations_go_down_and_up_again(databases: Databases) -> None:
    dsn = await to_thread.run_sync(databases.create, "updown")
    await to_thread.run_sync(migrate, dsn)
    await to_thread.run_sync(migrate, dsn, "base")
    left = await rows(
        dsn, "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'S')"
    )
    routines = await rows(dsn, "select proname from pg_proc where pronamespace = 'public'::regnamespace")
    await to_thread.run_sync(migrate, dsn)
    revision = await rows(dsn, "select version_num from alembic_version")

    assert left == [("alembic_version",)]
    assert routines == []
    assert revision == [(schema_head(),)]


async def test_going_back_before_handles_leaves_functions_that_work(databases: Databases) -> None:
    dsn = await to_thread.run_sync(databases.create, "backtofive")
    await to_thread.run_sync(migrate, dsn)
    owner = "(select owner_id from owners where handle = 'ada')"
    member = "(select project from create_project_v1((select owner_id from owners), 'yard'))"
    await rows(dsn, "select create_owner_v1('ada@example.org', 'lovelace', true)")
    await rows(dsn, "select create_project_v1(owner_id, 'yard') from owners")
    await rows(dsn, "select change_handle_v1(owner_id, 'ada') from owners")
    await rows(dsn, "update projects set archived_at = now(), deleted_at = now() returning 1")
    await rows(dsn, f"select create_project_v1({owner}, 'yard')")
    await to_thread.run_sync(migrate, dsn, "0005")
    names = await rows(dsn, "select name from projects order by project_id")
    found = await rows(
        dsn, f"select set_config('signalbox.project_ids', '2', false), resolve_actor_v1({member}, 'ada')"
    )
    await to_thread.run_sync(migrate, dsn)

    assert names == [("deleted-1",), ("yard",)]
    assert len(found) == 1
    assert await rows(dsn, "select handle from handles") == [("ada",)]


async def test_two_migrations_at_once_are_one_after_the_other(databases: Databases) -> None:
    dsn = await to_thread.run_sync(databases.create, "atonce")
    codes: list[int | None] = []

    async def one() -> None:
        command = [sys.executable, "-m", "signalbox", "migrate"]
        codes.append((await anyio.run_process(command, env=clean_environment(DATABASE_URL=dsn))).returncode)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(one)

    assert codes == [0, 0, 0]
    assert await rows(dsn, "select version_num from alembic_version") == [(schema_head(),)]


async def test_every_coordination_table_is_bound_to_its_tenant(database_url: str) -> None:
    bound = await rows(
        database_url,
        """
        select c.relname
        from pg_class c
        join pg_policy p on p.polrelid = c.oid
        where c.relrowsecurity and c.relforcerowsecurity and p.polcmd = '*'
            and pg_get_expr(p.polqual, c.oid) = pg_get_expr(p.polwithcheck, c.oid)
            and pg_get_expr(p.polqual, c.oid) like '%signalbox.project_ids%'
        """,
    )
    tables = await rows(database_url, "select tablename from pg_tables where schemaname = 'public'")

    assert {name for (name,) in bound} == COORDINATION - HIDDEN
    assert {name for (name,) in tables} == CONTROL | COORDINATION | {"alembic_version"}


@pytest.mark.parametrize("table", sorted(HIDDEN))
async def test_a_table_that_only_functions_reach_is_out_of_reach_for_the_servers_role(
    database_url: str, table: str
) -> None:
    (found,) = await rows(
        database_url,
        f"""
        select c.relrowsecurity, (select count(*) from pg_policy p where p.polrelid = c.oid and p.polpermissive),
            has_table_privilege(current_database() || '_app', c.oid, 'select, insert, update, delete')
        from pg_class c
        where c.oid = '{table}'::regclass
        """,
    )

    assert found == (True, 0, False)


async def test_the_project_leads_every_index_of_a_coordination_table(database_url: str) -> None:
    first = await rows(
        database_url,
        """
        select c.relname, i.indexrelid::regclass::text, a.attname
        from pg_index i
        join pg_class c on c.oid = i.indrelid
        join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
        where c.relnamespace = 'public'::regnamespace
        """,
    )
    bound = COORDINATION - HIDDEN
    wrong = [index for table, index, column in first if table in bound and column != "project_id"]

    assert wrong == []


async def test_the_servers_role_cannot_rewrite_the_ledger_or_look_past_row_security(database_url: str) -> None:
    (role,) = await rows(
        database_url,
        """
        select rolsuper, rolbypassrls, rolcanlogin,
            has_table_privilege(rolname, 'events', 'insert'),
            has_table_privilege(rolname, 'events', 'update') or has_table_privilege(rolname, 'events', 'delete'),
            has_table_privilege(rolname, 'claims', 'update') or has_table_privilege(rolname, 'claims', 'delete'),
            has_table_privilege(rolname, 'alembic_version', 'update')
        from pg_roles where rolname = current_database() || '_app'
        """,
    )

    assert role == (False, False, False, True, False, False, False)


async def test_what_runs_with_the_rights_of_who_migrates_is_bound_to_our_schema_and_role(database_url: str) -> None:
    definers = await rows(
        database_url,
        """
        select f.proname, f.proconfig, has_function_privilege('public', f.oid, 'execute'),
            has_function_privilege(current_database() || '_app', f.oid, 'execute')
        from pg_proc f
        where f.prosecdef and f.pronamespace = 'public'::regnamespace
        order by f.proname
        """,
    )
    (may_make,) = await rows(
        database_url, "select has_schema_privilege(current_database() || '_app', 'public', 'create')"
    )

    assert [(name, public, ours) for name, _, public, ours in definers] == [
        (name, False, True) for name in sorted(DEFINERS)
    ]
    assert all("search_path=public, pg_temp" in config for _, config, _, _ in definers)
    assert may_make == (False,), "what the server could make there, they would find"


async def test_a_database_that_goes_back_keeps_what_its_functions_call(databases: Databases) -> None:
    """Functions that a migration replaced in place have their new text at the revision before, too."""
    dsn = await to_thread.run_sync(databases.create, "back")
    await to_thread.run_sync(migrate, dsn)
    await to_thread.run_sync(migrate, dsn, "0003")
    routines = await rows(dsn, "select proname from pg_proc where pronamespace = 'public'::regnamespace")
    await to_thread.run_sync(migrate, dsn)

    assert {"bring_in_v1", "give_token_v1", "take_invite_v1", "may_manage_v1", "may_speak_for_v1"} <= {
        name for (name,) in routines
    }
    assert ("accept_invite_v1",) not in routines
