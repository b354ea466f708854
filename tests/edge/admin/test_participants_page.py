"""An owner's participants over all projects: where each is, making one, and leaving others' projects."""

from __future__ import annotations

import pytest

from edge.admin.browsing import BrowserOf, read, words
from edge.admin.looking import STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team
from signalbox.domain import invites, memberships
from signalbox.domain.invites import InviteArgs
from signalbox.domain.memberships import ParticipantArgs
from signalbox.domain.owners import OwnerRow
from support import Project

PATH = "/admin/participants"


async def taking_part(browser: BrowserOf, owner: OwnerRow, other: Project, name: str = "helper") -> None:
    """Let a participant of the owner's join somebody else's project."""
    invite = await invites.create_invite(browser.database, other.owner, InviteArgs(lane="review"))
    await invites.accept_invite(browser.database, str(invite.code), owner.owner_id, name)


async def test_who_has_none_is_told_what_to_do(browser: BrowserOf) -> None:
    page = await browser.get(PATH)

    assert "You have none yet." in words(page)
    assert "sends you an invite" in words(page)
    require_sound(page)


async def test_each_participant_is_shown_with_where_it_is(
    team: Team, owner: OwnerRow, other_project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    await taking_part(team.browser, owner, other_project)
    with caplog.at_level("INFO", "signalbox.requests"):
        page = await team.browser.get(PATH)
    said = words(page)

    assert f"{team.claude.actor} relay agent just now" in said
    assert f"{owner.handle}/helper {other_project.handle}/main agent just now" in said
    assert f"helper in {other_project.handle}/main lane review, since just now" in said
    assert f"{team.path}/participants" in read(page).links
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


async def test_a_participant_is_made_without_a_project(browser: BrowserOf, owner: OwnerRow) -> None:
    made = await browser.fill(PATH, PATH, label="spare", kind="human")
    taken = await browser.fill(PATH, PATH, label="spare")
    wrong = await browser.fill(PATH, PATH, label="-spare")

    assert "The participant is there." in words(made)
    assert f"{owner.handle}/spare no project human just now" in words(made)
    assert taken.status_code == 409
    assert "you have a participant 'spare' already" in words(taken)
    assert wrong.status_code == 400
    assert "no sign first" in words(wrong)
    require_sound(wrong)


async def test_a_participant_leaves_somebody_elses_project(
    browser: BrowserOf, owner: OwnerRow, other_project: Project
) -> None:
    await taking_part(browser, owner, other_project)
    (form,) = [one for one in read(await browser.get(PATH)).forms if one.action.endswith("/leave")]
    left = await browser.send(form, PATH)
    again = await browser.send(form, PATH)

    assert "Your participant has left" in words(left)
    assert "None of yours takes part" in words(left)
    assert again.status_code == 404


async def test_nobody_takes_out_anothers_participant(team: Team, other_project: Project) -> None:
    stranger = await (await other_project.join("stranger")).principal()
    own = await team.claude.principal()
    (form,) = [one for one in read(await team.browser.get(PATH)).forms if one.action == PATH]
    answers = []
    for participation_id in (stranger.participation_id, own.participation_id):
        form.action = f"{PATH}/{participation_id}/leave"
        answers.append(await team.browser.send(form, PATH))

    assert [answer.status_code for answer in answers] == [404, 404]
    assert (await team.claude.principal()).label == "claude-1"


async def test_many_participants_make_small_pages(browser: BrowserOf, owner: OwnerRow) -> None:
    for number in range(40):
        wish = ParticipantArgs(label=f"{number:02}{'x' * 62}")
        await memberships.create_participant(browser.database, owner.owner_id, wish)
    page = await browser.get(PATH)
    (more,) = [link for link in read(page).links if "?after=" in link]
    rest = await browser.get(more)

    require_sound(page)
    assert "39xx" in words(rest)
    assert "39xx" not in words(page)
