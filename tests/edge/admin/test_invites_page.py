"""Invites: made and revoked by leads on a page, opened and accepted by whoever was invited."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from urllib.parse import unquote

import asyncpg
import httpx2
import pytest
from starlette.applications import Starlette

from edge.admin.browsing import BrowserOf, make_owner, read, words
from edge.admin.looking import HOSTILE, STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team
from edge.admin.test_members_page import TOKEN, principal
from signalbox.config import Settings
from signalbox.domain import invites
from signalbox.domain.invites import InviteArgs
from signalbox.domain.owners import OwnerRow
from support import Project

LINK = re.compile(r"http://[^<]+(/invite\?code=[0-9A-Za-z]{24})")
UNKNOWN = "/invite?code=" + "0" * 24


@pytest.fixture
async def guest(app: Starlette, team: Team, settings: Settings) -> AsyncIterator[BrowserOf]:
    """A browser of somebody else, who is not signed in."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.base_url) as client:
        yield BrowserOf(client, team.browser.database)


@pytest.fixture
async def guest_owner(team: Team) -> OwnerRow:
    return await make_owner(team.browser.database, f"guest-{secrets.token_hex(6)}")


async def make_invite(team: Team, **wish: object) -> str:
    """Make an invite by the form; answers the link to open it by."""
    page = await team.browser.fill(f"{team.path}/invites", f"{team.path}/invites", **wish)
    found = LINK.search(page.text)
    assert found, page.text
    return found[1]


async def test_an_invite_is_made_and_its_code_shown_once(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    path = f"{team.path}/invites"
    empty = await team.browser.get(path)
    (form,) = [one for one in read(empty).forms if one.action == path]
    wish = {"participant_name": "gemini-1", "lane": "review", "uses": 3, "ttl_hours": 72, "is_admin": "true"}
    with caplog.at_level("INFO", "signalbox.requests"):
        made = await team.browser.send(form, path, **wish)
    again = await team.browser.send(form, path, **wish)
    listed = await team.browser.get(path)
    found = LINK.search(made.text)
    assert found
    code = found[1].partition("=")[2]
    said = words(listed)

    assert "There are none." in words(empty)
    assert made.status_code == again.status_code == 200
    assert "You are invited to the project &#34;relay&#34;" in made.text
    assert made.text.count(code) == 3
    assert code not in again.text + listed.text + caplog.text
    assert "shown before" in words(again)
    assert "open gemini-1, agent lead review 0 of 3 in 2 d just now" in said
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(made)
    require_sound(listed)


async def test_what_is_wrong_with_an_invite_is_said_by_its_field(team: Team) -> None:
    path = f"{team.path}/invites"
    page = await team.browser.fill(path, path, uses=51, ttl_hours=169, participant_name="Not So", is_admin="true")

    assert page.status_code == 400
    assert "at most 50" in words(page)
    assert "at most 168" in words(page)
    assert "no sign first" in words(page)
    assert 'value="true" checked' in page.text
    require_sound(page)


async def test_a_revoked_invite_is_gone_like_one_that_never_was(team: Team, guest: BrowserOf) -> None:
    link = await make_invite(team)
    offered = await guest.get(link)
    (form,) = [one for one in read(await team.browser.get(f"{team.path}/invites")).forms if "/revoke" in one.action]
    revoked = await team.browser.send(form, f"{team.path}/invites")
    gone, unknown, odd = [await guest.get(path) for path in (link, UNKNOWN, "/invite?code=<script>")]

    assert offered.status_code == 200
    assert "That invite opens nothing any more" in words(revoked)
    assert "revoked" in words(revoked)
    assert [page.status_code for page in (gone, unknown, odd)] == [404] * 3
    assert words(gone) == words(unknown) == words(odd)


async def test_an_expired_invite_says_so(team: Team, guest: BrowserOf, database_url: str) -> None:
    link = await make_invite(team)
    superuser = await asyncpg.connect(database_url)
    await superuser.execute("update invites set expires_at = created_at where project_id = $1", team.project.project_id)
    await superuser.close()
    page = await guest.get(link)

    assert page.status_code == 410
    assert "It has expired." in words(page)


async def test_whoever_is_not_signed_in_sees_the_offer_and_the_way_back_to_it(
    team: Team, guest: BrowserOf, guest_owner: OwnerRow
) -> None:
    link = await make_invite(team, lane="review")
    page = await guest.get(link)
    (sign_in,) = [one for one in read(page).links if one.startswith("/sign-in")]
    stranger = await guest.web.post("/invite/accept", data={})
    await guest.sign_in(guest_owner.email)
    signed_in = await guest.get(unquote(sign_in.partition("return_to=")[2]))

    assert f"You are invited to {team.project.handle}/relay" in words(page)
    assert "Lane review" in words(page)
    assert "curl" in words(page)
    assert [form.action for form in read(page).forms] == []
    assert stranger.status_code == 403
    assert [form.action for form in read(signed_in).forms] == ["/sign-out", "/invite/accept"]
    require_sound(page)
    require_sound(signed_in)


async def test_an_invite_is_accepted_with_a_participant_of_ones_own_and_no_rights_over_the_project(
    team: Team, guest: BrowserOf, guest_owner: OwnerRow, caplog: pytest.LogCaptureFixture
) -> None:
    link = await make_invite(team, lane="review")
    await guest.sign_in(guest_owner.email)
    nameless = await guest.fill(link, "/invite/accept", name="")
    wrong = await guest.fill(link, "/invite/accept", name="Not So")
    with caplog.at_level("INFO", "signalbox.requests"):
        card = await guest.fill(link, "/invite/accept", name="helper")
    who = await principal(team, TOKEN.findall(card.text)[0])
    used = await guest.get(link)
    looked = [await guest.get(f"{team.path}{page}") for page in ("", "/participants", "/invites")]

    assert "name is required" in words(nameless)
    assert wrong.status_code == 400
    assert "no sign first" in words(wrong)
    assert (who.actor, who.project_id) == (f"{guest_owner.handle}/helper", team.project.project_id)
    assert (who.role, who.lane) == ("member", "review")
    assert used.status_code == 410
    assert "Was it you?" in words(used)
    assert [page.status_code for page in looked] == [404] * 3
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(card)


async def test_an_invite_with_a_name_asks_for_none(team: Team, guest: BrowserOf, guest_owner: OwnerRow) -> None:
    link = await make_invite(team, participant_name="named", is_admin="true")
    await guest.sign_in(guest_owner.email)
    card = await guest.fill(link, "/invite/accept")
    who = await principal(team, TOKEN.findall(card.text)[0])

    assert (who.actor, who.role) == (f"{guest_owner.handle}/named", "lead")


async def test_an_invite_that_somebody_else_used_meanwhile_says_so(
    team: Team, guest: BrowserOf, guest_owner: OwnerRow
) -> None:
    link = await make_invite(team, participant_name="named")
    await guest.sign_in(guest_owner.email)
    (form,) = [one for one in read(await guest.get(link)).forms if one.action == "/invite/accept"]
    await invites.redeem(team.browser.database, link.partition("=")[2], None)
    late = await guest.send(form, link)

    assert late.status_code == 409
    assert "It was used already." in words(late)


async def test_an_open_page_costs_one_statement_more_for_who_is_signed_in(
    team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    link = await make_invite(team)
    with caplog.at_level("INFO", "signalbox.requests"):
        page = await team.browser.get(link)

    assert page.status_code == 200
    assert statements_of(caplog) == 2


async def test_others_invites_are_not_there(team: Team, other_project: Project) -> None:
    theirs = await invites.create_invite(team.browser.database, other_project.owner, InviteArgs())
    (own,) = [form for form in read(await team.browser.get("/admin")).forms if form.action == "/admin/projects"]
    project = f"/admin/projects/{other_project.owner.project}/invites"
    looked = await team.browser.get(project)
    sent = []
    for action in (project, f"{project}/{theirs.invite_id}/revoke", f"{team.path}/invites/{theirs.invite_id}/revoke"):
        own.action = action
        sent.append(await team.browser.send(own, "/admin"))
    offer = await invites.look_at_invite(team.browser.database, str(theirs.code))

    assert looked.status_code == 404
    assert [page.status_code for page in sent] == [404] * 3
    assert offer.error is None


async def test_many_invites_with_hostile_lanes_make_small_pages(team: Team, guest: BrowserOf) -> None:
    link = await make_invite(team, lane=HOSTILE[:64])
    for _ in range(32):
        wish = InviteArgs(participant_name="x" * 64, lane=HOSTILE[:64], is_admin=True)
        await invites.create_invite(team.browser.database, team.project.owner, wish)
    page = await team.browser.get(f"{team.path}/invites")
    (more,) = [one for one in read(page).links if "?before=" in one]
    rest = await team.browser.get(more)

    require_sound(page)
    require_sound(rest)
    require_sound(await guest.get(link))
    assert len([form for form in read(page).forms if form.action.endswith("/revoke")]) == 30
    assert len([form for form in read(rest).forms if form.action.endswith("/revoke")]) == 3
