"""Members: who is and was in a project, with which role and lane, and how they are brought in and taken out."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from domain.managing import read
from domain.racing import at, head, ledger, refusals, together
from signalbox.db.pool import Database
from signalbox.domain import memberships
from signalbox.domain.members import (
    ChangeArgs,
    GrantArgs,
    Member,
    RemoveArgs,
    change_member,
    grant,
    list_members,
    remove_member,
)
from signalbox.domain.memberships import ParticipantArgs
from signalbox.errors import Conflict, Forbidden, NotFound, Unauthenticated
from signalbox.identity import Scope
from support import Agent, Project


async def member(lead: Agent, actor: str) -> Member:
    found: list[Member] = await read(lead, list_members)
    return next(one for one in found if one.actor == actor)


async def owner_id_of(operator: asyncpg.Connection[Any], project: Project) -> int:
    found: int = await operator.fetchval("select owner_id from projects where project_id = $1", project.project_id)
    return found


async def change(project: Project, name: str, **wish: Any) -> None:
    await change_member(project.database, project.owner, ChangeArgs(participant_name=name, **wish))


async def remove(project: Project, name: str) -> None:
    await remove_member(project.database, project.owner, RemoveArgs(participant_name=name))


async def test_everybody_who_is_and_was_in_the_project_is_listed(project: Project, lead: Agent, agent: Agent) -> None:
    await agent.call("register", lane="docs")
    await remove(project, "claude-1")

    listed: list[Member] = await read(lead, list_members)

    assert [one.actor for one in listed] == [project.handle, lead.actor, agent.actor]
    assert [one.is_owner for one in listed] == [True, False, False]
    assert [one.token_active for one in listed] == [False, True, False]
    assert [one.removed_at is None for one in listed] == [True, True, False]
    assert [one.last_seen_at is not None for one in listed] == [False, False, True]
    assert {one.is_foreign for one in listed} == {False}


async def test_members_are_listed_page_by_page(project: Project, lead: Agent, agent: Agent) -> None:
    first: list[Member] = await read(lead, list_members, limit=2)

    rest: list[Member] = await read(lead, list_members, after=first[-1].participation_id, limit=2)

    assert [one.actor for one in first + rest] == [project.handle, lead.actor, agent.actor]


async def test_a_new_participant_is_brought_in_with_a_token_that_works(project: Project, lead: Agent) -> None:
    wish = GrantArgs(participant_name="new", lane="docs", scopes=(Scope.READ,), expires_in_seconds=60)

    granted = await grant(project.database, project.owner, wish)

    new = Agent(project.database, str(granted.token), granted.actor)
    assert (await new.call("whoami"))["lane"] == "docs"
    with pytest.raises(Forbidden, match="lacks the scope"):
        await new.call("claim", sequence="adr")
    (event,) = [event for event in await ledger(lead, type="admin_provision") if event["actor"] == project.handle][-1:]
    assert event["payload"]["participant"] == new.actor
    assert event["payload"]["token_id"] == granted.token_id
    assert granted.expires_at is not None


async def test_a_participant_that_exists_is_brought_in_without_a_token(
    project: Project, lead: Agent, operator: asyncpg.Connection[Any]
) -> None:
    owner_id = await owner_id_of(operator, project)
    await memberships.create_participant(project.database, owner_id, ParticipantArgs(label="bob", kind="human"))

    granted = await grant(
        project.database, project.owner, GrantArgs(participant_name="bob", role="lead", with_token=False)
    )

    assert (granted.token, granted.token_id, granted.kind, granted.is_admin) == (None, None, "human", True)
    assert (await member(lead, granted.actor)).token_active is False


@pytest.mark.usefixtures("agent")
async def test_who_is_in_is_not_brought_in_again(project: Project) -> None:
    with pytest.raises(Conflict, match="is in this project already"):
        await grant(project.database, project.owner, GrantArgs(participant_name="claude-1"))


async def test_a_role_changes_from_the_next_call_on(project: Project, lead: Agent, agent: Agent) -> None:
    await change(project, "claude-1", role="lead")
    await agent.call("create_invite")
    await change(project, "claude-1", role="member")

    with pytest.raises(Forbidden, match="only a lead"):
        await agent.call("create_invite")
    roles = [event["payload"]["is_admin"] for event in await ledger(lead, type="change_member")]
    assert roles == [True, False]


async def test_a_lane_is_given_and_taken_away(project: Project, lead: Agent, agent: Agent) -> None:
    await change(project, "claude-1", lane="docs")
    await lead.call("post", to_lane="docs", body="To those of docs.")
    await change(project, "claude-1", lane="")
    await lead.call("post", to_lane="docs", body="To nobody any more.")

    assert (await agent.call("whoami"))["_unread_posts"] == 1
    assert (await member(lead, agent.actor)).lane is None
    lanes = [event["payload"].get("lane") for event in await ledger(lead, type="change_member")]
    assert lanes == ["docs", None]


async def test_a_lane_that_is_taken_away_stays_where_the_member_is_registered_in_it(
    project: Project, lead: Agent, agent: Agent
) -> None:
    await agent.call("register", lane="docs")
    await change(project, "claude-1", lane="docs")
    await change(project, "claude-1", lane="review")

    await lead.call("post", to_lane="docs", body="To those of docs.")

    assert (await agent.call("whoami"))["_unread_posts"] == 1


@pytest.mark.usefixtures("agent")
async def test_a_change_that_changes_nothing_is_no_event(project: Project, lead: Agent) -> None:
    before = await head(lead)

    await change(project, "claude-1", role="member", lane="")
    await change(project, "claude-1")

    assert await head(lead) == before


async def test_the_owner_stays_a_lead_and_in_the_project(project: Project, lead: Agent) -> None:
    with pytest.raises(Forbidden, match="stays its lead"):
        await change(project, project.handle, role="member")
    with pytest.raises(Forbidden, match="stays in it"):
        await remove(project, project.handle)
    await change(project, project.handle, lane="docs")
    assert (await member(lead, project.handle)).lane == "docs"


async def test_no_other_lead_changes_the_owner(project: Project, lead: Agent) -> None:
    boss = await lead.principal()

    with pytest.raises(Forbidden, match="by the owner"):
        await change_member(project.database, boss, ChangeArgs(participant_name=project.handle, lane="docs"))
    with pytest.raises(Forbidden, match="by the owner"):
        await remove_member(project.database, boss, RemoveArgs(participant_name=project.handle))


async def test_who_is_removed_is_out_at_once_and_its_history_stays(project: Project, lead: Agent, agent: Agent) -> None:
    await agent.call("register", lane="docs", status="On the cache.")
    await agent.call("lease", surface="src/a.py")
    await agent.call("lease", surface="src/b.py")
    await agent.call("release", surface="src/b.py")

    removed = await remove_member(project.database, project.owner, RemoveArgs(participant_name="claude-1"))

    assert (removed.actor, removed.revoked, removed.released) == (agent.actor, 1, 1)
    with pytest.raises(Unauthenticated):
        await agent.call("whoami")
    assert (await lead.call("who_holds"))["leases"] == []
    assert agent.actor not in str(await lead.call("who_is_active"))
    assert agent.actor not in str(await lead.call("list_participants"))
    *_, released, left = await ledger(lead)
    assert (released["type"], released["payload"]) == (
        "release",
        {"lease_id": 1, "surface": "src/a.py", "released": 1, "holder": agent.actor, "reason": "removed"},
    )
    assert (left["type"], left["payload"]) == (
        "admin_remove",
        {"participant": agent.actor, "revoked": 1, "released": 1},
    )
    assert len(await ledger(lead, actor=agent.actor)) == 4


async def test_a_removed_member_gets_no_posts_of_its_lanes(project: Project, lead: Agent) -> None:
    worker = await project.join("worker", lane="docs")
    await worker.call("register", lane="review")
    await remove(project, "worker")
    for lane in ("docs", "review"):
        await lead.call("post", to_lane=lane, body="Not for those who left.")
    await lead.call("ack", through_id=2)

    back = await grant(project.database, project.owner, GrantArgs(participant_name="worker"))

    again = Agent(project.database, str(back.token), back.actor)
    assert await again.call("read_posts", to_me=True) == {"posts": []}


@pytest.mark.usefixtures("agent")
async def test_who_is_removed_again_is_not_there(project: Project) -> None:
    await remove(project, "claude-1")

    with pytest.raises(NotFound):
        await remove(project, "claude-1")


async def test_who_comes_back_is_who_they_are_now(project: Project, lead: Agent) -> None:
    boss = await project.join("boss", lead=True)
    await remove(project, "boss")

    back = await grant(project.database, project.owner, GrantArgs(participant_name="boss"))

    assert back.is_admin is False
    with pytest.raises(Unauthenticated):
        await boss.call("whoami")
    assert (await member(lead, boss.actor)).removed_at is None


@pytest.mark.parametrize("number", range(4))
async def test_an_act_that_meets_its_removal_is_before_it_or_is_none(
    project: Project, lead: Agent, agent: Agent, workers: list[Database], number: int
) -> None:
    acts = [at(worker, agent).call("lease", surface=f"src/{place}.py") for place, worker in enumerate(workers[1:])]
    removal = remove_member(workers[0], project.owner, RemoveArgs(participant_name="claude-1"))
    calls = [*acts[: 2 * number], removal, *acts[2 * number :]]

    outcomes = await together(calls)

    assert all(isinstance(refusal, Unauthenticated) for refusal in refusals(outcomes))
    events = await ledger(lead)
    assert events[-1]["type"] == "admin_remove"
    held = sum(event["type"] == "lease" for event in events)
    assert held == len(acts) - len(refusals(outcomes)) == events[-1]["payload"]["released"]
    assert (await lead.call("who_holds"))["leases"] == []
