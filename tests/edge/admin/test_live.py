"""Open pages: they hear that the ledger moved, whichever worker moved it, and no longer than they may be shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import anyio
import httpx2
import pytest

from edge.admin.team import Team
from signalbox.db.pool import Database
from signalbox.domain import sign_in
from signalbox.domain.owners import OwnerRow, in_project
from signalbox.edge.admin.live import OPEN_PER_OWNER_MAX, Watches
from signalbox.errors import TooMany
from support import Agent, Project, ServerProcess

SECONDS_MAX = 10


async def furnished(database: Database, owner: OwnerRow) -> tuple[Project, Agent, str]:
    """A project of the owner's with an agent in it, and the secret of a session."""
    project = Project(database, await in_project(database, owner, "watched"))
    secret = await sign_in.open_session(database, owner.owner_id, "link", "a browser", 3600)
    return project, await project.join("claude-1"), str(secret)


@asynccontextmanager
async def watching(server: ServerProcess, secret: str, after: int) -> AsyncIterator[AsyncIterator[str]]:
    path = f"{server.url}/admin/projects/watched/live?after={after}"
    headers = {"Cookie": f"signalbox={secret}"}
    async with (
        httpx2.AsyncClient(timeout=SECONDS_MAX, headers=headers) as client,
        client.stream("GET", path) as answer,
    ):
        assert answer.status_code == 200
        yield (line.removeprefix("id: ") async for line in answer.aiter_lines() if line.startswith("id: "))


async def test_a_page_hears_that_its_ledger_moved(
    two_workers: ServerProcess, database: Database, owner: OwnerRow
) -> None:
    _, agent, secret = await furnished(database, owner)
    head = (await agent.call("whats_new"))["head"]
    with anyio.fail_after(SECONDS_MAX):
        async with watching(two_workers, secret, head) as moved:
            await agent.call("claim", sequence="adr")
            heard = await anext(moved)

    assert int(heard) == head + 1


async def test_a_page_hears_at_once_what_happened_since_it_was_shown(
    two_workers: ServerProcess, database: Database, owner: OwnerRow
) -> None:
    _, agent, secret = await furnished(database, owner)
    for _ in range(3):
        await agent.call("claim", sequence="adr")
    head = (await agent.call("whats_new"))["head"]
    with anyio.fail_after(SECONDS_MAX):
        async with watching(two_workers, secret, head - 2) as moved:
            heard = await anext(moved)

    assert int(heard) == head


async def test_a_page_ends_with_its_session(two_workers: ServerProcess, database: Database, owner: OwnerRow) -> None:
    _, agent, secret = await furnished(database, owner)
    head = (await agent.call("whats_new"))["head"]
    with anyio.fail_after(SECONDS_MAX):
        async with watching(two_workers, secret, head) as moved:
            await sign_in.end_sessions(database, owner.owner_id)
            rest = [heard async for heard in moved]

    assert rest == []


async def test_an_owner_keeps_as_many_pages_open_in_many_browsers_as_in_one(database: Database) -> None:
    watches = Watches(database, 3600)
    with ExitStack() as open_pages:
        for number in range(OPEN_PER_OWNER_MAX):
            open_pages.enter_context(watches.opened(1, b"%d" % number, 1, 0))
        with pytest.raises(TooMany):
            open_pages.enter_context(watches.opened(1, b"one more", 1, 0))
        open_pages.enter_context(watches.opened(2, b"of somebody else", 2, 0))
    with watches.opened(1, b"later", 1, 0) as again:
        assert not again.is_over


async def test_asking_for_the_head_of_a_stream_opens_none(team: Team) -> None:
    with anyio.fail_after(SECONDS_MAX):
        answer = await team.browser.web.head(f"{team.path}/live")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


async def test_nobody_else_hears_of_a_project(
    two_workers: ServerProcess, database: Database, owner: OwnerRow, other_project: Project
) -> None:
    _, _, secret = await furnished(database, owner)
    path = f"{two_workers.url}/admin/projects/{other_project.owner.project}/live"
    async with httpx2.AsyncClient(headers={"Cookie": f"signalbox={secret}"}) as client:
        foreign = await client.get(path)
    async with httpx2.AsyncClient() as client:
        stranger = await client.get(f"{two_workers.url}/admin/projects/watched/live")

    assert foreign.status_code == 404
    assert stranger.status_code == 303
