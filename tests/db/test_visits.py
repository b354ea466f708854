"""A page's visit binds its connection to the projects of who is signed in, whoever had the connection before."""

from __future__ import annotations

import secrets
from typing import Any, Final

import asyncpg

from signalbox.db.pool import Database
from signalbox.db.statements import parse
from signalbox.db.visits import Visit
from signalbox.domain import owners, sign_in
from signalbox.identity import secret_hash
from support import Project, make_project

SEEN: Final = parse(
    "-- name: seen\n-- The tenant, and all that row security lets through.\n"
    "select current_setting('signalbox.project_ids', true) as tenant, "
    "array(select l.project_id from ledgers l order by 1) as projects;"
)["seen"]


async def seen(database: Database, secret: str, project: str | None = None) -> Any:
    """Answer what a page sees on a connection that somebody else had just before, or None when it may see nothing."""
    async with database.connection() as connection:
        await connection.execute(
            "select set_config('signalbox.project_ids', string_agg(project_id::text, ','), false) from projects"
        )
        row = await connection.fetchrow("select * from visit_v2($1, 3600, $2)", secret_hash(secret), project)
        assert row is not None
        found = await connection.fetchrow(SEEN.text)
        assert found is not None
        return row["owner_id"], list(found["projects"])


async def session_of(database: Database, owner: str) -> str:
    """Sign the owner of a project in."""
    row = await owners.bootstrap_owner(database, f"{owner}@example.org", owner)
    return str(await sign_in.open_session(database, row.owner_id, "link", "a browser", 3600))


async def test_a_page_about_no_project_sees_all_of_its_owner_s_and_no_other(
    database: Database, project: Project, other_project: Project, database_url: str
) -> None:
    owner = await owners.bootstrap_owner(database, f"{project.handle}@example.org", project.handle)
    second = await owners.in_project(database, owner, "second")
    gone = await owners.in_project(database, owner, "gone")
    await _write(
        database_url,
        "update projects set archived_at = now(), deleted_at = now() where project_id = $1",
        gone.project_id,
    )
    secret = await session_of(database, project.handle)

    assert await seen(database, secret) == (owner.owner_id, [project.project_id, second.project_id])
    assert await seen(database, secret, "second") == (owner.owner_id, [second.project_id])
    assert await seen(database, secret, "gone") == (owner.owner_id, [])
    assert other_project.project_id not in (await seen(database, secret, other_project.owner.project))[1]


async def test_who_is_nobody_or_suspended_sees_nothing(database: Database, project: Project, database_url: str) -> None:
    secret = await session_of(database, project.handle)
    stranger = [await seen(database, secrets.token_urlsafe(32), name) for name in (None, "main")]
    await _write(database_url, "update owners set suspended_at = now() where handle = $1", project.handle)
    suspended = [(await seen(database, secret, name))[1] for name in (None, "main")]

    assert stranger == [(None, [])] * 2
    assert suspended == [[]] * 2


async def test_a_visit_reads_as_its_owner(database: Database, project: Project) -> None:
    await make_project(database)
    secret = await session_of(database, project.handle)
    async with Visit(database, secret_hash(secret), 3600, None) as visit:
        (row,) = await visit.fetch(SEEN, [])

    assert (row["tenant"], list(row["projects"])) == (str(project.project_id), [project.project_id])


async def _write(dsn: str, statement: str, *arguments: Any) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement, *arguments)
    finally:
        await connection.close()
