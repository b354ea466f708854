"""A project's participants, on their pages: brought in, changed, removed, and nobody else's."""

from __future__ import annotations

import logging
import re
import secrets

import pytest

from edge.admin.browsing import make_owner, read, words
from edge.admin.looking import HOSTILE, STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team
from signalbox.domain import invites, memberships
from signalbox.domain.invites import InviteArgs
from signalbox.domain.memberships import ParticipantArgs
from signalbox.domain.owners import OwnerRow
from signalbox.domain.presence import Heartbeats
from signalbox.errors import Unauthenticated
from signalbox.identity import Principal
from support import Agent, Project

TOKEN = re.compile(r"sbx_[0-9A-Za-z]{36}")


async def principal(team: Team, token: str) -> Principal:
    return await Agent(team.browser.database, token, "").principal()


async def member_path(team: Team, actor: str) -> str:
    """Find the page of a member as the list links to it."""
    page = await team.browser.get(f"{team.path}/participants")
    found = re.search(rf'href="({team.path}/participants/\d+)">{re.escape(actor)}<', page.text)
    assert found, page.text
    return found[1]


async def invited(team: Team) -> str:
    """Let another owner's participant join by invite; answers its actor."""
    database = team.browser.database
    guest = await make_owner(database, f"guest-{secrets.token_hex(6)}")
    invite = await invites.create_invite(database, team.project.owner, InviteArgs(participant_name="guest"))
    return (await invites.accept_invite(database, str(invite.code), guest.owner_id, None)).actor


async def test_everybody_in_the_project_is_listed(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    await team.claude.call("register", lane="backend")
    path = await member_path(team, team.codex.actor)
    await team.browser.fill(path, f"{path}/remove", sure="true")
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        page = await team.browser.get(f"{team.path}/participants")
    said = words(page)

    assert f"{team.project.handle} owner human lead none none never" in said
    assert f"{team.claude.actor} agent member backend holds just now" in said
    assert f"Removed, with all they wrote kept {team.codex.actor} agent, removed just now" in said
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


async def test_owners_see_how_somebody_is_there_and_what_it_was_called(team: Team) -> None:
    await team.claude.call("rename", label="cache-1")
    said = {"availability": "busy", "visibility": "ghost", "tags": ["sql", "<b>x</b>"]}
    await team.claude.call("register", lane="backend", status="On the cache.", **said)
    beats = Heartbeats()
    with beats.reachable(await team.claude.principal(), "wait"):
        await beats.flush(team.browser.database)
    path = await member_path(team, f"{team.project.handle}/cache-1")

    marks = "just now busy ghost waits sql <b>x</b>"
    page = await team.browser.get(path)
    assert f"Last seen {marks} On the cache. Was called claude-1: still its address" in words(page)
    assert f"backend holds {marks}" in words(await team.browser.get(f"{team.path}/participants"))
    assert f"{marks} On the cache." in words(await team.browser.get(team.path))
    require_sound(page)


async def test_a_project_with_nobody_in_it_says_what_to_do(team: Team) -> None:
    await team.browser.fill("/admin", "/admin/projects", name="empty")
    page = await team.browser.get("/admin/projects/empty/participants")

    assert "Bring your first agent in below" in words(page)
    require_sound(page)


async def test_a_new_participant_is_handed_out_once(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    path = f"{team.path}/participants"
    form = next(one for one in read(await team.browser.get(path)).forms if one.action == f"{path}/new")
    wish = {"participant_name": "gemini-1", "lane": "review", "role": "lead", "expires_in_seconds": 86_400}
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        card = await team.browser.send(form, path, **wish)
    again = await team.browser.send(form, path, **wish)
    (token,) = set(TOKEN.findall(card.text))
    who = await principal(team, token)

    assert card.status_code == again.status_code == 200
    assert card.headers["cache-control"] == "no-store"
    assert (who.label, who.role, who.lane) == ("gemini-1", "lead", "review")
    text = words(card)
    assert text.index("uvx --from") < text.index("pipx run --spec") < text.index("claude mcp add --transport http")
    assert "You are a lead of this project" in words(card)
    assert "in 23 h" in words(card)
    assert TOKEN.search(again.text) is None
    assert "shown before" in words(again)
    assert token not in caplog.text
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(card)


async def test_what_is_wrong_with_a_new_participant_is_said_by_its_field(team: Team) -> None:
    path = f"{team.path}/participants"
    named = await team.browser.fill(path, f"{path}/new", participant_name="Not So", lane="docs", kind="robot")
    taken = await team.browser.fill(path, f"{path}/new", participant_name="claude-1")
    (shown,) = [form for form in read(named).forms if form.action == f"{path}/new"]

    assert named.status_code == 400
    assert shown.fields["participant_name"] == "Not So"
    assert shown.fields["lane"] == "docs"
    assert "lower-case letters, digits and . _ - only, no sign first" in words(named)
    assert "one of the choices" in words(named)
    assert taken.status_code == 409
    assert "is in this project already" in words(taken)
    assert TOKEN.search(named.text + taken.text) is None
    require_sound(named)


async def test_a_participant_of_the_owners_is_chosen_from_a_list(team: Team, owner: OwnerRow) -> None:
    path = f"{team.path}/participants"
    database = team.browser.database
    await memberships.create_participant(database, owner.owner_id, ParticipantArgs(label="spare", kind="human"))
    before = await team.browser.get(path)
    card = await team.browser.fill(path, f"{path}/grant", lane="docs")
    after = await team.browser.get(path)
    who = await principal(team, TOKEN.findall(card.text)[0])

    assert '<option value="spare">spare (human)</option>' in before.text
    assert "claude-1 (agent)" not in before.text
    assert (who.label, who.kind, who.lane, who.role) == ("spare", "human", "docs", "member")
    assert "All your participants are in this project." in words(after)


async def test_a_member_is_changed(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    path = await member_path(team, team.claude.actor)
    before = await team.browser.get(path)
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        raised = await team.browser.fill(path, f"{path}/change", role="lead")
    raised_who = await team.claude.principal()
    moved = await team.browser.fill(path, f"{path}/change", lane="")
    refused = await team.browser.fill(path, f"{path}/change", lane="x" * 65)
    who = await team.claude.principal()

    assert "Lane backend" in words(before)
    assert "That holds from its next call on." in words(raised)
    assert (raised_who.role, raised_who.lane) == ("lead", "backend")
    assert "Lane none" in words(moved)
    assert (who.role, who.lane) == ("lead", None)
    assert refused.status_code == 400
    assert "at most 64" in words(refused)
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(refused)


async def test_a_member_is_removed_once_that_is_meant(team: Team) -> None:
    path = await member_path(team, team.codex.actor)
    unsure = await team.browser.fill(path, f"{path}/remove")
    stays = await team.codex.principal()
    gone = await team.browser.fill(path, f"{path}/remove", sure="true")
    page = await team.browser.get(path)
    listed = await team.browser.get(f"{team.path}/participants")

    assert unsure.status_code == 400
    assert "tick this if you mean it" in words(unsure)
    assert stays.label == "codex-1"
    assert gone.url.path == f"{team.path}/participants"
    assert "is not in the project any more" in words(page)
    assert [form.action for form in read(page).forms] == ["/sign-out"]
    assert '<option value="codex-1">' in listed.text
    with pytest.raises(Unauthenticated):
        await team.codex.principal()


async def test_the_owner_stays_and_may_have_a_lane(team: Team) -> None:
    path = await member_path(team, team.project.handle)
    page = await team.browser.get(path)
    await team.browser.fill(path, f"{path}/change", lane="office")
    forms = {form.action for form in read(page).forms}

    assert f"{path}/remove" not in forms
    assert "it owns the project" in words(page)
    assert "Lane office" in words(await team.browser.get(path))


async def test_who_came_by_invite_gets_no_token_of_the_owners_making(team: Team) -> None:
    actor = await invited(team)
    path = await member_path(team, actor)
    page = await team.browser.get(path)
    (own,) = [form for form in read(page).forms if form.action.endswith("/change")]
    own.action = f"{path}/tokens"
    forged = await team.browser.send(own, path, scopes="read", expires_in_seconds="")

    assert "It belongs to another owner" in words(page)
    assert {form.action.removeprefix(path).split("/")[-1] for form in read(page).forms} == {
        "sign-out",
        "revoke",
        "change",
        "remove",
    }
    assert forged.status_code == 403
    assert TOKEN.search(forged.text) is None


async def test_others_participants_are_not_there(team: Team, other_project: Project) -> None:
    stranger = await (await other_project.join("stranger")).principal()
    (own,) = [form for form in read(await team.browser.get("/admin")).forms if form.action == "/admin/projects"]
    theirs = f"/admin/projects/{other_project.owner.project}/participants"
    mixed = f"{team.path}/participants/{stranger.participation_id}"
    before = f"{team.path}/participants/{team.project.owner.participation_id - 1}"
    looked = [await team.browser.get(path) for path in (theirs, mixed, before, f"{team.path}/participants/x")]
    sent = []
    for action in (f"{theirs}/new", f"{theirs}/grant", f"{mixed}/change", f"{mixed}/remove", f"{mixed}/tokens"):
        own.action = action
        sent.append(await team.browser.send(own, "/admin", participant_name="intruder", sure="true", scopes="read"))
    after = await (await other_project.join("stranger")).call("list_participants")

    assert [page.status_code for page in looked] == [404] * 4
    assert [page.status_code for page in sent] == [404] * 5
    assert {one["name"] for one in after["participants"]} == {other_project.handle, "stranger"}


async def test_many_members_with_hostile_lanes_make_small_pages(team: Team) -> None:
    lane = HOSTILE[:64]
    for number in range(60):
        await team.project.join(f"a-participant-of-a-name-that-is-much-longer-{number}", lane=lane)
    page = await team.browser.get(f"{team.path}/participants")
    (more,) = [link for link in read(page).links if "?after=" in link]
    rest = await team.browser.get(more)
    path = await member_path(team, f"{team.project.handle}/a-participant-of-a-name-that-is-much-longer-3")
    one = await team.browser.get(path)

    require_sound(page)
    require_sound(rest)
    require_sound(one)
    assert "much-longer-59" in rest.text
    assert "much-longer-59" not in page.text
