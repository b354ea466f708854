"""The janitor: sweeps every minute, whatever it stumbles on."""

from __future__ import annotations

import logging
from typing import Any

import asyncpg
import pytest
from anyio import to_thread

from conftest import Databases
from domain.unserved.test_deleted_projects import delete, fill
from proofs.operators import until
from signalbox.config import load_settings
from signalbox.db.migrating import migrate
from signalbox.db.pool import Database
from signalbox.db.statements import parse
from signalbox.domain import janitor
from signalbox.domain.janitor import Janitor
from support import Project, make_project

GONE = "select not exists (select 1 from projects where project_id = $1)"
END_WAITING = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and application_name = 'signalbox' and wait_event_type = 'Lock'
"""
BROKEN = parse("-- name: broken\nselect 1 / (:rows_max - :rows_max) as rows;\n")["broken"]


async def test_a_statement_that_fails_costs_the_others_nothing(
    project: Project,
    database: Database,
    operator: asyncpg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(janitor, "SWEEPS", (BROKEN, *janitor.SWEEPS))
    await fill(project)
    await delete(project)

    await Janitor().sweep_all(database)

    assert await operator.fetchval(GONE, project.project_id)
    assert "broken failed" in caplog.text


async def test_sweeping_goes_on_after_a_lost_database_and_after_what_nobody_expected(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(janitor, "SWEEP_SECONDS", 0.01)
    caplog.set_level(logging.WARNING)
    dsn = await to_thread.run_sync(databases.create, "swept")
    await to_thread.run_sync(migrate, dsn)
    operator = await asyncpg.connect(dsn)
    rename = "alter function purge_deleted_v1{} rename to purge_deleted_v1{}"

    async def said(text: str) -> None:
        async def is_said() -> bool:
            return text in caplog.text

        await until(is_said)

    async def is_lost() -> bool:
        await operator.execute("select pg_stat_clear_snapshot()")  # else a transaction sees what it saw first
        return bool(await operator.fetchval(END_WAITING))

    async with Database(load_settings({}, database_url=dsn)) as database:
        project = await make_project(database)
        await fill(project)
        async with Janitor().sweeping(database):
            await operator.execute(rename.format("", "_gone"))
            await said("failed; the next minute tries again")
            await operator.execute(rename.format("_gone", ""))
            async with operator.transaction():
                await operator.execute("lock table projects in access exclusive mode")
                await until(is_lost)
            await said("purge_deleted waits for the next minute")
            await delete(project)

            async def is_gone() -> bool:
                return bool(await operator.fetchval(GONE, project.project_id))

            await until(is_gone)
    await operator.close()
