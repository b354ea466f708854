"""Migrations over what is there already: rows of the version before, and its servers."""

from __future__ import annotations

from anyio import to_thread

from conftest import Databases
from db.test_schema import rows
from signalbox.config import load_settings
from signalbox.db.migrating import migrate
from signalbox.db.pool import Database
from support import make_project


async def test_posts_of_before_threads_become_threads_of_their_own(databases: Databases) -> None:
    dsn = await to_thread.run_sync(databases.create, "backfill")
    await to_thread.run_sync(migrate, dsn)
    async with Database(load_settings({}, database_url=dsn)) as database:
        for project in (await make_project(database), await make_project(database)):
            agent = await project.join("agent")
            for _ in range(2):
                await agent.call("post", to_lane="docs", body="Look.")
    await to_thread.run_sync(migrate, dsn, "0004")
    await rows(dsn, "update posts set thread_id = null returning post_id")
    await to_thread.run_sync(migrate, dsn)

    assert await rows(dsn, "select post_id, thread_id from posts order by project_id, post_id") == [(1, 1), (2, 2)] * 2


async def test_a_server_of_before_threads_goes_on_posting(databases: Databases) -> None:
    dsn = await to_thread.run_sync(databases.create, "before")
    await to_thread.run_sync(migrate, dsn)
    old_act = """
        select post_v1((p.project_id, p.participation_id, null, 'post', null, null)::act_ref,
            'docs', null, 'S', 'Look.', null, null) ->> 'post_id'
        from participations p
    """
    async with Database(load_settings({}, database_url=dsn)) as database:
        await make_project(database)
    answers = [await rows(dsn, old_act)]
    await to_thread.run_sync(migrate, dsn, "0004")
    answers.append(await rows(dsn, old_act))

    assert answers == [[("1",)], [("2",)]]
    assert await rows(dsn, "select thread_id, reply_to from posts order by post_id") == [(1, None), (2, None)]


async def test_names_and_cursors_of_before_are_kept_both_ways(databases: Databases) -> None:
    dsn = await to_thread.run_sync(databases.create, "renamed")
    await to_thread.run_sync(migrate, dsn)
    cursors = "select participation_id, seq, page_seq from cursors order by 1, 2"
    async with Database(load_settings({}, database_url=dsn)) as database:
        project = await make_project(database)
        agent = await project.join("claude-1")
        await agent.call("rename", label="cache-1")
        await agent.call("whats_new", limit=1)
        await agent.call("whats_new", session="one")
    kept = (await rows(dsn, cursors))[:1]
    await to_thread.run_sync(migrate, dsn, "0011")
    assert await rows(dsn, cursors) == kept
    await to_thread.run_sync(migrate, dsn)

    assert await rows(dsn, cursors) == kept
    assert await rows(dsn, "select label, given_up_at from labels order by 1") == [("", None), ("cache-1", None)]
