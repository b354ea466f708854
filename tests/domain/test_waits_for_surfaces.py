"""Surfaces that are taken on wake: each by exactly one of those who wait, in the order of arrival."""

from __future__ import annotations

from contextlib import AsyncExitStack, nullcontext
from typing import Any

import pytest

from domain.waiting import answer_of, begun, fired_by, late_wake_ups, parked, until_parked
from signalbox.db import waiters
from signalbox.errors import Conflict, InvalidArguments, ScopeTooNarrow
from signalbox.identity import Scope
from support import Agent, Project

TAKE: dict[str, Any] = {"on": "surface", "surface": "src/app.py", "take": True}


async def test_a_free_surface_is_taken_at_once(agent: Agent) -> None:
    (taken,) = await fired_by(begun(agent, TAKE))

    (held,) = (await agent.call("who_holds"))["leases"]
    assert (taken["on"], taken["index"], taken["surface"]) == ("surface", 0, "src/app.py")
    assert (taken["lease_id"], taken["expires_at"]) == (held["lease_id"], held["expires_at"])


async def test_whoever_came_first_takes_it_first_and_nobody_else_does(project: Project, peer: Agent) -> None:
    """Each lets it go for the next one; only that one's wait answers."""
    others = [await project.join(f"waiter-{number}") for number in range(4)]
    await peer.call("lease", surface="src/**")
    order = []
    async with AsyncExitStack() as stack:
        calls = [await stack.enter_async_context(parked(other, TAKE)) for other in others]
        await peer.call("release", surface="src/**")
        for other, call in zip(others, calls, strict=True):
            (taken,) = await fired_by(call)
            order.append([call.done() for call in calls])
            await other.call("release", surface=taken["surface"])

    assert order == [[True] * (place + 1) + [False] * (3 - place) for place in range(4)]


async def test_a_lease_that_runs_out_lets_the_next_one_take_it(
    agent: Agent, peer: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes no event: it is asked for every few seconds."""
    monkeypatch.setattr(waiters, "LOOK_SECONDS", 0.05)
    await peer.call("lease", surface="src/app.py", ttl_seconds=1)

    (taken,) = await fired_by(begun(agent, TAKE))

    assert taken["surface"] == "src/app.py"


@pytest.mark.parametrize("wake_up", ["at once", "after the look"])
async def test_a_surface_given_up_before_the_waiter_is_parked_is_taken(
    agent: Agent, peer: Agent, monkeypatch: pytest.MonkeyPatch, wake_up: str
) -> None:
    """Between standing in line and waiting nothing is held that would keep the holder from letting go."""
    monkeypatch.setattr(waiters, "LOOK_SECONDS", 1e9)  # more than the machine is up
    monkeypatch.setattr(waiters, "PROVE_SECONDS", 3600)
    await peer.call("lease", surface="src/app.py")
    plain = agent.database.act
    released: list[bool] = []

    async def let_go_after(project_id: int, fields: dict[str, Any]) -> str:
        answer = await plain(project_id, fields)
        if fields["tool"] == "lease" and not released:
            released.append(True)
            await peer.call("release", surface="src/app.py")
        return answer

    monkeypatch.setattr(agent.database, "act", let_go_after)
    waiting = agent.database.waiters

    with late_wake_ups(waiting) if wake_up == "after the look" else nullcontext():
        call = begun(agent, TAKE)
        await until_parked(waiting, 1, call)
    (taken,) = await fired_by(call)

    assert taken["surface"] == "src/app.py"
    assert released


async def test_who_waits_again_has_kept_its_place(agent: Agent, peer: Agent, lead: Agent) -> None:
    await peer.call("lease", surface="src/app.py")
    await agent.call("wait", timeout_seconds=0, **{"for": [TAKE]})
    async with parked(lead, TAKE) as later:
        await peer.call("release", surface="src/app.py")
        (taken,) = await fired_by(begun(agent, TAKE))

        assert taken["surface"] == "src/app.py"
        assert not later.done()


async def test_other_conditions_hold_while_it_stands_in_line(agent: Agent, peer: Agent) -> None:
    await peer.call("lease", surface="src/app.py")
    async with parked(agent, TAKE, {"on": "post"}) as call:
        await peer.call("post", to_actor=agent.actor, body="It takes a while.")

        assert await fired_by(call) == [{"on": "post", "index": 1, "post_ids": [1]}]


async def test_waiting_that_would_never_end_is_refused(agent: Agent, peer: Agent) -> None:
    await peer.call("lease", surface="src/app.py")
    await agent.call("lease", surface="docs/index.md")
    async with parked(agent, TAKE):
        with pytest.raises(Conflict):
            await answer_of(begun(peer, {**TAKE, "surface": "docs/index.md"}))


async def test_a_token_that_may_only_read_takes_nothing(project: Project) -> None:
    reader = await project.join("reader", scopes=frozenset({Scope.READ}))

    with pytest.raises(ScopeTooNarrow, match="may only read"):
        await answer_of(begun(reader, TAKE))
    assert (await reader.call("who_holds"))["leases"] == []


async def test_only_surfaces_can_be_taken(agent: Agent) -> None:
    with pytest.raises(InvalidArguments, match=r"unknown argument 'for\.0\.task\.take'"):
        await agent.call("wait", **{"for": [{"on": "task", "take": True}]})
