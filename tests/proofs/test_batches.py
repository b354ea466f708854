"""Acts that travel together: each has an answer and a fate of its own, in the order in which they came."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from mcp_types import INTERNAL_ERROR

from conftest import Databases
from edge.wire import ask, assert_leaks_nothing, call_mcp, call_rest, serving_here
from proofs.operators import SEQUENCE, holding
from proofs.queues import Queue, ledger_of, queue_of, settled
from signalbox.config import load_settings
from signalbox.db.acts import ACTS_TOGETHER_MAX, TRAVEL_TOGETHER
from signalbox.db.migrating import migrate
from signalbox.db.pool import Database
from signalbox.errors import NotFound, TooMany, Unavailable
from support import Agent, Project, make_project

MANY = 2 * ACTS_TOGETHER_MAX + 8


@pytest.fixture
async def queue(project: Project, database_url: str) -> Queue:
    return await queue_of(project, database_url)


def notes(events: list[dict[str, Any]]) -> list[str]:
    return [event["payload"]["note"] for event in events if event["payload"].get("note")]


@pytest.mark.parametrize("place", [0, 7, ACTS_TOGETHER_MAX - 1])
async def test_one_refused_act_among_many_undoes_nothing_of_its_neighbours(
    queue: Queue, agent: Agent, place: int
) -> None:
    async with queue.blocked():
        calls = [
            await (
                queue.call("ack", post_id=99) if each == place else queue.call("claim", sequence="adr", note=f"{each}")
            )
            for each in range(ACTS_TOGETHER_MAX)
        ]
    answers = await settled(calls)

    assert len(queue.travelled) == 1
    assert isinstance(answers.pop(place), NotFound)
    assert [answer["number"] for answer in answers if isinstance(answer, dict)] == list(range(1, ACTS_TOGETHER_MAX))
    assert notes(await ledger_of(agent)) == [answer["note"] for answer in answers if isinstance(answer, dict)]


async def test_acts_are_done_first_come_first_served(queue: Queue, agent: Agent) -> None:
    async with queue.blocked():
        calls = [await queue.call("claim", sequence="adr", note=f"{each}") for each in range(MANY)]
    answers = await settled(calls)

    assert [len(together) for together in queue.travelled] == [ACTS_TOGETHER_MAX, ACTS_TOGETHER_MAX, 8]
    assert [answer["number"] for answer in answers if isinstance(answer, dict)] == list(range(1, MANY + 1))
    assert notes(await ledger_of(agent)) == [f"{each}" for each in range(MANY)]


async def test_an_act_that_travels_alone_neither_joins_nor_waits_for_more_than_those_before_it(
    queue: Queue, agent: Agent
) -> None:
    assert "register" not in TRAVEL_TOGETHER
    async with queue.blocked():
        calls = [
            await (
                queue.call("register", lane=f"l{each}") if each in {2, 3, 7} else queue.call("claim", sequence="adr")
            )
            for each in range(8)
        ]
    answers = await settled(calls)

    assert queue.travelled == [["claim"] * 2, ["register"], ["register"], ["claim"] * 3, ["register"]]
    assert all(isinstance(answer, dict) for answer in answers)
    assert [event["type"] for event in await ledger_of(agent)][-8:] == [
        kind for together in queue.travelled for kind in together
    ]


async def test_acts_that_came_while_one_travels_alone_go_on_after_it(queue: Queue) -> None:
    """Each act that travels alone is followed by another before it ends: those behind it still get their turn."""
    async with queue.blocked():
        calls = [await queue.call("register", lane="first")]
        for each in range(20):
            calls += [await queue.call("claim", sequence="adr"), await queue.call("register", lane=f"l{each}")]
    answers = await settled(calls)

    assert queue.travelled == [["register"], *([["claim"], ["register"]] * 20)]
    assert all(isinstance(answer, dict) for answer in answers)


async def test_as_many_acts_wait_as_may_and_no_more(project: Project, database_url: str, agent: Agent) -> None:
    queue = await queue_of(project, database_url, waiting_max=3)
    async with queue.blocked():
        waiting = [await queue.call("claim", sequence="adr", note=f"{each}") for each in range(3)]
        (refused,) = await settled([await queue.call("claim", sequence="adr", note="too many")])
    answers = await settled(waiting)
    afterwards = await queue.run("claim", sequence="adr", note="afterwards")

    assert isinstance(refused, TooMany)
    assert refused.state == {"retry_after_seconds": 1}
    assert all(isinstance(answer, dict) for answer in answers)
    assert afterwards["number"] == 4
    assert notes(await ledger_of(agent)) == ["0", "1", "2", "afterwards"]


async def test_acts_whose_connection_is_ended_under_way_are_all_undone_and_done_once_when_repeated(
    queue: Queue, agent: Agent, project: Project, database_url: str
) -> None:
    """Seven of them are done and the eighth waits when the backend is ended: none of the seven is there."""

    async def call(each: int) -> asyncio.Task[dict[str, Any]]:
        return await queue.call("claim", sequence="second" if each == 7 else "adr", idempotency_key=f"{each}")

    await queue.run("claim", sequence="second")
    async with holding(database_url, SEQUENCE, project.project_id, "second") as second:
        async with queue.blocked():
            calls = [await call(each) for each in range(ACTS_TOGETHER_MAX)]
        await second.until_waited_for()
        before = len(await ledger_of(agent))
        await second.end_waiting()
        lost = await settled(calls)
    repeated = await settled([await call(each) for each in range(ACTS_TOGETHER_MAX)])
    again = await settled([await call(each) for each in range(ACTS_TOGETHER_MAX)])

    assert queue.travelled[0] == ["claim"] * ACTS_TOGETHER_MAX
    assert {type(answer) for answer in lost} == {Unavailable}
    assert len({id(answer) for answer in lost}) == ACTS_TOGETHER_MAX
    numbers = [answer["number"] for answer in repeated if isinstance(answer, dict)]
    assert numbers == [1, 2, 3, 4, 5, 6, 7, 2, *range(8, ACTS_TOGETHER_MAX)]
    assert again == repeated
    assert len(await ledger_of(agent)) == before + ACTS_TOGETHER_MAX


BREAK_CLAIM = """
alter function claim_v1 rename to claim_that_works;
create function claim_v1(act act_ref, sequence_name text, note text) returns jsonb language plpgsql as $$
begin
    if note = 'unreadable' then
        raise exception 'a refusal whose state is no JSON' using errcode = 'SB409', detail = 'unreadable';
    end if;
    return claim_that_works(act, sequence_name, (1 / (case when note = 'broken' then 0 else 1 end))::text);
end $$;
"""


@pytest.fixture(scope="module")
def broken_url(databases: Databases) -> str:
    """A database in which a claim with the note 'broken' divides by zero, and one is refused in an unreadable way."""
    dsn = databases.create("batches")
    migrate(dsn)
    return dsn


@pytest.fixture(scope="module")
async def broken(broken_url: str) -> AsyncIterator[Database]:
    connection = await asyncpg.connect(broken_url)
    await connection.execute(BREAK_CLAIM)
    await connection.close()
    async with Database(load_settings({}, database_url=broken_url)) as opened:
        yield opened


async def test_an_act_that_breaks_breaks_alone(broken: Database, broken_url: str) -> None:
    queue = await queue_of(await make_project(broken), broken_url)
    async with queue.blocked():
        calls = [
            await queue.call("claim", sequence="adr", note="broken" if each == 5 else "sound")
            for each in range(ACTS_TOGETHER_MAX)
        ]
    answers = await settled(calls)

    assert len(queue.travelled) == 1
    assert isinstance(answers.pop(5), asyncpg.DivisionByZeroError)
    assert [answer["number"] for answer in answers if isinstance(answer, dict)] == list(range(1, ACTS_TOGETHER_MAX))


async def test_an_outcome_that_cannot_be_read_leaves_nobody_waiting(broken: Database, broken_url: str) -> None:
    queue = await queue_of(await make_project(broken), broken_url)
    async with queue.blocked():
        calls = [await queue.call("claim", sequence="adr", note=note) for note in ("sound", "unreadable", "sound")]
    answers = await settled(calls)
    afterwards = await queue.run("claim", sequence="adr")

    assert {type(answer) for answer in answers} == {json.JSONDecodeError}
    assert afterwards["number"] == 3


async def test_an_act_that_breaks_is_an_internal_error_to_its_caller_only(broken: Database, broken_url: str) -> None:
    agent = await (await make_project(broken)).join("claude-1")
    async with serving_here(load_settings({}, database_url=broken_url)) as web:
        over_rest = await asyncio.gather(
            *(call_rest(web, agent.token, "claim", {"sequence": "adr", "note": note}) for note in ("a", "broken", "b"))
        )
        arguments = {"sequence": "adr", "note": "broken"}
        over_mcp = await ask(web, agent.token, "tools/call", {"name": "claim", "arguments": arguments})
        after = await call_mcp(web, agent.token, "claim", {"sequence": "adr", "note": "c"})

    assert [answer.status_code for answer in over_rest] == [200, 500, 200]
    assert over_rest[1].json()["error"]["code"] == "internal_error"
    assert over_mcp.json()["error"]["code"] == INTERNAL_ERROR
    assert_leaks_nothing(over_rest[1].text + over_mcp.text, "zero")
    assert after["structuredContent"]["number"] == 3
