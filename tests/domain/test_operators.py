"""What operators see and do: owners, projects, facts, errors; and suspension."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from domain.racing import answers, at, refusals, together, until_acts_wait
from domain.test_projects import owner_of
from signalbox.db.pool import Database, schema_head
from signalbox.domain import operators, owners, projects
from signalbox.domain.owners import OwnerRow
from signalbox.errors import Conflict, Forbidden, NotFound, OwnerSuspended
from support import Agent, Project, make_project


async def make_operator(database: Database, operator: asyncpg.Connection[Any]) -> OwnerRow:
    """Make one more owner who operates the server."""
    owner = await owner_of(database, await make_project(database))
    await operator.execute("update owners set is_operator = true where owner_id = $1", owner.owner_id)
    return owner


@pytest.fixture
async def boss(database: Database, operator: asyncpg.Connection[Any]) -> AsyncIterator[OwnerRow]:
    made = await make_operator(database, operator)
    yield made
    await operator.execute("update owners set is_operator = false where owner_id = $1", made.owner_id)


async def test_a_suspended_owner_s_tokens_are_refused_with_a_code_until_it_is_let_be(
    database: Database, boss: OwnerRow, project: Project, agent: Agent
) -> None:
    suspended = await operators.suspend_owner(database, boss.owner_id, project.handle.upper(), suspended=True)
    again = await operators.suspend_owner(database, boss.owner_id, project.handle, suspended=True)
    for call in (agent.call("whoami"), agent.call("claim", sequence="adr")):
        with pytest.raises(OwnerSuspended, match="write to the operator") as refused:
            await call
        assert (refused.value.status, refused.value.code) == (403, "owner_suspended")
    with pytest.raises(OwnerSuspended):
        await projects.archive_project(database, project.owner)
    let_be = await operators.suspend_owner(database, boss.owner_id, project.handle, suspended=False)

    assert suspended == again
    assert suspended.suspended_at is not None
    assert let_be.suspended_at is None
    assert (await agent.call("claim", sequence="adr"))["number"] == 1


async def test_an_owner_is_suspended_by_an_old_handle_too(database: Database, boss: OwnerRow, project: Project) -> None:
    owner = await owner_of(database, project)
    now = (await owners.change_handle(database, owner.owner_id, f"{project.handle}-now")).handle

    suspended = await operators.suspend_owner(database, boss.owner_id, project.handle, suspended=True)

    assert (suspended.owner_id, suspended.handle) == (owner.owner_id, now)


async def test_nobody_but_an_operator_suspends(database: Database, project: Project, other_project: Project) -> None:
    owner = await owner_of(database, project)

    with pytest.raises(Forbidden):
        await operators.suspend_owner(database, owner.owner_id, other_project.handle, suspended=True)


async def test_an_operator_suspends_neither_itself_nor_nobody(database: Database, boss: OwnerRow) -> None:
    with pytest.raises(Conflict, match="cannot suspend itself"):
        await operators.suspend_owner(database, boss.owner_id, boss.handle, suspended=True)
    with pytest.raises(NotFound):
        await operators.suspend_owner(database, boss.owner_id, "nobody-of-that-name", suspended=True)


async def test_of_two_operators_who_suspend_each_other_at_once_one_stays(
    workers: list[Database], boss: OwnerRow, operator: asyncpg.Connection[Any]
) -> None:
    other = await make_operator(workers[0], operator)

    outcomes = await together(
        [
            operators.suspend_owner(workers[0], boss.owner_id, other.handle, suspended=True),
            operators.suspend_owner(workers[1], other.owner_id, boss.handle, suspended=True),
        ]
    )

    assert (len(answers(outcomes)), [type(refused) for refused in refusals(outcomes)]) == (1, [Forbidden])


async def test_an_act_that_waited_while_its_owner_was_suspended_is_refused(
    workers: list[Database], boss: OwnerRow, project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    async with operator.transaction():
        await operator.execute("select from ledgers where project_id = $1 for update", project.project_id)
        waiting = asyncio.create_task(at(workers[1], agent).call("claim", sequence="adr"))
        await until_acts_wait(operator, 1)
        await operators.suspend_owner(workers[2], boss.owner_id, project.handle, suspended=True)

    with pytest.raises(OwnerSuspended):
        await waiting


async def test_owners_are_listed_page_by_page(database: Database, project: Project, other_project: Project) -> None:
    owner = await owner_of(database, project)
    await projects.create_project(database, owner.owner_id, "second")

    page = await operators.list_owners(database, owner.owner_id - 1, 2)
    after = await operators.list_owners(database, page[-1].owner_id, 2)

    assert (page[0].handle, page[0].email, page[0].projects) == (project.handle, owner.email, 2)
    assert (page[0].is_operator, page[0].suspended_at) == (False, None)
    assert page[1].handle == other_project.handle
    assert all(one.owner_id > page[-1].owner_id for one in after)


async def test_projects_are_listed_with_their_sizes_and_leave_the_tenant_as_it_was(
    database: Database, project: Project, other_project: Project, agent: Agent
) -> None:
    await agent.call("post", to_lane="docs", body="Look.")
    await agent.call("task_create", title="Ship it")
    await projects.archive_project(database, other_project.owner)

    async with database.connection() as connection:
        setting = "select current_setting('signalbox.project_ids', true)"
        before = await connection.fetchval(setting)
        await connection.fetch(
            operators.sql.list_all_projects.text, *operators.sql.list_all_projects.arguments({"after": 0, "limit": 5})
        )
        assert await connection.fetchval(setting) == before
    listed = await operators.list_all_projects(database, project.project_id - 1, 200)

    shown = {one.project_id: one for one in listed}
    mine = shown[project.project_id]
    assert (mine.project, mine.handle, mine.events, mine.posts, mine.tasks) == ("main", project.handle, 3, 1, 1)
    assert mine.last_at is not None
    assert shown[other_project.project_id].archived_at is not None


async def test_a_deleted_project_is_not_listed(database: Database, project: Project) -> None:
    await projects.archive_project(database, project.owner)
    await projects.note_export(database, project.owner, 100)
    await projects.delete_project(database, project.owner, "main")

    assert project.project_id not in {one.project_id for one in await operators.list_all_projects(database)}
    (owner,) = await operators.list_owners(database, (await owner_of(database, project)).owner_id - 1, 1)
    assert owner.projects == 0


async def test_the_facts_are_the_database_s(database: Database, operator: asyncpg.Connection[Any]) -> None:
    async with operator.transaction():
        await operator.execute("select 1")
        facts = await operators.server_facts(database)

    assert facts.server_version == await operator.fetchval("show server_version")
    assert facts.schema_revision == schema_head()
    assert facts.database_bytes > 1_000_000
    assert 2 <= facts.connections_used <= facts.connections_max
    assert facts.oldest_transaction_seconds is not None
    assert facts.oldest_transaction_seconds >= 0


async def test_errors_are_kept_without_what_they_were_about(database: Database) -> None:
    secret = "sbx_0123456789abcdefghij0123456789abcdef"

    with pytest.raises(ValueError, match="invalid literal") as raised:
        int(secret)

    await operators.note_error(database, "r1", "POST", f"/sign-in/{secret}/x", raised.value)

    newest = (await operators.list_errors(database))[0]
    assert (newest.request_id, newest.method, newest.path, newest.kind) == ("r1", "POST", "/sign-in/…/x", "ValueError")
    assert newest.place.startswith("test_operators.py:")


async def test_an_error_is_placed_at_our_last_line(database: Database) -> None:
    with pytest.raises(AttributeError) as raised:
        await owners.change_handle(database, 1, None)  # type: ignore[arg-type]

    await operators.note_error(database, "r2", "GET", "/", raised.value)

    assert (await operators.list_errors(database))[0].place.startswith("domain/owners.py:")


async def test_the_newest_two_hundred_errors_are_kept(database: Database, operator: asyncpg.Connection[Any]) -> None:
    for number in range(205):
        await operators.note_error(database, f"many-{number}", "GET", "/", ValueError())

    kept = await operators.list_errors(database)
    assert [kept[0].request_id, kept[-1].request_id] == ["many-204", "many-5"]
    assert await operator.fetchval("select count(*) from server_errors") == len(kept) == 200


async def test_errors_are_written_in_the_background_and_what_waits_at_the_end(database: Database) -> None:
    notes = operators.ErrorNotes()
    notes.note("before", "GET", "/", ValueError())
    async with notes.writing(database):
        notes.note("last", "GET", "/", ValueError())

    assert [one.request_id for one in (await operators.list_errors(database))[:2]] == ["last", "before"]
