"""The end of a project: nowhere at once, and its rows in the minutes after."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from domain.racing import together, until_acts_wait
from domain.test_projects import ReadAs, export_and_archive, owner_of
from signalbox.db.acts import act
from signalbox.db.pool import Database
from signalbox.domain import invites, janitor, owners, projects, tokens
from signalbox.domain.claims import Claim, ClaimArgs
from signalbox.domain.invites import InviteArgs
from signalbox.errors import Conflict, NotFound, Unauthenticated
from support import Agent, Project

TABLES = "select c.relname from pg_class c where c.relforcerowsecurity or c.relname in ('invites', 'participations')"


async def fill(project: Project) -> tuple[Agent, str]:
    """Leave rows of several kinds; answers an agent and the code of an open invite."""
    agent = await project.join("claude-1", lane="backend")
    await agent.call("register", lane="backend", status="here")
    await agent.call("post", to_lane="review", to_actor="claude-1", body="Look.")
    await agent.call("claim", sequence="adr", idempotency_key="once")
    await agent.call("lease", surface="src/**")
    await agent.call("task_create", title="Ship it", owner="claude-1")
    await agent.call("whats_new")
    invite = await invites.create_invite(project.database, project.owner, InviteArgs(uses=5))
    assert invite.code is not None
    return agent, invite.code


async def delete(project: Project, *, ago: str = "2 minutes") -> None:
    """Delete a project, and let so much time pass."""
    await export_and_archive(project)
    await projects.delete_project(project.database, project.owner, "main")
    async with project.database.connection() as connection:
        await connection.execute(
            f"update projects set deleted_at = deleted_at - interval '{ago}' where project_id = $1", project.project_id
        )


async def rows(operator: asyncpg.Connection[Any], project_id: int) -> int:
    """Count what is left of a project, past row security."""
    total = 0
    for (table,) in await operator.fetch(TABLES):
        total += await operator.fetchval(f"select count(*) from {table} where project_id = $1", project_id)
    return total


async def test_a_deleted_project_is_nowhere_at_once(project: Project, database: Database) -> None:
    agent, code = await fill(project)
    await delete(project)

    for call in (agent.call("whoami"), agent.call("claim", sequence="adr")):
        with pytest.raises(Unauthenticated):
            await call
    assert (await invites.redeem(database, code, "late")).answer == {"ok": False, "error": "invalid"}
    with pytest.raises(NotFound):
        await projects.project_settings(ReadAs(project), project.owner)
    for again in (
        projects.unarchive_project(database, project.owner),
        projects.delete_project(database, project.owner, "main"),
    ):
        with pytest.raises(Unauthenticated):
            await again
    listed = [token for token in await tokens.list_tokens(database, "main", None) if token.actor == agent.actor]
    assert listed == []


async def test_its_name_is_free_at_once(project: Project, database: Database) -> None:
    await fill(project)
    await delete(project)

    again = await owners.in_project(database, await owner_of(database, project), "main")

    assert again.project_id != project.project_id
    assert (await Project(database, again).join("claude-1")).actor == f"{project.handle}/claude-1"


async def test_the_purge_takes_all_of_it_and_nothing_else(
    project: Project, other_project: Project, database: Database, operator: asyncpg.Connection[Any]
) -> None:
    await fill(project)
    await fill(other_project)
    await delete(project)
    before, others = await rows(operator, project.project_id), await rows(operator, other_project.project_id)

    purged = await janitor.purge_deleted(database)

    assert purged >= before > 10
    assert await rows(operator, project.project_id) == 0
    assert await operator.fetchval("select count(*) from projects where project_id = $1", project.project_id) == 0
    assert await rows(operator, other_project.project_id) == others


async def test_the_purge_takes_no_more_than_it_was_told_at_once(
    project: Project, database: Database, operator: asyncpg.Connection[Any]
) -> None:
    await janitor.purge_deleted(database)
    await fill(project)
    await delete(project)
    left = await rows(operator, project.project_id)

    (row,) = await database.run(janitor.sql.purge_deleted, [4])

    assert row["rows"] == 4
    assert await rows(operator, project.project_id) == left - 4


async def test_what_was_deleted_a_moment_ago_waits_for_the_next_round(
    project: Project, database: Database, operator: asyncpg.Connection[Any]
) -> None:
    await fill(project)
    await delete(project, ago="50 seconds")
    before = await rows(operator, project.project_id)

    await janitor.purge_deleted(database)

    assert await rows(operator, project.project_id) == before


async def test_what_is_archived_only_is_not_purged(
    project: Project, database: Database, operator: asyncpg.Connection[Any]
) -> None:
    await fill(project)
    await export_and_archive(project)
    before = await rows(operator, project.project_id)

    await janitor.purge_deleted(database)

    assert await rows(operator, project.project_id) == before


async def test_one_purges_at_a_time(project: Project, database: Database, operator: asyncpg.Connection[Any]) -> None:
    await fill(project)
    await delete(project)
    async with operator.transaction():
        await operator.execute("select pg_advisory_xact_lock(5317050)")
        meanwhile = await janitor.purge_deleted(database)
    afterwards = await janitor.purge_deleted(database)

    assert meanwhile == 0
    assert afterwards > 0


async def test_the_server_s_role_has_no_other_way_to_take_from_a_ledger(project: Project, database: Database) -> None:
    await fill(project)
    async with database.connection() as connection:
        await connection.execute("select set_config('signalbox.project_ids', $1, false)", str(project.project_id))
        for table in ("events", "claims", "ledgers", "participations", "projects"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"delete from {table} where project_id = {project.project_id}")


async def test_a_write_in_flight_is_in_the_export_or_refused(
    project: Project, workers: list[Database], operator: asyncpg.Connection[Any]
) -> None:
    """The head is held while an act and the deletion queue on it: whichever comes first, nothing is lost unseen."""
    agent = await project.join("claude-1")
    writer = await agent.principal()
    await export_and_archive(project)
    exported = await operator.fetchval("select head from ledgers where project_id = $1", project.project_id)
    async with operator.transaction():
        await operator.execute("select from ledgers where project_id = $1 for update", project.project_id)
        racing = asyncio.gather(
            projects.delete_project(workers[0], project.owner, "main"),
            projects.unarchive_project(workers[1], project.owner),
            act(workers[2], "claim", Claim, writer, ClaimArgs(sequence="adr"), sequence="adr", note=None),
            return_exceptions=True,
        )
        await until_acts_wait(operator, 3)
    deleted, opened, claimed = await racing

    head = await operator.fetchval("select head from ledgers where project_id = $1", project.project_id)
    if isinstance(deleted, projects.Deleted):
        assert [type(opened), type(claimed)] == [Unauthenticated, Unauthenticated]
        assert head == exported
    else:
        assert isinstance(deleted, Conflict)
        assert isinstance(opened, projects.Archived)
        assert head > exported


async def test_of_deletions_at_once_one_is_told_it_did_it(project: Project, workers: list[Database]) -> None:
    await export_and_archive(project)

    outcomes = await together([projects.delete_project(worker, project.owner, "main") for worker in workers])

    assert [type(outcome) for outcome in outcomes].count(projects.Deleted) == 1
    assert {type(outcome) for outcome in outcomes} == {projects.Deleted, Unauthenticated}
