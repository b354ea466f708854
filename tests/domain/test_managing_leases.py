"""Leases as leads manage them: lists of what is held and was, and holds that are ended for their holders."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from pydantic import ValidationError

from domain.managing import read
from domain.racing import at, head, ledger, refusals, together
from signalbox.db.pool import Database
from signalbox.domain.leases import ForceArgs, LeasesArgs, ListedLease, force_release, list_leases
from signalbox.errors import Conflict, InvalidArguments, NotFound
from support import Agent, Project


async def listed(agent: Agent, **filters: Any) -> list[ListedLease]:
    found: list[ListedLease] = await read(agent, list_leases, LeasesArgs(**filters))
    return found


async def force(project: Project, lease_id: int) -> None:
    await force_release(project.database, project.owner, ForceArgs(lease_id=lease_id, reason="It is asleep."))


async def test_a_lease_is_ended_for_its_holder_with_a_reason(project: Project, agent: Agent, peer: Agent) -> None:
    await agent.call("lease", surface="src/**", note="The cache.")

    forced = await force_release(project.database, project.owner, ForceArgs(lease_id=1, reason="It is asleep."))

    assert (forced.surface, forced.holder, forced.released) == ("src/**", agent.actor, 1)
    assert (await peer.call("lease", surface="src/app.py"))["others"] == []
    (event,) = await ledger(peer, type="release")
    assert (event["actor"], event["payload"]) == (
        project.handle,
        {"lease_id": 1, "surface": "src/**", "released": 1, "holder": agent.actor, "reason": "It is asleep."},
    )
    assert await agent.call("release", surface="src/**") == {"released": 0}


async def test_a_lease_that_is_over_is_a_conflict_that_says_whose_it_was(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    for surface in ("released", "forced", "expired"):
        await agent.call("lease", surface=surface)
    await agent.call("release", surface="released")
    await force(project, 2)
    await operator.execute(
        "update leases set expires_at = granted_at where project_id = $1 and lease_id = 3", project.project_id
    )
    before = await head(agent)

    for lease_id, surface in enumerate(("released", "forced", "expired"), start=1):
        with pytest.raises(Conflict, match="is over already") as refused:
            await force(project, lease_id)
        assert refused.value.state.keys() == {"holder", "surface", "ended_at"}
        assert (refused.value.state["holder"], refused.value.state["surface"]) == (agent.actor, surface)
    assert await head(agent) == before


async def test_a_lease_that_is_not_there_is_not_found(project: Project) -> None:
    with pytest.raises(NotFound, match="no lease 7"):
        await force(project, 7)


@pytest.mark.parametrize("reason", ["", "a\nb", "x" * 201])
def test_a_reason_is_one_line(reason: str) -> None:
    with pytest.raises(ValidationError, match="reason"):
        ForceArgs(lease_id=1, reason=reason)


async def test_a_renewal_that_meets_the_force_is_before_it_or_a_new_lease(
    project: Project, agent: Agent, peer: Agent, workers: list[Database]
) -> None:
    for number in range(10):
        granted = (await agent.call("lease", surface=f"r{number}"))["lease_id"]
        args = ForceArgs(lease_id=granted, reason="It is asleep.")

        renewed, forced = await together(
            [
                at(workers[0], agent).call("lease", surface=f"r{number}"),
                force_release(workers[1], project.owner, args),
            ]
        )

        assert refusals([renewed, forced]) == []
        held = (await peer.call("who_holds", surface=f"r{number}"))["leases"]
        kinds = [event["type"] for event in await ledger(peer)][-2:]
        if renewed["lease_id"] == granted:
            assert (held, kinds) == ([], ["lease", "release"])
        else:
            assert ([one["lease_id"] for one in held], kinds) == ([renewed["lease_id"]], ["release", "lease"])


async def test_a_release_that_meets_the_force_is_one_of_the_two(
    project: Project, agent: Agent, peer: Agent, workers: list[Database]
) -> None:
    for number in range(10):
        granted = (await agent.call("lease", surface=f"r{number}"))["lease_id"]
        args = ForceArgs(lease_id=granted, reason="It is asleep.")

        released, forced = await together(
            [
                at(workers[0], agent).call("release", surface=f"r{number}"),
                force_release(workers[1], project.owner, args),
            ]
        )

        assert (released["released"] == 1) == isinstance(forced, Conflict)
        assert len(await ledger(peer, type="release")) == number + 1


async def test_leases_are_listed_newest_first_with_what_is_left_of_them(agent: Agent, peer: Agent) -> None:
    await agent.call("lease", surface="src/**", ttl_seconds=60, note="The cache.")
    await peer.call("lease", surface="docs", ttl_seconds=600)
    await peer.call("lease", surface="over")
    await peer.call("release", surface="over")

    found = await listed(agent)

    assert [(one.lease_id, one.surface, one.actor, one.note) for one in found] == [
        (2, "docs", peer.actor, None),
        (1, "src/**", agent.actor, "The cache."),
    ]
    assert [one.is_open for one in found] == [True, True]
    assert 0 < found[1].expires_in_seconds <= 60 < found[0].expires_in_seconds <= 600


async def test_leases_are_listed_by_holder_and_surface_and_with_those_that_are_over(
    project: Project, agent: Agent, peer: Agent, operator: asyncpg.Connection[Any]
) -> None:
    for caller, surface in ((agent, "src/**"), (peer, "src/app.py"), (peer, "src/**"), (agent, "docs")):
        await caller.call("lease", surface=surface)
    await peer.call("release", surface="src/**")
    await operator.execute(
        "update leases set expires_at = granted_at where project_id = $1 and lease_id = 4", project.project_id
    )

    async def ids(**filters: Any) -> list[int]:
        return [one.lease_id for one in await listed(agent, **filters)]

    assert await ids() == [2, 1]
    assert await ids(include_over=True) == [4, 3, 2, 1]
    assert await ids(holder="codex-1") == [2]
    assert await ids(holder=peer.actor, include_over=True) == [3, 2]
    assert await ids(surface="src/") == [2, 1]
    assert await ids(surface="src/app.py") == [2, 1]
    assert await ids(surface="src/", include_over=True) == [3, 1]
    assert await ids(surface="src/", holder="claude-1") == [1]
    assert await ids(surface="src/", holder="codex-1", include_over=True) == [3]
    assert await ids(include_over=True, limit=2) == [4, 3]
    assert await ids(include_over=True, before=3) == [2, 1]
    assert await ids(before=2) == [1]
    assert [one.expires_in_seconds > 0 for one in await listed(agent, include_over=True)] == [False, False, True, True]
    with pytest.raises(NotFound):
        await listed(agent, holder="nobody")


async def test_a_surface_is_within_its_bound_as_it_is_written(agent: Agent) -> None:
    longest = "x" * 197 + "/"

    leased = await agent.call("lease", surface=longest)

    assert leased["surface"] == "x" * 197 + "/**"
    assert await agent.call("release", surface=leased["surface"]) == {"released": 1}
    for tool in ("lease", "release", "who_holds"):
        with pytest.raises(InvalidArguments, match="at most 200 characters"):
            await agent.call(tool, surface="x" * 198 + "/")
