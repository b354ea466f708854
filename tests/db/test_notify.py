"""Wake-ups: within a process, between processes, over a connection that breaks, and none is ever lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest
from anyio import to_thread

from conftest import Databases
from proofs.operators import until
from signalbox.config import Settings, load_settings
from signalbox.db import notify
from signalbox.db.migrating import migrate
from signalbox.db.notify import EVERYTHING, Wakeups
from signalbox.db.pool import LINE_NAME, Database
from signalbox.domain import invites, owners
from signalbox.domain.invites import InviteArgs
from signalbox.domain.owners import OwnerRow
from signalbox.errors import SetupError, Unavailable
from support import Agent, Project, serving

SECONDS_MAX = 10


@pytest.fixture
async def other(settings: Settings) -> AsyncIterator[Database]:
    """Another process, as far as the database can tell, which listens."""
    async with Database(settings) as opened, opened.wakeups.listening():
        yield opened


@pytest.fixture
async def listener(settings: Settings) -> AsyncIterator[Database]:
    async with Database(settings) as opened, opened.wakeups.listening():
        yield opened


async def lines(database: Database) -> list[int]:
    """The backends of all connections for wake-ups."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "select pid from pg_stat_activity where datname = current_database() and application_name = $1", LINE_NAME
        )
    return [row["pid"] for row in rows]


async def break_lines(cluster_dsn: str, database: Database) -> None:
    """End the connections for wake-ups, as an operator or a network would."""
    connection = await asyncpg.connect(cluster_dsn)
    try:
        for pid in await lines(database):
            await connection.execute("select pg_terminate_backend($1)", pid)
    finally:
        await connection.close()


def told_by(wakeups: Wakeups) -> set[str]:
    return set((wakeups.take_untold() or "").split(","))


async def test_an_act_wakes_who_watches_its_project_in_this_process(database: Database, agent: Agent) -> None:
    project_id = (await agent.principal()).project_id

    with database.wakeups.watching(project_id) as mine, database.wakeups.watching(project_id + 1) as another:
        await agent.call("claim", sequence="adr")

        assert await mine.wait(SECONDS_MAX)
        assert not await mine.wait(0)
        assert not await another.wait(0)


async def test_an_act_that_is_refused_wakes_nobody(database: Database, agent: Agent) -> None:
    project_id = (await agent.principal()).project_id

    with database.wakeups.watching(project_id) as wake:
        with pytest.raises(Exception, match="no task"):
            await agent.call("task_start", task_id=1)

        assert not await wake.wait(0)


async def test_an_act_whose_end_is_not_known_wakes(
    settings: Settings, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection may have broken after the commit."""
    project_id = (await agent.principal()).project_id

    async def broken(*_arguments: object) -> list[object]:
        raise Unavailable("away")

    async with Database(settings) as database:
        monkeypatch.setattr(database, "run", broken)
        with database.wakeups.watching(project_id) as wake:
            with pytest.raises(Unavailable):
                await database.act(project_id, {"tool": "claim"})

            assert await wake.wait(0)
        assert told_by(database.wakeups) == {str(project_id)}


async def test_nothing_is_lost_between_a_look_and_a_wait(database: Database) -> None:
    """The interleavings there are: moved before the look, between look and wait, and after a wait has ended."""
    with database.wakeups.watching(7) as wake:
        database.wakeups.moved(7)
        woken_before = await wake.wait(0)
        database.wakeups.moved(7)  # the look is done, the wait has not begun
        woken_between = await wake.wait(0)
        timed_out = await wake.wait(0)
        database.wakeups.moved(7)
        woken_after = await wake.wait(0)

    assert [woken_before, woken_between, timed_out, woken_after] == [True, True, False, True]


async def test_a_parked_waiter_is_woken_once_for_what_moved_before_it_ran() -> None:
    wakeups = Wakeups(no_line)
    with wakeups.watching(7) as wake:
        parked = asyncio.create_task(wake.wait(SECONDS_MAX))
        await asyncio.sleep(0)
        wakeups.moved(7)
        wakeups.moved(7)

        assert await parked
        assert not await wake.wait(0)


async def test_an_act_wakes_watchers_in_another_process(listener: Database, other: Database, project: Project) -> None:
    here = Project(other, project.owner)
    agent = await here.join("claude-1")

    with listener.wakeups.watching(project.project_id) as wake:
        await wake.wait(1)  # what its joining told
        await agent.call("claim", sequence="adr")

        assert await wake.wait(SECONDS_MAX)


async def test_a_process_that_does_not_listen_tells_at_its_end(
    listener: Database, settings: Settings, project: Project
) -> None:
    with listener.wakeups.watching(project.project_id) as wake:
        async with Database(settings) as command:
            await Project(command, project.owner).join("claude-2")

        assert await wake.wait(SECONDS_MAX)


async def test_joining_by_an_invite_and_a_changed_handle_wake_everywhere(
    listener: Database, other: Database, database: Database, project: Project
) -> None:
    """These are no acts of a participant: the database tells itself."""
    args = InviteArgs(participant_name="newcomer")
    invite = await invites.create_invite(database, project.owner, args)
    watched = [wakeups.watching(project.project_id) for wakeups in (listener.wakeups, other.wakeups)]
    async with AsyncExitStack() as stack:
        wakes = [stack.enter_context(one) for one in watched]
        await invites.redeem(database, str(invite.code), None)
        joined = [await wake.wait(SECONDS_MAX) for wake in wakes]
        async with database.connection() as connection:
            owner_id = await connection.fetchval("select owner_id from owners where handle = $1", project.handle)
        await owners.change_handle(database, owner_id, f"{project.handle}x")
        renamed = [await wake.wait(SECONDS_MAX) for wake in wakes]

    assert joined == [True, True]
    assert renamed == [True, True]


async def test_a_changed_name_wakes_in_all_projects_of_the_participant(
    listener: Database, database: Database, agent: Agent, project: Project
) -> None:
    """The act is one of the caller's project; the others hear of it by the database."""
    async with database.connection() as connection:
        owner_id = await connection.fetchval("select owner_id from owners where handle = $1", project.handle)
    owner = OwnerRow(owner_id=owner_id, handle=project.handle, email="")
    second = Project(database, await owners.in_project(database, owner, "second"))
    await second.join("claude-1")
    with listener.wakeups.watching(second.project_id) as wake:
        await agent.call("rename", label="cache-1")

        assert await wake.wait(SECONDS_MAX)


async def test_a_lost_connection_is_opened_anew_and_everybody_looks(
    cluster_dsn: str, listener: Database, other: Database, project: Project
) -> None:
    """What was told while it was gone may have been missed; what comes afterwards is heard; serving goes on."""
    before = set(await lines(listener))
    with listener.wakeups.watching(project.project_id) as wake:
        await break_lines(cluster_dsn, other)
        assert await wake.wait(SECONDS_MAX)  # not told by anybody: the connection is there again
        agent = await Project(other, project.owner).join("claude-1")
        async with asyncio.timeout(SECONDS_MAX):
            while not await wake.wait(SECONDS_MAX):
                pass
        assert (await agent.call("claim", sequence="adr"))["number"] == 1
        assert await wake.wait(SECONDS_MAX)

    assert before.isdisjoint(await lines(listener))


async def test_what_could_not_be_told_is_told_later(
    listener: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "PAUSES_SECONDS", (0.01,))
    async with Database(settings) as teller:
        tries = 0

        async def connect() -> notify.Line:
            nonlocal tries
            tries += 1
            if tries <= 3:
                raise OSError("no route to the database")
            return await teller._open_line()  # noqa: SLF001

        wakeups = Wakeups(connect)
        with listener.wakeups.watching(7) as wake:
            async with wakeups.listening():
                wakeups.moved(7)

                assert await wake.wait(SECONDS_MAX)
        assert tries == 4


async def no_line() -> notify.Line:
    raise OSError("there is none")


@pytest.mark.parametrize("payload", [EVERYTHING, "7;8", "x"])
async def test_a_payload_that_names_no_projects_wakes_everybody(
    database: Database, listener: Database, payload: str
) -> None:
    with listener.wakeups.watching(7) as wake:
        async with database.connection() as connection:
            await connection.execute("select pg_notify('signalbox', $1)", payload)

        assert await wake.wait(SECONDS_MAX)


async def test_a_watcher_that_left_is_forgotten(database: Database) -> None:
    with database.wakeups.watching(7), database.wakeups.watching(7):
        pass

    assert 7 not in database.wakeups._called  # noqa: SLF001


async def test_a_pooler_in_transaction_mode_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connections change their backend from one statement to the next."""
    async with Database(settings) as database:
        backends = iter(range(100))

        async def changing(_line: object) -> int:
            return next(backends)

        monkeypatch.setattr(notify, "_backend_of", changing)

        with pytest.raises(SetupError, match="transaction mode"):
            async with database.wakeups.listening():
                pass


async def test_each_worker_has_one_connection_for_wake_ups_beside_its_pool(
    databases: Databases, tmp_path: Path
) -> None:
    dsn = await to_thread.run_sync(databases.create, "lines")
    await to_thread.run_sync(migrate, dsn)
    counted = 2

    async def are_as_many() -> bool:
        return len(await lines(database)) == counted

    with serving(dsn, tmp_path, workers=2):
        async with Database(load_settings({}, database_url=dsn)) as database:
            await until(are_as_many)
            counted = 3
            async with database.wakeups.listening():
                await until(are_as_many)
            counted = 2
            await until(are_as_many)
