"""Tokens one by one, for those who run the server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from domain.racing import head, ledger
from signalbox.db.pool import Database
from signalbox.domain import tokens
from signalbox.domain.tokens import Token
from signalbox.errors import Conflict, Forbidden, NotFound, Unauthenticated
from signalbox.identity import Scope, token_hash
from support import Agent, Project, make_project


@pytest.fixture
async def project(database: Database) -> Project:
    """A project with a name of its own: the operator's lists go by name."""
    return await make_project(database, f"p{uuid4().hex[:12]}")


async def token_of(project: Project, agent: Agent) -> Token:
    """The newest token of an agent, as the operator sees it."""
    found = await tokens.list_tokens(project.database, project.owner.project, None)
    return [token for token in found if token.actor == agent.actor][-1]


async def test_tokens_are_listed_without_their_secrets(project: Project, lead: Agent, agent: Agent) -> None:
    listed = await tokens.list_tokens(project.database, project.owner.project, None)

    assert [(token.actor, token.role) for token in listed] == [(lead.actor, "lead"), (agent.actor, "member")]
    assert {scope for token in listed for scope in token.scopes} == {"read", "write", "manage"}
    shown = str([token.model_dump(mode="json") for token in listed])
    for secret in (agent.token, token_hash(agent.token).hex()):
        assert secret not in shown


async def test_a_list_goes_on_after_an_id(project: Project, lead: Agent, agent: Agent) -> None:
    first = await token_of(project, lead)

    rest = await tokens.list_tokens(project.database, project.owner.project, first.token_id)

    assert [token.actor for token in rest] == [agent.actor]


async def test_a_page_has_two_hundred_tokens_at_most(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    fill = (
        "insert into tokens (token_hash, participation_id, scopes)"
        " select sha256(convert_to($1::bigint::text || '-' || n, 'UTF8')), $1, '{read}' from generate_series(1, 250) n"
    )
    await operator.execute(fill, (await agent.principal()).participation_id)

    page = await tokens.list_tokens(project.database, project.owner.project, None)
    rest = await tokens.list_tokens(project.database, project.owner.project, page[-1].token_id)

    assert [len(page), len(rest)] == [200, 51]


async def test_a_token_s_state_is_one_word(project: Project, agent: Agent) -> None:
    token = await token_of(project, agent)
    now = datetime.now(UTC)
    ended = token.model_copy(update={"expires_at": now})

    assert token.state(now) == "active"
    assert ended.state(now) == "expired"
    assert ended.state(now - timedelta(seconds=1)) == "active"
    assert ended.model_copy(update={"revoked_at": now}).state(now) == "revoked"


async def test_a_revoked_token_ends_and_the_others_hold(project: Project, agent: Agent) -> None:
    token = await token_of(project, agent)
    second = await project.join("claude-1")

    changed = await tokens.revoke(project.database, token.token_id)

    assert (changed.token_id, changed.actor, changed.revoked) == (token.token_id, agent.actor, 1)
    with pytest.raises(Unauthenticated):
        await agent.call("whoami")
    assert (await second.call("whoami"))["actor"] == agent.actor


async def test_revoking_again_changes_nothing(project: Project, lead: Agent, agent: Agent) -> None:
    token = await token_of(project, agent)
    await tokens.revoke(project.database, token.token_id)
    before = await head(lead)

    again = await tokens.revoke(project.database, token.token_id)

    assert again.revoked == 0
    assert await head(lead) == before


async def test_a_change_of_a_token_is_an_event_of_the_owner(project: Project, lead: Agent, agent: Agent) -> None:
    token = await token_of(project, agent)
    rotated = await tokens.rotate(project.database, token.token_id, 60)
    await tokens.revoke(project.database, token.token_id)

    events = await ledger(lead, actor=project.handle)
    assert [(event["type"], event["payload"]) for event in events[-2:]] == [
        ("admin_rotate", {"participant": agent.actor, "token_id": token.token_id, "overlap_seconds": 60}),
        ("admin_revoke", {"participant": agent.actor, "token_id": token.token_id, "revoked": 1}),
    ]
    assert str(rotated.token) not in str(events)


async def test_a_rotated_token_ends_at_once_without_an_overlap(project: Project, agent: Agent) -> None:
    token = await token_of(project, agent)

    rotated = await tokens.rotate(project.database, token.token_id, 0)

    with pytest.raises(Unauthenticated):
        await agent.call("whoami")
    assert rotated.token_id > token.token_id
    assert (await Agent(project.database, str(rotated.token), "").call("whoami"))["actor"] == agent.actor


async def test_both_tokens_hold_for_the_overlap_and_then_the_new_one(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    token = await token_of(project, agent)

    rotated = await tokens.rotate(project.database, token.token_id, 3600)

    renewed = Agent(project.database, str(rotated.token), agent.actor)
    assert await agent.call("whoami") == await renewed.call("whoami")
    await operator.execute(
        "update tokens set expires_at = expires_at - interval '1 hour' where token_id = $1", token.token_id
    )
    with pytest.raises(Unauthenticated):
        await agent.call("whoami")
    assert (await renewed.call("claim", sequence="adr"))["number"] == 1


async def test_an_overlap_never_makes_a_token_hold_longer(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    token = await token_of(project, agent)
    soon = datetime.now(UTC) + timedelta(minutes=1)
    await operator.execute("update tokens set expires_at = $2 where token_id = $1", token.token_id, soon)

    await tokens.rotate(project.database, token.token_id, 3600)

    (old,) = [
        listed
        for listed in await tokens.list_tokens(project.database, project.owner.project, None)
        if listed.token_id == token.token_id
    ]
    assert old.expires_at == soon


async def test_a_rotated_token_keeps_its_scopes(project: Project) -> None:
    reader = await project.join("reader", scopes=frozenset({Scope.READ}))
    token = await token_of(project, reader)

    rotated = await tokens.rotate(project.database, token.token_id, 0)

    with pytest.raises(Forbidden, match="lacks the scope"):
        await Agent(project.database, str(rotated.token), "").call("claim", sequence="adr")


async def test_a_revoked_token_is_not_rotated(project: Project, agent: Agent) -> None:
    token = await token_of(project, agent)
    await tokens.revoke(project.database, token.token_id)

    with pytest.raises(Conflict, match="revoked already"):
        await tokens.rotate(project.database, token.token_id, 0)


async def test_a_token_that_is_not_there_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound, match="no token"):
        await tokens.revoke(database, 2**53)
    with pytest.raises(NotFound, match="no token"):
        await tokens.rotate(database, 2**53, 0)


async def test_whether_somebody_ever_had_a_token_is_known(project: Project, agent: Agent) -> None:
    await tokens.revoke(project.database, (await token_of(project, agent)).token_id)

    assert await tokens.was_ever_given(project.database, project.owner, "claude-1")
    assert not await tokens.was_ever_given(project.database, project.owner, "codex-1")
