"""Indexing: everything once, a moment later, whoever was killed meanwhile."""

from __future__ import annotations

from typing import Any

from domain.searching import index
from signalbox.db.moves import AGE_SECONDS, MANY, Moves
from signalbox.db.pool import Database
from signalbox.domain.indexing import catch_up, index_moved
from signalbox.domain.janitor import purge_deleted
from support import Agent, Project

Operator = Any  # a connection of a superuser


async def progress(operator: Operator, project: Project) -> int | None:
    seq: int | None = await operator.fetchval(
        "select seq from search_progress where project_id = $1", project.project_id
    )
    return seq


async def entries(operator: Operator, project: Project) -> list[int]:
    found = await operator.fetch(
        "select seq from search_entries where project_id = $1 order by seq", project.project_id
    )
    return [row["seq"] for row in found]


async def test_what_was_done_is_indexed_in_passing(
    database: Database, project: Project, agent: Agent, operator: Operator
) -> None:
    for number in range(MANY):
        await agent.call("claim", sequence="adr", note="why" if number % 10 == 0 else None)

    await index_moved(database)

    assert await progress(operator, project) == 1 + MANY
    assert len(await entries(operator, project)) == MANY
    assert await index_moved(database) == 0


async def test_what_a_worker_left_behind_is_caught_up_with(
    project: Project, agent: Agent, workers: list[Database], operator: Operator
) -> None:
    await agent.call("post", to_lane="docs", body="One.")
    await index(project)
    await agent.call("post", to_lane="docs", body="Two.")

    await catch_up(workers[0])  # one that knows of no act

    assert await progress(operator, project) == 3
    assert await entries(operator, project) == [2, 3]
    assert await catch_up(workers[1]) == 0


async def test_what_somebody_else_is_indexing_is_left_to_them(
    project: Project, agent: Agent, operator: Operator
) -> None:
    await agent.call("post", to_lane="docs", body="One.")
    await index(project)
    await agent.call("post", to_lane="docs", body="Two.")
    async with operator.transaction():
        await operator.execute("select 1 from search_progress where project_id = $1 for update", project.project_id)
        meanwhile = await index(project)

    assert meanwhile == 0
    assert await index(project) == 1
    assert await entries(operator, project) == [2, 3]


async def test_an_index_that_breaks_off_goes_on_where_it_was(
    project: Project, agent: Agent, operator: Operator
) -> None:
    await agent.call("post", to_lane="docs", body="One.")
    transaction = operator.transaction()
    await transaction.start()
    await operator.execute("select index_search_v1(array[$1::bigint], 10)", project.project_id)
    await transaction.rollback()
    before = await progress(operator, project)

    assert (before, await index(project), await entries(operator, project)) == (None, 2, [2])


async def test_a_deleted_project_is_not_indexed_and_its_index_goes_with_it(
    project: Project, agent: Agent, operator: Operator
) -> None:
    await agent.call("post", to_lane="docs", body="One.")
    await index(project)
    await agent.call("post", to_lane="docs", body="Two.")
    await operator.execute(
        "update projects set deleted_at = now() - interval '1 hour', archived_at = now() where project_id = $1",
        project.project_id,
    )
    indexed = await index(project)
    await purge_deleted(project.database)

    assert indexed == 0
    assert (await progress(operator, project), await entries(operator, project)) == (None, [])


async def test_words_of_closed_lanes_are_indexed_too(project: Project, agent: Agent, operator: Operator) -> None:
    await agent.call("post", to_lane="docs", body="One.")
    for table in ("posts", "events"):
        await operator.execute(
            f"update {table} set closed_lane = 'docs' where project_id = $1 and post_id = 1", project.project_id
        )
    await index(project)
    found = await operator.fetch(
        "select closed_lane, vector @@ 'one' as has_body from search_entries where project_id = $1", project.project_id
    )

    assert [tuple(row) for row in found] == [("docs", True)]


def test_a_project_has_moved_after_many_acts_or_a_while() -> None:
    now = 100.0
    moves = Moves(clock=lambda: now)
    moves.note(1)
    for _ in range(MANY):
        moves.note(2)
    taken = [moves.take(10)]
    now += AGE_SECONDS
    moves.note(3)
    taken += [moves.take(10), moves.take(10)]

    assert taken == [[2], [1], []]


def test_moved_projects_are_taken_some_at_a_time() -> None:
    now = 0.0
    moves = Moves(clock=lambda: now)
    for project_id in range(5):
        moves.note(project_id)
    now += AGE_SECONDS

    assert [moves.take(2) for _ in range(4)] == [[0, 1], [2, 3], [4], []]
