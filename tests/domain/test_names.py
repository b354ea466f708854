"""Names: a participant changes its own, the old one goes on meaning it, and nobody takes one over."""

from __future__ import annotations

import pytest

from domain.racing import ledger
from domain.test_memberships import accepted
from domain.test_presence import active, unread
from domain.test_projects import owner_of
from signalbox.db.pool import Database
from signalbox.domain import memberships, owners, participants, projects, tokens
from signalbox.domain.invites import redeem
from signalbox.domain.memberships import ParticipantArgs
from signalbox.domain.participants import ProvisionArgs
from signalbox.errors import Conflict, InvalidArguments, NotFound, TooMany
from support import Agent, Project


async def test_a_participant_changes_its_own_name(agent: Agent, peer: Agent) -> None:
    handle = agent.actor.partition("/")[0]

    renamed = await agent.call("rename", label="cache-1")

    assert renamed == {"actor": f"{handle}/cache-1", "was": f"{handle}/claude-1"}
    assert (await agent.call("whoami"))["actor"] == f"{handle}/cache-1"
    await agent.call("register", lane="backend")
    assert await active(peer) == [f"{handle}/cache-1"]


async def test_the_old_name_goes_on_meaning_it(agent: Agent, peer: Agent) -> None:
    handle = agent.actor.partition("/")[0]
    await agent.call("rename", label="cache-1")

    for name in ("claude-1", "Claude-1", agent.actor, "cache-1", f"{handle}/cache-1"):
        await peer.call("post", to_actor=name, body="Look.")
    await peer.call("task_create", title="Yours", owner="claude-1")

    posts = (await agent.call("read_posts"))["posts"]
    assert {post["to_actor"] for post in posts} == {f"{handle}/cache-1"}
    assert await unread(agent) == [5, 4, 3, 2, 1]
    (task,) = (await peer.call("list_tasks", owner="claude-1"))["tasks"]
    assert task["owner"] == f"{handle}/cache-1"


async def test_posts_that_wait_under_the_old_name_stay_and_are_answered(agent: Agent, peer: Agent) -> None:
    await peer.call("post", to_actor="claude-1", body="A question.")
    await agent.call("rename", label="cache-1")

    await agent.call("post", reply_to=1, body="An answer.")
    await peer.call("post", reply_to=1, body="One more thing.")

    assert await unread(agent) == [3, 1]
    assert await unread(peer) == [2]


async def test_what_happened_keeps_its_name_and_is_found_by_both(agent: Agent, peer: Agent) -> None:
    await agent.call("claim", sequence="adr")
    renamed = await agent.call("rename", label="cache-1")
    await agent.call("claim", sequence="adr")

    by_old, by_new = [await ledger(peer, actor=name, type="claim") for name in ("claude-1", "cache-1")]
    assert by_old == by_new
    assert [event["actor"] for event in by_old] == [renamed["was"], renamed["actor"]]


async def test_what_it_holds_is_shown_by_the_new_name(agent: Agent, peer: Agent) -> None:
    for title in ("open", "done"):
        await peer.call("task_create", title=title, owner="claude-1")
    await agent.call("task_start", task_id=2)
    await agent.call("task_ship", task_id=2)
    await agent.call("lease", surface="src/app.py")
    renamed = await agent.call("rename", label="cache-1")

    owned = {task["title"]: task["owner"] for task in (await peer.call("list_tasks"))["tasks"]}
    assert owned == {"open": renamed["actor"], "done": renamed["was"]}
    assert [lease["actor"] for lease in (await peer.call("who_holds"))["leases"]] == [renamed["actor"]]


async def test_who_made_a_task_may_hand_it_on_under_a_new_name(agent: Agent, peer: Agent) -> None:
    await agent.call("task_create", title="Ship it", owner=peer.actor)
    await agent.call("rename", label="cache-1")

    assert (await agent.call("task_assign", task_id=1, owner="cache-1"))["owner"].endswith("/cache-1")


async def test_every_project_it_is_in_learns_it_once(
    database: Database, project: Project, agent: Agent, peer: Agent
) -> None:
    owner = await owner_of(database, project)
    second = Project(database, await owners.in_project(database, owner, "second"))
    third = Project(database, await owners.in_project(database, owner, "third"))
    closed = Project(database, await owners.in_project(database, owner, "closed"))
    there = await second.join("claude-1")
    elsewhere = await third.join("codex-1")
    await closed.join("claude-1")
    await projects.archive_project(database, closed.owner)

    for _ in range(2):
        await agent.call("rename", label="cache-1")

    for one in (peer, there):
        (event,) = await ledger(one, type="rename")
        assert (event["actor"], event["payload"]) == (
            agent.actor,
            {"from": agent.actor, "to": f"{project.handle}/cache-1"},
        )
    assert await ledger(elsewhere, type="rename") == []
    await projects.unarchive_project(database, closed.owner)
    assert await ledger(await closed.join("codex-1"), type="rename") == []


async def test_a_guest_changes_its_name_at_home_too(lead: Agent, bob: int, other_project: Project) -> None:
    guest, _ = await accepted(lead, bob, "claude-1")
    home = await other_project.join("claude-1")

    renamed = await guest.call("rename", label="cache-1")

    assert (await home.call("whoami"))["actor"] == renamed["actor"]
    assert [event["payload"]["to"] for event in await ledger(home, type="rename")] == [renamed["actor"]]


async def test_a_taken_name_is_refused_with_free_ones(agent: Agent, peer: Agent) -> None:
    assert peer.actor.endswith("/codex-1")

    with pytest.raises(Conflict) as refused:
        await agent.call("rename", label="codex-1")

    assert refused.value.state == {"suggestions": ["codex-1-2", "codex-1-3", "codex-1-4"]}
    assert await ledger(agent, type="rename") == []


async def test_an_old_name_is_nobody_else_s(database: Database, project: Project, agent: Agent, peer: Agent) -> None:
    await agent.call("rename", label="cache-1")
    owner = await owner_of(database, project)
    lead = await project.join("lead", lead=True)

    for attempt in (
        peer.call("rename", label="claude-1"),
        lead.call("admin_provision", participant_name="claude-1"),
        participants.provision(
            database, project.owner, ProvisionArgs(participant_name="claude-1"), allow_existing=True
        ),
        memberships.create_participant(database, owner.owner_id, ParticipantArgs(label="claude-1")),
    ):
        with pytest.raises(Conflict) as refused:
            await attempt
        assert refused.value.state == {
            "participant": "cache-1",
            "suggestions": ["claude-1-2", "claude-1-3", "claude-1-4"],
        }
    joined = await redeem(database, (await lead.call("create_invite"))["code"], "claude-1")
    assert joined.answer["error"] == "name_taken"


async def test_a_name_may_be_taken_back(agent: Agent, peer: Agent) -> None:
    await agent.call("rename", label="cache-1")
    back = await agent.call("rename", label="claude-1")
    await peer.call("post", to_actor="cache-1", body="Look.")

    assert back["actor"] == agent.actor
    assert await unread(agent) == [1]


async def test_a_participant_has_ten_names_at_most(agent: Agent) -> None:
    for number in range(9):
        await agent.call("rename", label=f"name-{number}")

    with pytest.raises(TooMany) as refused:
        await agent.call("rename", label="name-9")

    assert refused.value.state == {"names": ["claude-1", *[f"name-{number}" for number in range(8)]]}
    assert (await agent.call("rename", label="claude-1"))["actor"] == agent.actor


@pytest.mark.parametrize("wish", ["", "Cache", "-a", ".a", "a/b", "a" * 65, "a b", "ä"])
async def test_what_cannot_be_a_name_is_refused(agent: Agent, wish: str) -> None:
    with pytest.raises(InvalidArguments, match="label"):
        await agent.call("rename", label=wish)


async def test_an_owner_is_no_label(project: Project) -> None:
    given = await tokens.mint_token(project.database, project.owner, tokens.MintArgs(participant_name=project.handle))
    assert given.token is not None

    with pytest.raises(Conflict, match="handle"):
        await Agent(project.database, given.token, project.handle).call("rename", label="boss")


async def test_a_bare_old_name_that_somebody_else_has_is_refused_with_both(
    agent: Agent, peer: Agent, lead: Agent, bob: int
) -> None:
    """Else whoever comes with that name would take it over."""
    renamed = await agent.call("rename", label="cache-1")
    guest, _ = await accepted(lead, bob, "claude-1")

    with pytest.raises(Conflict) as refused:
        await peer.call("post", to_actor="claude-1", body="Look.")

    assert refused.value.state == {"candidates": sorted([renamed["actor"], guest.actor])}


async def test_an_old_name_means_nobody_where_its_participant_is_not(
    lead: Agent, bob: int, other_project: Project
) -> None:
    home = await other_project.join("claude-1")
    await home.call("rename", label="cache-1")

    for name in ("claude-1", home.actor):
        with pytest.raises(NotFound):
            await lead.call("post", to_actor=name, body="Look.")
    assert bob


async def test_an_owner_with_a_new_handle_and_a_participant_with_a_new_name_are_found_by_all_old_ones(
    project: Project, agent: Agent, peer: Agent
) -> None:
    await agent.call("rename", label="cache-1")
    owner = await owner_of(project.database, project)
    new = f"{project.handle}x"
    await owners.change_handle(project.database, owner.owner_id, new)

    for handle in (project.handle, new):
        for label in ("claude-1", "cache-1"):
            await peer.call("post", to_actor=f"{handle}/{label}", body="Look.")

    assert await unread(agent) == [4, 3, 2, 1]
