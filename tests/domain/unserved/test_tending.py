"""Tending: what the silent and the gone had is open again, what the active hold is renewed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import asyncpg
import pytest

from domain.racing import at, head, ledger, together
from domain.test_next_tasks import make, taken, whole
from signalbox.config import Settings
from signalbox.db.pool import Database
from signalbox.domain import members, tending
from signalbox.domain.members import RemoveArgs
from support import Agent, Project

SURFACE = "src/app.py"


@pytest.fixture
def tended(settings: Settings) -> Settings:
    return settings.model_copy(update={"task_silence_minutes": 60, "lease_renew_seconds": 300})


async def fall_silent(operator: asyncpg.Connection[Any], agent: Agent, minutes: int = 61) -> None:
    """As if an agent had called last so many minutes ago, and all its tasks had stood still since."""
    who = await agent.principal()
    await operator.execute(
        "insert into presence (project_id, participation_id, last_seen_at)"
        " values ($1, $2, now() - $3 * interval '1 minute')"
        " on conflict on constraint presence_pkey do update set last_seen_at = excluded.last_seen_at",
        who.project_id,
        who.participation_id,
        minutes,
    )
    await operator.execute(
        "update tasks set updated_at = updated_at - $3 * interval '1 minute' where project_id = $1 and owner_id = $2",
        who.project_id,
        who.participation_id,
        minutes,
    )


async def let_nearly_end(operator: asyncpg.Connection[Any], project: Project, seconds: int = 90) -> None:
    await operator.execute(
        "update leases set expires_at = now() + $2 * interval '1 second' where project_id = $1 and released_at is null",
        project.project_id,
        seconds,
    )


async def test_tasks_of_a_silent_agent_are_open_again(
    project: Project, agent: Agent, peer: Agent, operator: asyncpg.Connection[Any], tended: Settings
) -> None:
    for state in ("assigned", "in_progress", "blocked"):
        task_id = await make(peer, owner=agent.actor)
        if state != "assigned":
            await agent.call("task_start", task_id=task_id)
        if state == "blocked":
            await agent.call("task_block", task_id=task_id, reason="Waiting.")
    await fall_silent(operator, agent)

    await tending.tend_work(project.database, tended)

    statuses = [(task["status"], task.get("owner")) for task in (await peer.call("list_tasks"))["tasks"]]
    assert statuses == [("open", None)] * 3
    events = await ledger(peer, type="task_release")
    assert [(event["actor"], event["payload"]) for event in events] == [
        (
            agent.actor,
            {"task_id": task_id, "status": "open", "from": agent.actor, "reason": "silent for 60 minutes"},
        )
        for task_id in (1, 2, 3)
    ]
    assert [await taken(peer) for _ in range(3)] == [1, 2, None], "what is blocked waits on"


@pytest.mark.parametrize("sign", ["a call", "a stream", "a new task", "people", "the setting"])
async def test_tasks_of_others_stay(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any], tended: Settings, sign: str
) -> None:
    await make(agent, owner=agent.actor)
    await fall_silent(operator, agent, minutes=1000)
    who = await agent.principal()
    if sign == "a call":
        await fall_silent(operator, agent, minutes=59)
    elif sign == "a stream":
        await operator.execute(
            "update presence set reach = 'stream', reach_at = now() where participation_id = $1", who.participation_id
        )
    elif sign == "a new task":
        await operator.execute("update tasks set updated_at = now() where project_id = $1", project.project_id)
    elif sign == "people":
        await operator.execute(
            "update participants set kind = 'human' where participant_id ="
            " (select participant_id from participations where participation_id = $1)",
            who.participation_id,
        )
    else:
        tended = tended.model_copy(update={"task_silence_minutes": 0})
    before = await head(agent)

    await tending.tend_work(project.database, tended)

    assert (await whole(agent, 1))["status"] == "assigned"
    assert await head(agent) == before


async def test_tasks_of_who_left_are_open_again_whatever_the_setting(
    project: Project, lead: Agent, agent: Agent, settings: Settings
) -> None:
    await make(agent, owner=agent.actor)
    await members.remove_member(lead.database, await lead.principal(), RemoveArgs(participant_name="claude-1"))

    await tending.tend_work(project.database, settings.model_copy(update={"task_silence_minutes": 0}))

    assert (await whole(lead, 1))["status"] == "open"
    assert (await ledger(lead, type="task_release"))[0]["payload"]["reason"] == "not in the project any more"


async def test_several_who_tend_at_once_open_each_task_once(
    agent: Agent, operator: asyncpg.Connection[Any], tended: Settings, workers: list[Database]
) -> None:
    for _ in range(5):
        await make(agent, owner=agent.actor)
    await fall_silent(operator, agent)

    await together([tending.tend_work(worker, tended) for worker in workers])

    assert len(await ledger(agent, type="task_release")) == 5


async def test_giving_back_and_shipping_at_once_leave_one_truth(
    agent: Agent, operator: asyncpg.Connection[Any], tended: Settings, workers: list[Database]
) -> None:
    for _ in range(5):
        task_id = await make(agent)
        await taken(agent)
        await fall_silent(operator, agent)

        await together(
            [tending.tend_work(workers[0], tended), at(workers[1], agent).call("task_ship", task_id=task_id)]
        )

        ended = await whole(agent, task_id)
        assert [event["payload"].get("status") for event in ended["history"]][-1] == ended["status"]
        if ended["status"] == "open":
            await agent.call("task_cancel", task_id=task_id)


async def test_what_is_many_is_done_in_steps(
    project: Project,
    agent: Agent,
    operator: asyncpg.Connection[Any],
    tended: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tending, "EACH_MAX", 2)
    for _ in range(5):
        await make(agent, owner=agent.actor)
    await fall_silent(operator, agent)

    assert await tending.tend_work(project.database, tended) == 3
    assert len((await agent.call("list_tasks", ready=True))["tasks"]) == 5


async def test_an_archived_project_is_left_alone(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any], tended: Settings
) -> None:
    await make(agent, owner=agent.actor)
    await fall_silent(operator, agent)
    archive = "update projects set archived_at = {} where project_id = $1"
    await operator.execute(archive.format("now()"), project.project_id)

    assert await tending.tend_work(project.database, tended) == 0
    await operator.execute(archive.format("null"), project.project_id)
    assert (await whole(agent, 1))["status"] == "assigned"


async def test_a_lease_about_to_end_is_renewed_while_its_holder_is_active(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any], tended: Settings
) -> None:
    leased = await agent.call("lease", surface=SURFACE, ttl_seconds=600, note="Refactoring.", mode="shared")
    await fall_silent(operator, agent, minutes=4)
    await let_nearly_end(operator, project)

    await tending.tend_work(project.database, tended)

    (held,) = (await agent.call("who_holds"))["leases"]
    assert 500 < held["expires_in_seconds"] <= 600
    assert (held["lease_id"], held["fence"]) == (leased["lease_id"], leased["fence"])
    event = (await ledger(agent, type="lease"))[-1]
    assert event["actor"] == agent.actor
    assert datetime.fromisoformat(event["payload"].pop("expires_at")) == datetime.fromisoformat(held["expires_at"])
    assert event["payload"] == {
        "lease_id": 1,
        "surface": SURFACE,
        "mode": "shared",
        "note": "Refactoring.",
        "renewed": True,
    }


@pytest.mark.parametrize("why", ["silent", "waited for", "time", "over", "the setting"])
async def test_other_leases_run_out(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any], tended: Settings, why: str
) -> None:
    await agent.call("lease", surface=SURFACE)
    await fall_silent(operator, agent, minutes=6 if why == "silent" else 0)
    await let_nearly_end(operator, project, {"time": 130, "over": -1}.get(why, 90))
    if why == "waited for":
        await (await project.join("codex-1")).call("lease", surface="src/**", queue=True)
    elif why == "the setting":
        tended = tended.model_copy(update={"lease_renew_seconds": 0})
    before = await head(agent)

    await tending.tend_work(project.database, tended)

    assert await head(agent) == before


async def test_leases_are_renewed_by_nobody_unless_the_operator_says_so(settings: Settings) -> None:
    assert settings.lease_renew_seconds == 0
    assert settings.task_silence_minutes == 240
