"""Retries are harmless: the same key gives the first answer again, and nothing happens twice."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import asyncpg
import pytest

from domain.acts import ACTS, REPEATABLE, scene
from domain.racing import answers, head, ledger, spread, together
from proofs.operators import HEAD, KEYS, SEQUENCE, holding
from signalbox.db.pool import Database
from signalbox.errors import Conflict, InvalidArguments, Unavailable
from support import Agent, Project

SECRETS = {
    "admin_provision": {"token", "setup"},
    "admin_rotate": {"token", "setup"},
    "create_invite": {"code", "redeem_url", "invite_prompt"},
}
ACT_EVENTS = {"task_ship": 2}  # one more for the task that waited


async def kept(operator: asyncpg.Connection[Any], project: Project) -> str:
    """All that a project keeps to answer retries with, as text."""
    found: str = await operator.fetchval(
        "select coalesce(string_agg(k::text, ' '), '') from idempotency_keys k where project_id = $1",
        project.project_id,
    )
    return found


def test_every_tool_with_a_key_is_tried_here() -> None:
    assert set(REPEATABLE) == set(ACTS)


@pytest.mark.parametrize("tool", REPEATABLE)
async def test_the_same_key_gives_the_first_answer_and_no_second_event(project: Project, tool: str) -> None:
    lead = await scene(project)
    before = await head(lead)

    first = await lead.call(tool, **ACTS[tool].arguments, idempotency_key="k")
    after = await head(lead)
    again = await lead.call(tool, **ACTS[tool].arguments, idempotency_key="k")

    secrets = SECRETS.get(tool, set())
    assert secrets <= set(first)
    assert after == await head(lead) == before + ACT_EVENTS.get(tool, 1)
    if secrets:
        assert again.pop("secret_shown_before") is True
        assert again.pop("next")
    assert again == {field: value for field, value in first.items() if field not in secrets}


@pytest.mark.parametrize("tool", REPEATABLE)
async def test_the_same_key_with_other_arguments_is_a_conflict(project: Project, tool: str) -> None:
    lead = await scene(project)
    await lead.call(tool, **ACTS[tool].arguments, idempotency_key="k")
    before = await head(lead)

    with pytest.raises(Conflict, match="used with other arguments"):
        await lead.call(tool, **ACTS[tool].others, idempotency_key="k")
    assert await head(lead) == before


@pytest.mark.parametrize("tool", REPEATABLE)
async def test_retries_at_once_are_one_act(project: Project, workers: list[Database], tool: str) -> None:
    lead = await scene(project)
    before = await head(lead)

    callers = spread(lead, workers, 6)
    outcomes = await together([caller.call(tool, **ACTS[tool].arguments, idempotency_key="k") for caller in callers])

    given = answers(outcomes)
    assert len(given) == 6
    assert await head(lead) == before + ACT_EVENTS.get(tool, 1)
    assert sum(SECRETS.get(tool, {"nothing"}) <= set(answer) for answer in given) == (tool in SECRETS)
    hidden = {*SECRETS.get(tool, set()), "secret_shown_before", "next"}
    shown = [{field: value for field, value in answer.items() if field not in hidden} for answer in given]
    assert shown == [shown[0]] * 6


@pytest.mark.parametrize("tool", list(SECRETS))
async def test_secrets_are_never_kept(project: Project, operator: asyncpg.Connection[Any], tool: str) -> None:
    lead = await scene(project)

    first = await lead.call(tool, **ACTS[tool].arguments, idempotency_key="k")

    secret = first.get("token") or first["code"]
    text = await kept(operator, project)
    assert tool in text
    assert secret not in text
    assert secret not in str(await lead.call(tool, **ACTS[tool].arguments, idempotency_key="k"))


async def test_defaults_spelled_out_are_the_same_arguments(agent: Agent) -> None:
    first = await agent.call("lease", surface="src/app.py", idempotency_key="k")

    again = await agent.call("lease", surface="./src/app.py", ttl_seconds=1800, note=None, idempotency_key="k")

    assert again == first


async def test_an_argument_added_later_does_not_change_what_was_asked_before(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    await agent.call("lease", surface="src/app.py", ttl_seconds=1800, idempotency_key="k")

    kept_hash = await operator.fetchval(
        "select arguments_hash from idempotency_keys where project_id = $1", project.project_id
    )

    assert kept_hash == hashlib.sha256(b'{"surface": "src/app.py"}').digest()


async def test_without_a_key_nothing_is_kept(project: Project, agent: Agent, operator: asyncpg.Connection[Any]) -> None:
    numbers = [(await agent.call("claim", sequence="adr"))["number"] for _ in range(2)]

    assert numbers == [1, 2]
    assert await kept(operator, project) == ""


async def test_a_refusal_is_not_kept(project: Project, agent: Agent, operator: asyncpg.Connection[Any]) -> None:
    await agent.call("task_create", title="Ship it")
    with pytest.raises(Conflict, match="task 1 is open"):
        await agent.call("task_start", task_id=1, idempotency_key="k")
    assert await kept(operator, project) == ""
    await agent.call("task_assign", task_id=1, owner=agent.actor)

    started = await agent.call("task_start", task_id=1, idempotency_key="k")

    assert started["status"] == "in_progress"


async def test_a_key_is_the_caller_s_own(agent: Agent, peer: Agent) -> None:
    mine = await agent.call("claim", sequence="adr", idempotency_key="k")
    theirs = await peer.call("claim", sequence="adr", idempotency_key="k")
    of_another_sequence = await peer.call("claim", sequence="port", idempotency_key="k2")

    assert [mine["number"], theirs["number"], of_another_sequence["number"]] == [1, 2, 1]


async def test_a_key_is_one_per_tool(agent: Agent) -> None:
    await agent.call("lease", surface="src/app.py", idempotency_key="k")

    released = await agent.call("release", surface="src/app.py", idempotency_key="k")

    assert released == {"released": 1}


async def test_a_key_outlives_the_token_it_came_with(project: Project, agent: Agent, lead: Agent) -> None:
    first = await agent.call("claim", sequence="adr", idempotency_key="k")
    await lead.call("admin_revoke", participant_name="claude-1")
    renewed = await project.join("claude-1")

    assert await renewed.call("claim", sequence="adr", idempotency_key="k") == first


async def test_a_key_is_forgotten_after_a_day(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    await agent.call("claim", sequence="adr", idempotency_key="old")
    await agent.call("claim", sequence="adr", idempotency_key="k")
    age = "update idempotency_keys set created_at = created_at - $2::interval where project_id = $1"
    await operator.execute(age.replace("$2", "'23:59:00'"), project.project_id)
    within = await agent.call("claim", sequence="adr", idempotency_key="k")
    await operator.execute(age.replace("$2", "'00:01:00'"), project.project_id)

    later = await agent.call("claim", sequence="port", idempotency_key="k")

    assert within["number"] == 2
    assert later == {"sequence": "port", "number": 1, "formatted": "1"}
    assert "old" not in await kept(operator, project)


async def test_a_call_that_a_deadlock_ended_is_to_be_repeated(
    project: Project, agent: Agent, database_url: str
) -> None:
    """Acts do not deadlock with each other, but what an operator locks by hand knows no order."""
    await agent.call("claim", sequence="adr")
    async with (
        holding(database_url, SEQUENCE, project.project_id, "adr") as sequence,
        holding(database_url, KEYS) as keys,
    ):
        claiming = asyncio.create_task(agent.call("claim", sequence="adr", idempotency_key="k"))
        await keys.until_waited_for()
        asking = asyncio.create_task(sequence.lock_more(HEAD, project.project_id))
        await sequence.until_it_waits()
        await keys.let_go()
        with pytest.raises(Unavailable, match="with the same idempotency_key"):
            await claiming
        await asking

    assert (await agent.call("claim", sequence="adr", idempotency_key="k"))["number"] == 2


async def test_what_is_unread_is_never_kept(agent: Agent, peer: Agent) -> None:
    first = await agent.call("claim", sequence="adr", idempotency_key="k")
    await peer.call("post", to_actor=agent.actor, body="Look.")

    again = await agent.call("claim", sequence="adr", idempotency_key="k")

    assert again == first | {"_unread_posts": 1}


async def test_keys_of_another_project_are_other_keys(agent: Agent, other_project: Project) -> None:
    stranger = await other_project.join("claude-1")
    await agent.call("claim", sequence="adr", idempotency_key="k")

    assert (await stranger.call("claim", sequence="port", idempotency_key="k"))["number"] == 1


@pytest.mark.parametrize("key", ["", "x" * 65, "a\nb", "\x00", "\ud800"])
async def test_a_key_is_one_short_line(agent: Agent, key: str) -> None:
    with pytest.raises(InvalidArguments, match="idempotency_key"):
        await agent.call("claim", sequence="adr", idempotency_key=key)

    assert await ledger(agent, type="claim") == []
