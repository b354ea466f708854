"""An owner's participants, and where they take part: invites that a signed-in owner accepts, and how they end."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from domain.managing import read
from domain.racing import head, ledger, refusals, together
from signalbox.db.pool import Database
from signalbox.domain import members, memberships, owners, tokens
from signalbox.domain.invites import Accepted, accept_invite, look_at_invite
from signalbox.domain.members import RemoveArgs
from signalbox.domain.memberships import ParticipantArgs
from signalbox.domain.tokens import MintArgs, RotateArgs, TokenArgs
from signalbox.errors import Conflict, Forbidden, InvalidArguments, NotFound, Unauthenticated
from support import Agent, Project


async def accepted(lead: Agent, bob: int, name: str | None = "claude-1", **wish: Any) -> tuple[Agent, Accepted]:
    code = (await lead.call("create_invite", **wish))["code"]
    joined = await accept_invite(lead.database, code, bob, name)
    return Agent(lead.database, joined.token, joined.actor), joined


async def test_participants_are_listed_with_the_projects_they_are_in(
    database: Database, project: Project, other_project: Project, lead: Agent, bob: int
) -> None:
    await other_project.join("claude-1", lead=True)
    await accepted(lead, bob)
    await memberships.create_participant(database, bob, ParticipantArgs(label="idle"))

    listed = await memberships.list_owner_participants(database, bob)

    assert [one.label for one in listed] == ["claude-1", "idle"]
    assert {(one.handle, one.role) for one in listed[0].projects} == {
        (project.handle, "member"),
        (other_project.handle, "lead"),
    }
    assert listed[1].projects == []
    assert [one.label for one in await memberships.list_owner_participants(database, bob, after="claude-1")] == ["idle"]


async def test_an_invite_says_what_it_offers_and_keeps_its_use(
    database: Database, project: Project, lead: Agent
) -> None:
    invite = await lead.call("create_invite", participant_name="guest", kind="human", lane="docs", is_admin=True)

    offer = await look_at_invite(database, invite["code"])

    assert offer.model_dump(exclude_none=True, exclude={"expires_at"}) == {
        "project": "main",
        "project_handle": project.handle,
        "kind": "human",
        "lane": "docs",
        "role": "lead",
        "name": "guest",
    }
    assert await look_at_invite(database, invite["code"]) == offer


@pytest.mark.parametrize(
    ("change", "error"),
    [("revoked_at = now()", "invalid"), ("expires_at = now()", "expired"), ("uses = uses_max", "exhausted")],
)
async def test_an_invite_that_does_not_hold_says_so_and_nothing_more(
    lead: Agent, bob: int, operator: asyncpg.Connection[Any], change: str, error: str
) -> None:
    invite = await lead.call("create_invite")
    await operator.execute(f"update invites set {change} where invite_id = $1", invite["invite_id"])

    offer = await look_at_invite(lead.database, invite["code"])

    assert offer.model_dump(exclude_none=True) == {"error": error}
    with pytest.raises(NotFound if error == "invalid" else Conflict):
        await accept_invite(lead.database, invite["code"], bob, "claude-1")


@pytest.mark.parametrize("code", ["", "0" * 24, "\0" * 24, "' or true --"])
async def test_a_code_that_is_none_offers_nothing(database: Database, bob: int, code: str) -> None:
    assert (await look_at_invite(database, code)).error == "invalid"
    with pytest.raises(NotFound):
        await accept_invite(database, code, bob, "claude-1")


async def test_an_accepted_invite_lets_the_owner_s_own_participant_in(
    project: Project, other_project: Project, lead: Agent, bob: int
) -> None:
    guest, joined = await accepted(lead, bob, lane="docs")

    me = await guest.call("whoami")
    assert (me["actor"], me["project"], me["is_admin"]) == (f"{other_project.handle}/claude-1", "main", False)
    assert (joined.created, joined.participant) == (True, "claude-1")
    (event,) = await ledger(lead, type="join")
    assert event["actor"] == guest.actor
    assert joined.token not in str(event)
    await lead.call("post", to_lane="docs", body="The lane of the invite.")
    assert (await guest.call("whoami"))["_unread_posts"] == 1
    assert {one.actor: one.is_foreign for one in await read(lead, members.list_members)} == {
        project.handle: False,
        lead.actor: False,
        guest.actor: True,
    }


async def test_it_grants_no_rights_over_the_project(lead: Agent, bob: int) -> None:
    guest, _ = await accepted(lead, bob)

    with pytest.raises(Forbidden, match="only a lead"):
        await guest.call("create_invite")


async def test_a_participant_that_is_there_is_used_again(other_project: Project, lead: Agent, bob: int) -> None:
    at_home = await other_project.join("claude-1")

    guest, joined = await accepted(lead, bob)

    assert (joined.created, guest.actor) == (False, at_home.actor)
    assert (await at_home.call("whoami"))["project"] == "main"
    assert (await at_home.principal()).project_id != (await guest.principal()).project_id


async def test_a_name_of_the_project_s_own_is_no_hindrance(
    other_project: Project, lead: Agent, agent: Agent, bob: int
) -> None:
    guest, _ = await accepted(lead, bob)

    assert (agent.actor, guest.actor) != (guest.actor, agent.actor)
    assert guest.actor == f"{other_project.handle}/claude-1"
    with pytest.raises(Conflict, match="use the full name"):
        await lead.call("post", to_actor="claude-1", body="Which one?")


async def test_a_locked_name_is_one_of_the_accepting_owner(
    other_project: Project, lead: Agent, agent: Agent, bob: int
) -> None:
    guest, joined = await accepted(lead, bob, None, participant_name="claude-1")

    assert joined.actor == f"{other_project.handle}/claude-1" == guest.actor != agent.actor


async def test_a_name_is_asked_for_and_must_be_one(database: Database, lead: Agent, bob: int) -> None:
    code = (await lead.call("create_invite"))["code"]

    for name in (None, "", "Bob", "a/b"):
        with pytest.raises(InvalidArguments, match=r"^name"):
            await accept_invite(database, code, bob, name)
    assert (await accept_invite(database, code, bob, "claude-1")).created


async def test_an_owner_who_is_suspended_accepts_nothing(
    database: Database, lead: Agent, bob: int, operator: asyncpg.Connection[Any]
) -> None:
    code = (await lead.call("create_invite"))["code"]
    await operator.execute("update owners set suspended_at = now() where owner_id = $1", bob)

    with pytest.raises(Forbidden, match="suspended"):
        await accept_invite(database, code, bob, "claude-1")
    assert (await look_at_invite(database, code)).error is None


async def test_of_many_who_accept_the_last_use_one_does(workers: list[Database], lead: Agent, bob: int) -> None:
    code = (await lead.call("create_invite"))["code"]

    outcomes = await together(
        [accept_invite(workers[number % len(workers)], code, bob, f"guest-{number}") for number in range(32)]
    )

    assert [refusal.state for refusal in refusals(outcomes)] == [{"error": "exhausted"}] * 31
    assert len(await ledger(lead, type="join")) == 1


async def test_one_name_is_accepted_into_two_projects_at_once(
    workers: list[Database], lead: Agent, database: Database, bob: int
) -> None:
    carol = await owners.bootstrap_owner(database, f"carol-{lead.actor.replace('/', '-')}@example.org", None)
    where = await owners.in_project(database, carol, "main")
    second = await Project(database, where).join("lead", lead=True)
    codes = [(await boss.call("create_invite"))["code"] for boss in (lead, second)]

    outcomes = await together(
        [accept_invite(worker, code, bob, "claude-1") for worker, code in zip(workers, codes, strict=False)]
    )

    assert sorted(one.created for one in outcomes) == [False, True]


async def test_a_lead_ends_and_removes_a_foreign_member_but_gets_none_of_its_tokens(
    project: Project, lead: Agent, bob: int
) -> None:
    guest, _ = await accepted(lead, bob)
    token = (await read(lead, tokens.list_project_tokens))[0]
    before = await head(lead)

    assert token.is_foreign
    for refused in (
        lead.call("admin_rotate", participant_name=guest.actor),
        tokens.mint_token(project.database, project.owner, MintArgs(participant_name=guest.actor)),
        tokens.rotate_one(project.database, project.owner, RotateArgs(token_id=token.token_id)),
    ):
        with pytest.raises(Forbidden, match="belongs to another owner"):
            await refused
    assert await head(lead) == before
    await tokens.revoke_one(project.database, project.owner, TokenArgs(token_id=token.token_id))
    with pytest.raises(Unauthenticated):
        await guest.call("whoami")
    await members.remove_member(project.database, project.owner, RemoveArgs(participant_name=guest.actor))
    assert guest.actor not in str(await lead.call("list_participants"))


async def test_a_foreign_lead_rotates_its_own(lead: Agent, bob: int) -> None:
    guest, _ = await accepted(lead, bob, is_admin=True)

    rotated = await guest.call("admin_rotate", participant_name=guest.actor)

    assert (await Agent(lead.database, rotated["token"], guest.actor).call("whoami"))["actor"] == guest.actor


async def test_an_owner_sees_where_its_participants_take_part_and_leaves(
    project: Project, other_project: Project, lead: Agent, bob: int
) -> None:
    at_home = await other_project.join("claude-1")
    guest, _ = await accepted(lead, bob)
    await guest.call("lease", surface="src/**")

    (membership,) = await memberships.list_foreign_memberships(lead.database, bob)
    left = await memberships.leave(lead.database, bob, membership.participation_id)

    assert (membership.project, membership.project_handle, membership.actor) == ("main", project.handle, guest.actor)
    assert (left.actor, left.revoked, left.released) == (guest.actor, 1, 1)
    with pytest.raises(Unauthenticated):
        await guest.call("whoami")
    assert (await at_home.call("whoami"))["actor"] == guest.actor
    released, event = (await ledger(lead))[-2:]
    assert (released["type"], released["payload"]["reason"]) == ("release", "left")
    assert (event["type"], event["actor"]) == ("leave", guest.actor)
    assert await memberships.list_foreign_memberships(lead.database, bob) == []
    with pytest.raises(NotFound):
        await memberships.leave(lead.database, bob, membership.participation_id)


async def test_nobody_leaves_for_somebody_else_or_their_own_project(
    lead: Agent, agent: Agent, bob: int, operator: asyncpg.Connection[Any]
) -> None:
    alice: int = await operator.fetchval(
        "select owner_id from projects where project_id = $1", (await lead.principal()).project_id
    )
    guest, _ = await accepted(lead, bob)
    guest_id = (await guest.principal()).participation_id

    for owner_id, participation_id in (
        (alice, guest_id),
        (bob, (await agent.principal()).participation_id),
        (alice, (await agent.principal()).participation_id),
    ):
        with pytest.raises(NotFound):
            await memberships.leave(lead.database, owner_id, participation_id)
    assert (await guest.call("whoami"))["actor"] == guest.actor
