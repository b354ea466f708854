"""Invites as leads manage them, and what a code that was revoked has in common with one that never was."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import asyncpg
import pytest

from domain.managing import read
from domain.racing import WAIT_SECONDS_MAX, ledger, somebody_waits, together
from signalbox.db.pool import Database
from signalbox.domain import invites
from signalbox.domain.invites import ListedInvite, RevokeInviteArgs, list_invites, revoke_invite
from signalbox.errors import NotFound
from support import Agent, Project


async def revoke(project: Project, invite_id: int) -> int:
    revoked = await revoke_invite(project.database, project.owner, RevokeInviteArgs(invite_id=invite_id))
    return revoked.revoked


async def listed(lead: Agent, **page: Any) -> list[ListedInvite]:
    found: list[ListedInvite] = await read(lead, list_invites, **page)
    return found


async def test_invites_are_listed_newest_first_with_their_state(
    project: Project, lead: Agent, operator: asyncpg.Connection[Any]
) -> None:
    made = [
        await lead.call("create_invite", participant_name=name, lane="docs", is_admin=name is None)
        for name in (None, "expired", "used", "revoked")
    ]
    await operator.execute("update invites set expires_at = now() where invite_id = $1", made[1]["invite_id"])
    await invites.redeem(project.database, made[2]["code"], None)
    await revoke(project, made[3]["invite_id"])

    found = await listed(lead)

    assert [(invite.name, invite.state) for invite in found] == [
        ("revoked", "revoked"),
        ("used", "used"),
        ("expired", "expired"),
        (None, "open"),
    ]
    assert [(invite.uses, invite.uses_max, invite.role, invite.lane) for invite in found[2:]] == [
        (0, 1, "member", "docs"),
        (0, 1, "lead", "docs"),
    ]
    assert {invite.created_by for invite in found} == {lead.actor}
    for code in (invite["code"] for invite in made):
        assert code not in str(found)
        assert hashlib.sha256(code.encode()).hexdigest() not in str(found)


async def test_invites_are_listed_page_by_page_and_not_those_of_others(lead: Agent, other_project: Project) -> None:
    made = [(await lead.call("create_invite"))["invite_id"] for _ in range(3)]
    await (await other_project.join("lead", lead=True)).call("create_invite")

    first = await listed(lead, limit=2)
    rest = await listed(lead, before=first[-1].invite_id)

    assert [invite.invite_id for invite in first + rest] == made[::-1]


async def test_revoking_an_invite_is_an_event_and_again_is_none(project: Project, lead: Agent) -> None:
    invite = await lead.call("create_invite")

    assert [await revoke(project, invite["invite_id"]) for _ in range(2)] == [1, 0]

    (event,) = await ledger(lead, type="revoke_invite")
    assert event["payload"] == {"invite_id": invite["invite_id"], "revoked": 1}
    assert (await invites.redeem(project.database, invite["code"], "guest")).answer["error"] == "invalid"


async def test_an_invite_that_is_not_there_is_not_found(project: Project) -> None:
    with pytest.raises(NotFound, match="no invite"):
        await revoke(project, 2**53 - 1)


async def test_who_has_joined_stays(project: Project, lead: Agent) -> None:
    invite = await lead.call("create_invite", uses=2)
    joined = await invites.redeem(project.database, invite["code"], "guest")

    await revoke(project, invite["invite_id"])

    guest = Agent(project.database, joined.answer["token"], joined.answer["actor"])
    assert (await guest.call("whoami"))["label"] == "guest"


@pytest.mark.parametrize("kind", ["unknown", "revoked", "of an archived project"])
async def test_a_code_that_does_not_hold_is_answered_without_a_wait_for_the_project(
    project: Project, lead: Agent, operator: asyncpg.Connection[Any], kind: str
) -> None:
    invite = await lead.call("create_invite")
    code = "0" * 24 if kind == "unknown" else invite["code"]
    if kind == "revoked":
        await revoke(project, invite["invite_id"])
    elif kind != "unknown":
        await operator.execute("update projects set archived_at = now() where project_id = $1", project.project_id)
    async with operator.transaction():
        await operator.execute("select from ledgers where project_id = $1 for update", project.project_id)

        async with asyncio.timeout(WAIT_SECONDS_MAX):
            joined = await invites.redeem(project.database, code, "guest")

    assert (joined.status, joined.answer) == (404, {"ok": False, "error": "invalid"})


async def test_a_code_that_holds_does_wait_for_the_project(
    project: Project, lead: Agent, operator: asyncpg.Connection[Any]
) -> None:
    """So the test above can fail; and an invite that is revoked during the wait is none after it."""
    invite = await lead.call("create_invite")
    async with operator.transaction():
        await operator.execute("select from ledgers where project_id = $1 for update", project.project_id)
        waiting = asyncio.create_task(invites.redeem(project.database, invite["code"], "guest"))
        await somebody_waits(operator)
        await operator.execute("update invites set revoked_at = now() where invite_id = $1", invite["invite_id"])
    joined = await asyncio.wait_for(waiting, WAIT_SECONDS_MAX)

    assert (joined.status, joined.answer["error"]) == (404, "invalid")


async def test_a_redemption_that_meets_the_revocation_is_before_it_or_is_none(
    project: Project, lead: Agent, workers: list[Database]
) -> None:
    invite = await lead.call("create_invite", uses=50)
    calls = [invites.redeem(worker, invite["code"], f"guest-{place}") for place, worker in enumerate(workers[1:])]
    revocation = revoke_invite(workers[0], project.owner, RevokeInviteArgs(invite_id=invite["invite_id"]))

    outcomes = await together([*calls[:4], revocation, *calls[4:]])

    joined = [one.status for one in outcomes if hasattr(one, "status")]
    assert set(joined) <= {200, 404}
    events = [event["type"] for event in await ledger(lead)]
    assert events[-1] == "revoke_invite"
    assert events.count("join") == joined.count(200)
