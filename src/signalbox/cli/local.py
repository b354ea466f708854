"""What the commands that work on this machine's database share: which database, and how it is reached."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click

from signalbox.cli.output import say
from signalbox.config import Settings, load_settings
from signalbox.db import embedded
from signalbox.db.pool import Database
from signalbox.errors import SchemaError

T = TypeVar("T")

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the embedded PostgreSQL keeps its data (SIGNALBOX_DATA_DIR).",
)


@contextmanager
def database_of(settings: Settings, *, own: bool = False) -> Iterator[Settings]:
    """Answer the settings with the database they mean, started if need be.

    Without DATABASE_URL it is the embedded one: the one that runs on the data directory (unless it must be our
    `own`), else one that is started here and stopped at the end.

    Raises:
        SetupError: it cannot be started; says what to change.
    """
    if settings.database_url is not None:
        yield settings
        return
    data_dir = settings.data_dir or embedded.default_data_dir(os.environ)
    running = None if own else embedded.running_dsn(data_dir)
    if running is not None:
        yield settings.model_copy(update={"database_url": running})
        return
    chosen = {"SIGNALBOX_PG_BIN": str(settings.pg_bin)} if settings.pg_bin else {}  # it may have come from a file
    with embedded.start(data_dir, embedded.find_binaries(os.environ | chosen), progress=say) as postgres:
        yield settings.model_copy(update={"database_url": postgres.dsn})


def on_database(data_dir: Path | None, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run some work on the database of this machine, migrated to this version if it is the embedded one.

    Raises:
        SetupError: the database cannot be used as it is.
    """
    settings = load_settings(os.environ, data_dir=data_dir)
    with database_of(settings) as ready:
        if settings.database_url is None:
            migrate_if_needed(ready)

        async def run() -> T:
            async with Database(ready) as database:
                return await work(database)

        return asyncio.run(run())


def look_at_database(settings: Settings) -> None:
    """See that the database can serve.

    Raises:
        SetupError: it cannot; says what to change.
    """

    async def look() -> None:
        async with Database(settings):
            pass

    asyncio.run(look())


def migrate_if_needed(settings: Settings) -> None:
    """Bring the database to this version's schema when it is not there; where it is, Alembic is not imported."""
    try:
        look_at_database(settings)
    except SchemaError:
        say("Bringing the schema up to date …")
        migrate(settings)


def migrate(settings: Settings) -> None:
    """Bring the database to this version's schema; imports Alembic, so only where it is needed."""
    from signalbox.db import migrating  # noqa: PLC0415

    assert settings.database_url is not None
    migrating.migrate(settings.database_url)
