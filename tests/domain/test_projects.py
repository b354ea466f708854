"""Projects: made, renamed, archived and ended by their owner, and the purge of what is left of them."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from domain.racing import answers, head, ledger, refusals, together
from signalbox.db.pool import Database
from signalbox.db.statements import Executor
from signalbox.domain import owners, projects
from signalbox.domain.owners import OwnerRow
from signalbox.errors import Conflict, Forbidden, InvalidArguments, TooMany, Unauthenticated
from signalbox.identity import Principal
from support import Agent, Project


async def owner_of(database: Database, project: Project) -> OwnerRow:
    return await owners.sql.find_owner.one(database, OwnerRow, email=f"{project.handle}@example.org")


async def export_and_archive(project: Project) -> int:
    """Do what must be done before a project may be deleted; answers its last event's number."""
    await projects.archive_project(project.database, project.owner)
    exported = await projects.note_export(project.database, project.owner, 10_000)
    return exported.exported_seq


async def types(operator: asyncpg.Connection[Any], project: Project) -> list[str]:
    rows = await operator.fetch("select type from events where project_id = $1 order by seq", project.project_id)
    return [row["type"] for row in rows]


async def test_a_project_is_made_by_its_owner_who_leads_it(database: Database, project: Project) -> None:
    owner = await owner_of(database, project)

    made = await projects.create_project(database, owner.owner_id, "second")

    who = await owners.in_project(database, owner, "second")
    assert (who.project_id, who.participation_id) == (made.project_id, made.participation_id)


async def test_a_name_that_is_in_use_is_refused(database: Database, project: Project) -> None:
    owner = await owner_of(database, project)

    with pytest.raises(Conflict, match="of this name"):
        await projects.create_project(database, owner.owner_id, "main")
    with pytest.raises(InvalidArguments) as refused:
        await projects.create_project(database, owner.owner_id, "Main street")

    assert refused.value.state == {"field": "name"}


async def test_one_name_wanted_by_many_at_once_is_one_project(workers: list[Database], project: Project) -> None:
    owner = await owner_of(workers[0], project)

    outcomes = await together([projects.create_project(worker, owner.owner_id, "wanted") for worker in workers])

    assert len(answers(outcomes)) == 1
    assert {type(refused) for refused in refusals(outcomes)} == {Conflict}


async def test_an_owner_has_two_hundred_projects_at_most(
    workers: list[Database], project: Project, operator: asyncpg.Connection[Any]
) -> None:
    owner = await owner_of(workers[0], project)
    await operator.execute(
        "insert into projects (owner_id, name) select $1, 'filler-' || n from generate_series(1, 198) n", owner.owner_id
    )

    outcomes = await together(
        [projects.create_project(worker, owner.owner_id, f"last-{n}") for n, worker in enumerate(workers)]
    )

    assert len(answers(outcomes)) == 1
    assert {type(refused) for refused in refusals(outcomes)} == {TooMany}


async def test_a_renamed_project_goes_on_under_its_new_name(project: Project, agent: Agent) -> None:
    answer = await projects.rename_project(project.database, project.owner, "renamed")

    assert answer.project == "renamed"
    assert (await agent.call("whoami"))["project"] == "renamed"
    (event,) = await ledger(agent, type="rename_project")
    assert (event["actor"], event["payload"]) == (project.handle, {"from": "main", "to": "renamed"})


async def test_renaming_to_the_name_it_has_changes_nothing(project: Project, agent: Agent) -> None:
    before = await head(agent)

    await projects.rename_project(project.database, project.owner, "main")

    assert await head(agent) == before


async def test_a_name_of_another_project_of_the_owner_cannot_be_taken(database: Database, project: Project) -> None:
    await projects.create_project(database, (await owner_of(database, project)).owner_id, "second")

    with pytest.raises(Conflict, match="of this name"):
        await projects.rename_project(database, project.owner, "second")


async def test_the_window_of_liveness_is_the_owner_s_to_set(project: Project, agent: Agent) -> None:
    await projects.set_liveness(project.database, project.owner, 60)
    await projects.set_liveness(project.database, project.owner, 60)

    assert (await agent.principal()).liveness_seconds == 60
    assert [event["payload"] for event in await ledger(agent, type="set_liveness")] == [{"liveness_seconds": 60}]


@pytest.mark.parametrize("seconds", [0, 59, 86_401])
async def test_the_window_of_liveness_has_bounds(project: Project, seconds: int) -> None:
    with pytest.raises(InvalidArguments):
        await projects.set_liveness(project.database, project.owner, seconds)


async def test_an_archived_project_answers_no_token_and_takes_no_act_until_it_is_opened(
    project: Project, agent: Agent
) -> None:
    archived = await projects.archive_project(project.database, project.owner)
    for call in (agent.call("whoami"), agent.call("claim", sequence="adr")):
        with pytest.raises(Unauthenticated):
            await call
    with pytest.raises(Conflict, match="archived"):
        await projects.rename_project(project.database, project.owner, "other")
    opened = await projects.unarchive_project(project.database, project.owner)

    assert (archived.archived_at is not None, opened.archived_at) == (True, None)
    assert (await agent.call("claim", sequence="adr"))["number"] == 1
    kinds = [event["type"] for event in await ledger(agent)]
    assert kinds[-3:] == ["archive_project", "unarchive_project", "claim"]


async def test_archiving_twice_and_opening_what_is_open_change_nothing(
    project: Project, operator: asyncpg.Connection[Any]
) -> None:
    await projects.unarchive_project(project.database, project.owner)
    first = await projects.archive_project(project.database, project.owner)
    again = await projects.archive_project(project.database, project.owner)

    assert again == first
    assert await types(operator, project) == ["archive_project"]


async def lead_as_page(_: Project, lead: Agent) -> Principal:
    """A lead, as if a page had proved it: still not the owner."""
    return (await lead.principal()).model_copy(update={"token_hash": None})


@pytest.mark.parametrize(
    "act",
    [
        lambda db, who: projects.rename_project(db, who, "mine"),
        lambda db, who: projects.set_liveness(db, who, 60),
        projects.archive_project,
        projects.unarchive_project,
        lambda db, who: projects.note_export(db, who, 1),
        lambda db, who: projects.delete_project(db, who, "main"),
    ],
)
async def test_nobody_but_the_owner_signed_in_changes_a_project(act: Any, project: Project, lead: Agent) -> None:
    before = await projects.project_settings(ReadAs(project), project.owner)

    for who in (await lead_as_page(project, lead), await lead.principal()):
        with pytest.raises(Forbidden, match="only the owner"):
            await act(project.database, who)

    assert await projects.project_settings(ReadAs(project), project.owner) == before


class ReadAs:
    """Reads as a page of the project's owner does: on a connection whose tenant was set to its projects."""

    base_url = "http://127.0.0.1"

    def __init__(self, project: Project) -> None:
        self.project = project
        self.marks = project.database.marks

    async def fetch(self, statement: Any, arguments: Any) -> list[Any]:
        async with self.project.database.connection() as connection, connection.transaction():
            await connection.execute(
                "select set_config('signalbox.project_ids', $1, true)", str(self.project.project_id)
            )
            return await connection.fetch(statement.text, *arguments)

    async def act(self, project_id: int, fields: dict[str, Any]) -> str:
        return await self.project.database.act(project_id, fields)


async def test_settings_say_what_is_missing_before_the_end(project: Project, agent: Agent) -> None:
    await agent.call("claim", sequence="adr")
    reader: Executor = ReadAs(project)
    fresh = await projects.project_settings(reader, project.owner)
    await export_and_archive(project)
    ready = await projects.project_settings(reader, project.owner)

    assert (fresh.project, fresh.liveness_seconds, fresh.exported_seq) == ("main", 900, None)
    assert (fresh.archived_at is None, ready.archived_at is None) == (True, False)
    assert ready.exported_seq == ready.head == fresh.head + 1


async def test_an_export_is_remembered_up_to_the_head_and_never_less(project: Project, agent: Agent) -> None:
    for _ in range(3):
        await agent.call("claim", sequence="adr")
    last = await head(agent)

    noted = [(await projects.note_export(project.database, project.owner, seq)).exported_seq for seq in (2, 1, 999)]

    assert noted == [2, 2, last]
    assert await head(agent) == last


@pytest.mark.parametrize(
    ("archive", "export", "typed", "why"),
    [
        (False, True, "main", "archive it first"),
        (True, False, "main", "export it first"),
        (True, True, "Main", "not the name"),
        (True, True, "", "not the name"),
    ],
)
async def test_only_what_is_archived_exported_and_named_is_deleted(
    *, archive: bool, export: bool, typed: str, why: str, project: Project, agent: Agent
) -> None:
    await agent.call("claim", sequence="adr")
    if archive:
        await projects.archive_project(project.database, project.owner)
    if export:
        await projects.note_export(project.database, project.owner, 10_000)

    with pytest.raises(Conflict, match=why):
        await projects.delete_project(project.database, project.owner, typed)

    assert (await projects.project_settings(ReadAs(project), project.owner)).project == "main"


async def test_an_export_that_misses_the_last_event_is_none(project: Project, agent: Agent) -> None:
    await export_and_archive(project)
    await projects.unarchive_project(project.database, project.owner)
    await agent.call("claim", sequence="adr")
    await projects.archive_project(project.database, project.owner)

    with pytest.raises(Conflict, match="export it first") as refused:
        await projects.delete_project(project.database, project.owner, "main")

    assert refused.value.state["head"] == refused.value.state["exported_seq"] + 3
