"""Whose request begins next: a flood of one project does not keep another one's from the event loop."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import Message

from edge.wire import MODERN, era_headers, message
from proofs.wire import at_once
from signalbox.edge.turns import SHARED_SECONDS, TOGETHER_MAX, TURN_SECONDS, WAITING_MAX, Turns
from signalbox.errors import TooMany
from support import Agent, Project

FLOOD = 64
PATHS = ("/mcp", "/api/tools/whoami")
SECONDS_MAX = 20

Begun = list[tuple[str, int]]
"""Who began, and in which turn of the event loop."""


class Beginnings:
    """Counts the turns of the event loop, and notes in which one each request begins."""

    def __init__(self) -> None:
        self.turn = 0
        self.seen: Begun = []

    def begins(self, name: str) -> None:
        self.seen.append((name, self.turn))

    async def watch(self, calls: list[Coroutine[Any, Any, None]]) -> Begun:
        """Let calls come in one turn, in their order; answers how they began."""
        self.seen = []
        counting = asyncio.create_task(self._count())
        await at_once(calls)
        counting.cancel()
        start = min(turn for _, turn in self.seen)
        return [(name, turn - start) for name, turn in self.seen]

    async def _count(self) -> None:
        while True:
            self.turn += 1
            await asyncio.sleep(0)


async def request(app: Starlette, path: str, agent: Agent, name: str, beginnings: Beginnings) -> None:
    """Call `whoami`. A request begins when its body is read."""
    call = message(MODERN, "tools/call", {"name": "whoami", "arguments": {}})
    body = json.dumps(call if path == "/mcp" else {}).encode()
    headers = {"Host": "localhost", **era_headers(MODERN, "tools/call", call["params"]), **agent.headers}
    statuses: list[int] = []

    async def receive() -> Message:
        beginnings.begins(name)
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(sent: Message) -> None:
        if sent["type"] == "http.response.start":
            statuses.append(sent["status"])

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(key.lower().encode(), value.encode()) for key, value in headers.items()],
    }
    await app(scope, receive, send)
    assert statuses == [200]


async def mine(turns: Turns, project_id: int, name: str, beginnings: Beginnings) -> None:
    await turns.mine(project_id)
    beginnings.begins(name)


@pytest.mark.parametrize("path", PATHS)
async def test_a_quiet_project_waits_no_longer_for_its_turn_beside_a_flood(
    app: Starlette, project: Project, other_project: Project, path: str
) -> None:
    """All come in one turn, the quiet one's last. It begins in as many turns as alone; twice as many is the aim."""
    busy, quiet = await project.join("busy"), await other_project.join("quiet")
    beginnings = Beginnings()
    for agent in (busy, quiet):  # whose project is known from now on
        await request(app, path, agent, "known", beginnings)
    flood = [request(app, path, busy, "busy", beginnings) for _ in range(FLOOD)]

    begun = await beginnings.watch([*flood, request(app, path, quiet, "quiet", beginnings)])

    assert [name for name, _ in begun].index("quiet") <= 1, "only the flood's first one goes before it"
    assert dict(begun)["quiet"] == 0
    assert begun.count(("busy", 0)) == 1, "while two call, one of each begins in a turn"


async def test_a_project_that_calls_alone_begins_some_requests_a_turn_first_come_first_served() -> None:
    turns, beginnings = Turns(shared_seconds=0), Beginnings()

    begun = await beginnings.watch([mine(turns, 1, str(number), beginnings) for number in range(FLOOD)])

    assert [name for name, _ in begun] == [str(number) for number in range(FLOOD)]
    assert set(Counter(turn for _, turn in begun).values()) == {TOGETHER_MAX}


async def test_while_others_call_a_flood_leaves_a_pause_between_its_requests() -> None:
    turns, beginnings = Turns(), Beginnings()
    loop = asyncio.get_running_loop()
    start = loop.time()

    async def call_now_and_then() -> None:
        while len(beginnings.seen) < 9:
            await mine(turns, 2, "quiet", Beginnings())
            await asyncio.sleep(0)

    calling = asyncio.create_task(call_now_and_then())
    await beginnings.watch([mine(turns, 1, "busy", beginnings) for _ in range(9)])
    await calling

    # The first begins at once and the second in the next turn. A late machine makes the pauses longer, never shorter.
    assert loop.time() - start >= 7 * TURN_SECONDS


async def flood(turns: Turns, projects: Sequence[int], beginnings: Beginnings) -> list[Coroutine[Any, Any, None]]:
    """Have projects flood until they are known to, and answers calls of another flood, one of each in turn."""
    await at_once([mine(turns, project, "before", Beginnings()) for _ in range(FLOOD) for project in projects])
    await asyncio.sleep(SHARED_SECONDS)
    return [mine(turns, project, str(project), beginnings) for _ in range(FLOOD) for project in projects]


async def test_projects_that_flood_hold_each_other_back_by_nothing_but_their_share() -> None:
    turns, beginnings = Turns(), Beginnings()

    begun = await beginnings.watch(await flood(turns, (1, 2), beginnings))

    of_turn = Counter(begun)
    later = {turn for _, turn in begun} - {0, begun[-1][1]}
    assert len(later) > 3
    assert {of_turn[name, turn] for name in ("1", "2") for turn in later} == {TOGETHER_MAX // 2}


async def test_a_quiet_project_goes_between_several_that_flood() -> None:
    turns, beginnings = Turns(), Beginnings()
    calls = await flood(turns, (1, 2), beginnings)
    quiet = [mine(turns, 3, "quiet", beginnings) for _ in range(3)]

    begun = await beginnings.watch([*calls[:2], *quiet, *calls[2:]])

    assert begun.index(("quiet", 0)) == 2
    assert {Counter(begun)[name, 0] for name in ("1", "2", "quiet")} == {1}
    assert len([name for name, turn in begun if turn <= 2 and name != "quiet"]) <= 6


async def test_a_request_whose_caller_has_gone_takes_no_turn() -> None:
    turns, beginnings = Turns(), Beginnings()
    calls = [asyncio.create_task(mine(turns, 1, str(number), beginnings)) for number in range(3)]
    await asyncio.sleep(0)
    calls[1].cancel()

    async with asyncio.timeout(SECONDS_MAX):
        await asyncio.gather(*calls, return_exceptions=True)

    assert [name for name, _ in beginnings.seen] == ["0", "2"]


async def test_more_than_may_wait_are_refused() -> None:
    turns, beginnings = Turns(), Beginnings()
    calls = [asyncio.create_task(mine(turns, 1, "waits", beginnings)) for _ in range(WAITING_MAX + 1)]
    await asyncio.sleep(0)

    with pytest.raises(TooMany):
        await turns.mine(1)
    await turns.mine(2)
    for call in calls:
        call.cancel()
