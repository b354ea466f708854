"""Who comes out of a lane, and who is brought into it by others."""

from __future__ import annotations

import pytest

from closed import events_of, let_in, make_secret
from signalbox.domain import members
from signalbox.domain.members import RemoveArgs
from signalbox.errors import Conflict, Forbidden, NotFound
from support import Agent, Project


async def test_who_was_removed_hears_of_it_and_reads_no_more(agent: Agent, peer: Agent) -> None:
    lane = await make_secret(agent)
    await let_in(agent, lane, peer)
    await agent.call("post", to_lane=lane, body="Look.")
    await agent.call("task_create", title="Yours", lane=lane, owner="codex-1")
    before = await peer.call("whoami")
    await agent.call("configure_lane", lane=lane, remove=["codex-1"])
    after = await peer.call("whoami")
    told = await events_of(peer, type="leave_lane")
    task = (await agent.call("list_tasks", lane=lane))["tasks"][0]

    assert before["_unread_posts"] == 1
    assert "_unread_posts" not in after
    assert told == [("leave_lane", {"lane": lane, "participant": peer.actor})]
    assert (await peer.call("read_posts"))["posts"] == []
    assert (task["status"], "owner" in task) == ("open", False)
    with pytest.raises(NotFound):
        await peer.call("ack", post_id=1)


async def test_who_leaves_the_project_is_in_no_lane_any_more(project: Project, agent: Agent, lead: Agent) -> None:
    await agent.call("configure_lane", lane="room", access="private")
    secret = await make_secret(agent)
    await agent.call("post", to_lane=secret, body="Look.")
    await members.remove_member(project.database, project.owner, RemoveArgs(participant_name="claude-1"))
    back = await project.join("claude-1")

    assert (await lead.call("list_lanes"))["lanes"] == [
        {"lane": "room", "access": "open", "members": 0, "joined": False}
    ]
    assert secret not in str(await back.call("list_lanes"))
    assert (await back.call("read_posts"))["posts"] == []


async def test_a_lead_grants_a_closed_lane_only_from_inside(project: Project, agent: Agent, lead: Agent) -> None:
    secret = await make_secret(agent)
    await agent.call("configure_lane", lane="room", access="private")
    for lane, refusal in ((secret, NotFound), ("room", Forbidden)):
        with pytest.raises(refusal):
            await lead.call("admin_provision", participant_name="new", lane=lane)
        with pytest.raises(refusal):
            await lead.call("create_invite", lane=lane)
    await let_in(agent, secret, lead)
    given = await lead.call("admin_provision", participant_name="new", lane=secret)
    granted = Agent(project.database, given["token"], "")
    with pytest.raises(Conflict, match="an invite does not lead into a closed lane"):
        await lead.call("create_invite", lane=secret)

    assert "lane" not in given
    assert secret in str(await granted.call("list_lanes"))
    assert secret not in str((await lead.call("list_participants"))["participants"])
    assert await events_of(agent, type="join_lane") == [
        ("join_lane", {"lane": secret, "closed_lane": secret}),
        ("join_lane", {"lane": secret, "participant": f"{project.handle}/new", "closed_lane": secret}),
    ]
