"""Seen on a server: settings, the database, its schema, disk and permissions."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from signalbox.config import ConfigError, Settings, load_settings
from signalbox.db import embedded
from signalbox.db.pool import Database
from signalbox.doctor.findings import Finding, error, ok, warning
from signalbox.errors import SchemaError, SetupError

FREE_BYTES_MIN: Final = 2_000_000_000


def findings(data_dir: Path | None) -> Iterator[Finding]:
    """Look at this machine as a server."""
    try:
        settings = load_settings(os.environ, data_dir=data_dir)
    except ConfigError as failure:
        yield error("settings", str(failure), "correct or unset it: SELFHOSTING.md lists all of them")
        return
    yield ok("settings", "all are known and fit")
    if settings.database_url is None:
        place = settings.data_dir or embedded.default_data_dir(os.environ)
        yield from _data_directory(place)
        running = embedded.running_dsn(place)
        if running is None:
            yield warning(
                "database", f"the embedded PostgreSQL on {place} does not run", "signalbox up, or signalbox serve"
            )
            return
        settings = settings.model_copy(update={"database_url": running})
    yield _database(settings)


def _data_directory(place: Path) -> Iterator[Finding]:
    if not place.exists():
        yield warning("data directory", f"{place} is not there yet", "signalbox up makes it")
        return
    if stat.S_IMODE(place.stat().st_mode) & 0o022:
        yield error("data directory", f"{place} can be written by others", f"chmod go-w {place}")
    else:
        yield ok("data directory", str(place))
    free = shutil.disk_usage(place).free
    if free < FREE_BYTES_MIN:
        yield error("disk", f"{free // 1_000_000} MB are free", "make room: PostgreSQL stops when the disk is full")
    else:
        yield ok("disk", f"{free // 1_000_000_000} GB are free")


def _database(settings: Settings) -> Finding:
    async def look() -> None:
        async with Database(settings):
            pass

    try:
        asyncio.run(look())
    except SchemaError as failure:
        return error("schema", str(failure), "signalbox migrate")
    except SetupError as failure:
        return error("database", str(failure), "SELFHOSTING.md: what the database needs")
    return ok("database", "it answers, with this version's schema and a role that row security binds")
