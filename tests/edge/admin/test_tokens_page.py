"""Tokens on the page of their participant: minted as narrow as asked for, rotated with an overlap, revoked."""

from __future__ import annotations

import asyncpg
import pytest

from edge.admin.browsing import read, words
from edge.admin.looking import STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team
from edge.admin.test_members_page import TOKEN, member_path, principal
from signalbox.domain.owners import OwnerRow
from signalbox.errors import Unauthenticated
from signalbox.identity import Scope, ToolGroup
from support import Project


async def test_a_token_is_minted_as_asked_for(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    path = await member_path(team, team.claude.actor)
    form = next(one for one in read(await team.browser.get(path)).forms if one.action == f"{path}/tokens")
    with caplog.at_level("INFO", "signalbox.requests"):
        card = await team.browser.send(form, path, scopes="read", expires_in_seconds=3600 * 24)
    again = await team.browser.send(form, path, scopes="read", expires_in_seconds=3600 * 24)
    who = await principal(team, TOKEN.findall(card.text)[0])
    page = await team.browser.get(path)

    assert (who.actor, who.scopes) == (team.claude.actor, frozenset({Scope.READ}))
    assert (await team.claude.principal()).actor == team.claude.actor
    assert "shown before" in words(again)
    assert words(page).count(", holds until it is revoked") == 1
    assert "holds read Made just now" in words(page)
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


async def test_a_token_has_as_many_tools_listed_as_asked_for(team: Team) -> None:
    path = await member_path(team, team.claude.actor)
    card = await team.browser.fill(path, f"{path}/tokens", scopes="read", tool_groups="core,work")
    odd = await team.browser.fill(path, f"{path}/tokens", scopes="read", tool_groups="core,everything")

    assert (await principal(team, TOKEN.findall(card.text)[0])).tool_groups == frozenset(
        {ToolGroup.CORE, ToolGroup.WORK}
    )
    assert (await team.claude.principal()).tool_groups is None
    assert "holds read; lists core, work Made just now" in words(await team.browser.get(path))
    assert (odd.status_code, TOKEN.search(odd.text)) == (400, None)


async def test_a_token_that_may_nothing_is_not_minted(team: Team) -> None:
    path = await member_path(team, team.claude.actor)
    refused = await team.browser.fill(path, f"{path}/tokens", scopes="")
    odd = await team.browser.fill(path, f"{path}/tokens", scopes="read,everything")

    assert [refused.status_code, odd.status_code] == [400, 400]
    assert "one of the choices" in words(refused)
    assert TOKEN.search(refused.text + odd.text) is None


async def test_a_token_is_rotated_and_the_old_one_holds_meanwhile(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    path = await member_path(team, team.claude.actor)
    (form,) = [one for one in read(await team.browser.get(path)).forms if one.action.endswith("/rotate")]
    card = await team.browser.send(form, path, overlap_seconds=3600)
    new = TOKEN.findall(card.text)[0]
    page = await team.browser.get(path)
    form.fields["idempotency_key"] = "another"
    with caplog.at_level("INFO", "signalbox.requests"):
        twice = await team.browser.send(form, path)

    assert (await principal(team, new)).actor == team.claude.actor
    assert (await team.claude.principal()).actor == team.claude.actor
    assert "rotated, still holds" in words(page)
    assert twice.status_code == 409
    assert "was rotated already" in words(twice)
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


async def test_a_rotation_without_overlap_ends_the_old_token(team: Team) -> None:
    path = await member_path(team, team.claude.actor)
    (form,) = [one for one in read(await team.browser.get(path)).forms if one.action.endswith("/rotate")]
    await team.browser.send(form, path, overlap_seconds=0)

    with pytest.raises(Unauthenticated):
        await team.claude.principal()


async def test_a_revoked_token_opens_nothing(team: Team) -> None:
    path = await member_path(team, team.claude.actor)
    (form,) = [one for one in read(await team.browser.get(path)).forms if one.action.endswith("/revoke")]
    page = await team.browser.send(form, path)

    assert "That token opens nothing any more." in words(page)
    assert "revoked just now" in words(page)
    assert not [one for one in read(page).forms if one.action.endswith(("/rotate", "/revoke"))]
    with pytest.raises(Unauthenticated):
        await team.claude.principal()


async def test_a_token_is_found_only_with_whom_it_belongs_to(team: Team, other_project: Project) -> None:
    path = await member_path(team, team.codex.actor)
    (form,) = [one for one in read(await team.browser.get(path)).forms if one.action.endswith("/revoke")]
    claude = await member_path(team, team.claude.actor)
    stranger = await (await other_project.join("stranger")).principal()
    answers = []
    for wrong in (claude, f"{team.path}/participants/{stranger.participation_id}"):
        for verb in ("rotate", "revoke"):
            crossed = f"{wrong}{form.action.removeprefix(path).removesuffix('revoke')}{verb}"
            answers.append(
                await team.browser.web.post(crossed, data=form.fields, headers={"Origin": team.browser.origin})
            )

    assert [answer.status_code for answer in answers] == [404] * 4
    assert (await team.claude.principal()).actor == team.claude.actor
    assert (await team.codex.principal()).actor == team.codex.actor


async def test_making_a_secret_asks_for_a_fresh_sign_in(team: Team, owner: OwnerRow, database_url: str) -> None:
    path = await member_path(team, team.claude.actor)
    superuser = await asyncpg.connect(database_url)
    await superuser.execute(
        "update admin_sessions set signed_in_at = signed_in_at - interval '1 day' where owner_id = $1", owner.owner_id
    )
    await superuser.close()
    places = {f"{team.path}/participants": ("new",), path: ("tokens",), f"{team.path}/invites": ("",)}
    answers = [
        await team.browser.fill(page, f"{page}/{name}".rstrip("/"), participant_name="x", scopes="read")
        for page, names in places.items()
        for name in names
    ]

    assert [answer.url.path for answer in answers] == ["/sign-in"] * 3
    assert TOKEN.search("".join(answer.text for answer in answers)) is None
