"""An embedded PostgreSQL in a process of its own, so that it can be stopped, killed and started beside the test.

As a program it starts the one in the directory it is given, says its DSN and its process id on one line, and for each
line it reads starts it anew, once it has ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from signalbox.db import embedded
from support import clean_environment

START_SECONDS_MAX = 60


class Cluster:
    """The database's server; it listens at the same place after each start."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._pid = 0
        self.dsn = ""

    async def begun(self) -> None:
        """Wait until it takes connections."""
        assert self._process.stdout is not None
        async with asyncio.timeout(START_SECONDS_MAX):
            self.dsn, self._pid = json.loads(await self._process.stdout.readline())

    def end(self, number: signal.Signals) -> None:
        """SIGINT ends it fast, SIGQUIT at once, SIGKILL as the kernel would."""
        os.kill(self._pid, number)

    async def start(self) -> None:
        """Start it again, after it has ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"again\n")
        await self.begun()


@asynccontextmanager
async def cluster(directory: Path) -> AsyncIterator[Cluster]:
    """Run a durable PostgreSQL for as long as the block lasts."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__, str(directory)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=clean_environment(PYTHONPATH=os.pathsep.join(sys.path)),
    )
    try:
        running = Cluster(process)
        await running.begun()
        yield running
    finally:
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(START_SECONDS_MAX):
            await process.wait()


def main(directory: Path) -> None:
    """Serve the test until it closes our standard input."""
    go_on = True
    while go_on:
        with embedded.start(directory, embedded.find_binaries(os.environ), progress=lambda _: None) as postgres:
            sys.stdout.write(json.dumps([postgres.dsn, postgres.pid]) + "\n")
            sys.stdout.flush()
            go_on = bool(sys.stdin.readline())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
