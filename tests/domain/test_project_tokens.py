"""Tokens of a project, one by one, as its leads see and change them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from pydantic import ValidationError

from domain.managing import read
from domain.racing import answers, ledger, refusals, together
from signalbox.db.pool import Database
from signalbox.domain.tokens import (
    MintArgs,
    ProjectToken,
    RotateArgs,
    TokenArgs,
    list_project_tokens,
    mint_token,
    revoke_one,
    rotate_one,
)
from signalbox.errors import Conflict, Forbidden, TooMany, Unauthenticated
from signalbox.identity import Scope, token_hash
from support import Agent, Project


async def listed(lead: Agent) -> list[ProjectToken]:
    found: list[ProjectToken] = await read(lead, list_project_tokens)
    return found


async def test_tokens_are_listed_newest_first_without_their_secrets(lead: Agent, agent: Agent) -> None:
    found = await listed(lead)

    assert [(token.actor, token.state) for token in found] == [(agent.actor, "active"), (lead.actor, "active")]
    shown = str(found)
    for secret in (agent.token, token_hash(agent.token).hex()):
        assert secret not in shown


async def test_tokens_are_listed_page_by_page(lead: Agent, agent: Agent) -> None:
    first: list[ProjectToken] = await read(lead, list_project_tokens, limit=1)

    rest: list[ProjectToken] = await read(lead, list_project_tokens, before=first[0].token_id, limit=1)

    assert [token.actor for token in first + rest] == [agent.actor, lead.actor]


async def test_tokens_of_another_project_are_not_listed(lead: Agent, other_project: Project) -> None:
    await other_project.join("claude-1")
    other = other_project.owner

    assert await read(lead, list_project_tokens, who=other) == []
    assert len(await listed(lead)) == 1


async def test_a_minted_token_is_as_narrow_and_short_lived_as_asked_for(
    project: Project, lead: Agent, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    before = datetime.now(UTC)
    wish = MintArgs(participant_name="claude-1", scopes=(Scope.READ,), expires_in_seconds=3600)

    minted = await mint_token(project.database, project.owner, wish)

    second = Agent(project.database, str(minted.token), minted.actor)
    assert (await second.call("whoami"))["actor"] == agent.actor == minted.actor
    with pytest.raises(Forbidden, match="lacks the scope"):
        await second.call("claim", sequence="adr")
    assert minted.expires_at is not None
    assert abs(minted.expires_at - before - timedelta(hours=1)) < timedelta(minutes=1)
    (event,) = await ledger(lead, type="admin_mint")
    assert event["payload"]["token_id"] == minted.token_id
    assert event["payload"]["scopes"] == ["read"]
    await operator.execute("update tokens set expires_at = now() where token_id = $1", minted.token_id)
    with pytest.raises(Unauthenticated):
        await second.call("whoami")
    assert [token.state for token in await listed(lead)][:1] == ["expired"]


@pytest.mark.parametrize("wish", [{"scopes": []}, {"scopes": ["all"]}, {"expires_in_seconds": 0}, {"token": "sbx_x"}])
def test_what_no_token_can_be_is_refused(wish: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MintArgs.model_validate({"participant_name": "claude-1"} | wish)


def test_scopes_are_read_off_a_form() -> None:
    args = MintArgs.model_validate({"participant_name": "claude-1", "scopes": ["read", "write"]})

    assert args.scopes == (Scope.READ, Scope.WRITE)


async def test_a_member_has_a_hundred_tokens_that_hold_at_most(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    fill = (
        "insert into tokens (token_hash, participation_id, scopes)"
        " select sha256(convert_to($1::bigint::text || '-' || n, 'UTF8')), $1, '{read}' from generate_series(1, 99) n"
    )
    await operator.execute(fill, (await agent.principal()).participation_id)

    with pytest.raises(TooMany, match="100 tokens"):
        await mint_token(project.database, project.owner, MintArgs(participant_name="claude-1"))


async def test_a_rotated_token_is_shown_as_replaced_and_is_not_rotated_again(
    project: Project, lead: Agent, agent: Agent
) -> None:
    old = (await listed(lead))[0]

    rotated = await rotate_one(project.database, project.owner, RotateArgs(token_id=old.token_id, overlap_seconds=3600))

    assert (await agent.call("whoami"))["actor"] == agent.actor
    assert rotated.token is not None
    assert [token.state for token in await listed(lead)] == ["active", "replaced", "active"]
    with pytest.raises(Conflict, match="rotated already"):
        await rotate_one(project.database, project.owner, RotateArgs(token_id=old.token_id))


async def test_a_rotated_token_lives_as_long_as_the_one_it_replaces(project: Project, agent: Agent) -> None:
    wish = MintArgs(participant_name=agent.actor, expires_in_seconds=3600)
    minted = await mint_token(project.database, project.owner, wish)

    rotated = await rotate_one(project.database, project.owner, RotateArgs(token_id=minted.token_id))

    assert rotated.expires_at is not None
    assert minted.expires_at is not None
    assert abs(rotated.expires_at - minted.expires_at) < timedelta(minutes=1)


async def test_of_many_who_rotate_one_token_one_gets_the_new_one(
    project: Project, lead: Agent, agent: Agent, workers: list[Database]
) -> None:
    old = (await listed(lead))[0]
    args = RotateArgs(token_id=old.token_id, overlap_seconds=60)

    outcomes = await together([rotate_one(worker, project.owner, args) for worker in workers])

    (won,) = answers(outcomes)
    assert {type(refusal) for refusal in refusals(outcomes)} == {Conflict}
    assert [token.token_id for token in await listed(lead) if token.actor == agent.actor] == [
        won.token_id,  # type: ignore[attr-defined]
        old.token_id,
    ]


async def test_no_other_lead_makes_or_ends_tokens_of_the_owner(project: Project, lead: Agent) -> None:
    boss = await lead.principal()
    own = await mint_token(project.database, project.owner, MintArgs(participant_name=project.handle))

    with pytest.raises(Forbidden, match="by the owner"):
        await mint_token(project.database, boss, MintArgs(participant_name=project.handle))
    with pytest.raises(Forbidden, match="by the owner"):
        await rotate_one(project.database, boss, RotateArgs(token_id=own.token_id))
    with pytest.raises(Forbidden, match="by the owner"):
        await revoke_one(project.database, boss, TokenArgs(token_id=own.token_id))
    assert (await Agent(project.database, str(own.token), own.actor).call("whoami"))["actor"] == project.handle
