"""Leases: advisory, expiring holds that tell rivals about each other."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import asyncpg
import pytest

from domain.racing import answers, at, head, ledger, together
from signalbox.db.pool import Database
from signalbox.domain.leases import normal
from signalbox.errors import InvalidArguments, TooMany
from support import Agent, Project

ROUNDS = 10


async def let_run_out(operator: asyncpg.Connection[Any], project: Project) -> None:
    """As if every lease of a project had been granted long ago."""
    await operator.execute(
        "update leases set granted_at = granted_at - interval '1 day', expires_at = expires_at - interval '1 day'"
        " where project_id = $1 and released_at is null",
        project.project_id,
    )


async def test_a_lease_is_granted_and_in_the_ledger(agent: Agent) -> None:
    leased = await agent.call("lease", surface="src/app.py", ttl_seconds=60, note="Refactoring.")

    (event,) = await ledger(agent, type="lease")
    assert leased == {
        "lease_id": 1,
        "surface": "src/app.py",
        "expires_at": leased["expires_at"],
        "fence": event["id"],
        "others": [],
    }
    granted, expires = (datetime.fromisoformat(moment) for moment in (event["ts"], leased["expires_at"]))
    assert (expires - granted).total_seconds() == 60
    payload = event["payload"]
    assert (payload["lease_id"], payload["surface"], payload["note"]) == (1, "src/app.py", "Refactoring.")


async def test_a_lease_holds_half_an_hour_when_nothing_is_said(agent: Agent) -> None:
    await agent.call("lease", surface="src/app.py")

    (held,) = (await agent.call("who_holds"))["leases"]
    assert 1700 < held["expires_in_seconds"] <= 1800


async def test_leasing_again_renews_the_one_row(agent: Agent) -> None:
    first = await agent.call("lease", surface="src/app.py", ttl_seconds=60, note="Refactoring.")

    again = await agent.call("lease", surface="src/app.py", ttl_seconds=600)

    (held,) = (await agent.call("who_holds"))["leases"]
    assert (again["lease_id"], again["fence"]) == (first["lease_id"], first["fence"])
    assert again["expires_at"] > first["expires_at"]
    assert (held["expires_at"], held["note"]) == (again["expires_at"], "Refactoring.")
    assert (await ledger(agent, type="lease"))[-1]["payload"]["renewed"] is True


async def test_a_surface_is_one_however_it_is_written(agent: Agent) -> None:
    first = await agent.call("lease", surface="src/app.py")

    again = await agent.call("lease", surface="./src//./app.py")

    assert again["lease_id"] == first["lease_id"]
    assert await agent.call("release", surface="src/./app.py") == {"released": 1}


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("src/", "src/**"),
        ("./", "**"),
        (".", "**"),
        ("/", "/**"),
        ("/etc//hosts", "/etc/hosts"),
        ("src/.env", "src/.env"),
        ("port:8080", "port:8080"),
    ],
)
def test_a_directory_is_all_that_is_in_it(written: str, means: str) -> None:
    assert normal(written) == means
    assert normal(means) == means


async def test_who_leases_second_hears_of_the_first(agent: Agent, peer: Agent) -> None:
    first = await agent.call("lease", surface="src/**")
    await agent.call("lease", surface="docs/**")

    second = await peer.call("lease", surface="src/app.py")

    assert second["others"] == [{"actor": agent.actor, "surface": "src/**", "expires_at": first["expires_at"]}]


async def test_the_first_hears_of_the_second_when_it_renews(agent: Agent, peer: Agent) -> None:
    await agent.call("lease", surface="src/**")
    await peer.call("lease", surface="src/app.py")

    renewed = await agent.call("lease", surface="src/**")

    assert [other["actor"] for other in renewed["others"]] == [peer.actor]


async def test_one_s_own_overlapping_lease_is_nobody_else_s(agent: Agent) -> None:
    await agent.call("lease", surface="src/**")

    assert (await agent.call("lease", surface="src/app.py"))["others"] == []


async def test_who_holds_answers_what_overlaps_soonest_to_expire_first(agent: Agent, peer: Agent) -> None:
    await agent.call("lease", surface="src/**", ttl_seconds=600)
    await peer.call("lease", surface="src/app.py", ttl_seconds=60)
    await peer.call("lease", surface="docs/*.md", ttl_seconds=300)

    every = (await agent.call("who_holds"))["leases"]
    some = (await agent.call("who_holds", surface="./src/app.py"))["leases"]

    assert [held["surface"] for held in every] == ["src/app.py", "docs/*.md", "src/**"]
    assert [(held["surface"], held["actor"]) for held in some] == [
        ("src/app.py", peer.actor),
        ("src/**", agent.actor),
    ]


async def test_a_released_surface_is_free(agent: Agent, peer: Agent) -> None:
    await agent.call("lease", surface="src/app.py")

    released = await agent.call("release", surface="src/app.py")

    assert released == {"released": 1}
    assert (await ledger(agent, type="release"))[0]["payload"] == {
        "lease_id": 1,
        "surface": "src/app.py",
        "released": 1,
    }
    assert (await peer.call("lease", surface="src/app.py"))["others"] == []


async def test_releasing_nothing_writes_no_event(agent: Agent, peer: Agent) -> None:
    await agent.call("lease", surface="src/app.py")
    before = await head(agent)

    outcomes = [
        await peer.call("release", surface="src/app.py"),
        await agent.call("release", surface="src/**"),
        await agent.call("release", surface="docs"),
    ]

    assert outcomes == [{"released": 0}] * 3
    assert await head(agent) == before
    assert len((await agent.call("who_holds"))["leases"]) == 1


async def test_a_lease_that_ran_out_holds_nothing(
    project: Project, agent: Agent, peer: Agent, operator: asyncpg.Connection[Any]
) -> None:
    await agent.call("lease", surface="src/app.py")
    await let_run_out(operator, project)

    assert await peer.call("who_holds") == await peer.call("who_holds", surface="src/**") == {"leases": []}
    assert (await peer.call("whats_new"))["active_leases"] == 0
    assert await agent.call("release", surface="src/app.py") == {"released": 0}
    assert (await peer.call("lease", surface="src/app.py"))["others"] == []


async def test_a_lease_taken_again_after_it_ran_out_is_a_new_grant(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    first = await agent.call("lease", surface="src/app.py")
    await let_run_out(operator, project)

    again = await agent.call("lease", surface="src/app.py")

    assert again["lease_id"] == first["lease_id"] + 1
    assert again["fence"] > first["fence"]


async def test_fences_only_grow(agent: Agent, peer: Agent) -> None:
    fences = [
        (await holder.call("lease", surface=surface))["fence"]
        for holder, surface in ((agent, "a"), (peer, "a"), (agent, "b"), (peer, "c"))
    ]

    assert fences == sorted(set(fences))


async def test_one_participant_holds_five_hundred_leases_at_most(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    await agent.call("lease", surface="src/app.py")
    copies = (
        "insert into leases (project_id, lease_id, surface, fixed, is_glob, participation_id, actor, fence,"
        " granted_at, expires_at) select project_id, 1 + n, 'f' || n, 'f' || n, false, participation_id, actor, fence,"
        " granted_at, expires_at from leases, generate_series(1, 499) n where project_id = $1"
    )
    await operator.execute(copies, project.project_id)

    with pytest.raises(TooMany, match="500 leases"):
        await agent.call("lease", surface="docs")
    renewed = await agent.call("lease", surface="src/app.py")
    assert renewed["lease_id"] == 1


@pytest.mark.parametrize("surface", ["", "a\nb", "a\x00b", "x" * 201])
async def test_a_surface_is_one_short_line(agent: Agent, surface: str) -> None:
    with pytest.raises(InvalidArguments, match="surface"):
        await agent.call("lease", surface=surface)


@pytest.mark.parametrize(
    "surfaces",
    [
        ("src/app.py",),
        ("src/**", "src/app.py", "s?c/app.py", "src/*.py", "**/app.py", "src/", "./src//app.py", "s*/a*"),
    ],
)
async def test_of_eight_rivals_exactly_one_is_alone(
    project: Project, workers: list[Database], surfaces: tuple[str, ...]
) -> None:
    rivals = [at(worker, await project.join(f"rival-{number}")) for number, worker in enumerate(workers)]
    for _ in range(ROUNDS):
        wanted = [surfaces[number % len(surfaces)] for number in range(len(rivals))]

        outcomes = await together(
            [rival.call("lease", surface=surface) for rival, surface in zip(rivals, wanted, strict=True)]
        )

        assert sorted(len(answer["others"]) for answer in answers(outcomes)) == list(range(8))
        for rival, surface in zip(rivals, wanted, strict=True):
            assert await rival.call("release", surface=surface) == {"released": 1}
