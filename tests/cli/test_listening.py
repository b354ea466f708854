"""The socket that is listened on: what connections have of it."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from proofs.operators import until
from proofs.processes import workers_of
from signalbox.cli.server import UNTAKEN_SECONDS_MAX, StartLine, listen
from signalbox.config import load_settings
from signalbox.db.pool import LINE_NAME
from signalbox.errors import SetupError
from support import ServerProcess, free_port, listening

LINES = """
select count(*)
from pg_stat_activity
where datname = current_database() and application_name = $1 and backend_start > $2
"""
SLOW_SECONDS = 7  # so long, and longer, does the start of a worker take among many on few cores


@pytest.mark.skipif(sys.platform != "linux", reason="others have no such option")
def test_a_connection_whose_peer_takes_nothing_is_dropped_by_the_kernel() -> None:
    bound, settings = listen(load_settings({}, port=0))
    with bound:
        bound.listen()
        with socket.create_connection(("127.0.0.1", settings.port), timeout=5):
            accepted, _ = bound.accept()
            with accepted:
                milliseconds = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert milliseconds == 1000 * UNTAKEN_SECONDS_MAX


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers share one socket")
def test_each_worker_has_a_socket_of_its_own_and_nobody_else_gets_the_address() -> None:
    bound, settings = listen(load_settings({}, port=0, workers=2))
    with bound, pickle.loads(pickle.dumps(bound)) as first, pickle.loads(pickle.dumps(bound)) as second:
        for worker in (first, second):
            worker.listen()
            worker.settimeout(0.01)
        taken = [_takes(worker, settings.port) for worker in (first, second)]

        with pytest.raises(SetupError, match="--port takes another"):
            listen(settings)

    assert taken == [True, True]


def _takes(worker: socket.socket, port: int) -> bool:
    """Whether one of many connections comes to it."""
    for _ in range(100):
        with socket.create_connection(("127.0.0.1", port)), suppress(TimeoutError):
            worker.accept()[0].close()
            return True
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers share one socket")
async def test_workers_listen_once_all_of_them_are_there(database_url: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(database_url)
    start = await connection.fetchval("select clock_timestamp()")

    async def two_are_ready() -> bool:
        """Whether two workers have opened the connection for wake-ups, the last thing that they do before."""
        return bool(await connection.fetchval(LINES, LINE_NAME, start) == 2)

    server = ServerProcess(
        "serve", "--workers", "3", port=free_port(), log=tmp_path / "server.log", DATABASE_URL=database_url
    )
    try:
        server.wait_until(lambda: len(workers_of(server.process.pid)) == 3)
        slow = workers_of(server.process.pid)[1]
        stopped_at = time.monotonic()
        os.kill(slow, signal.SIGSTOP)
        try:
            await until(two_are_ready)
            await asyncio.sleep(0.5)
            early = listening(server.port)
            await asyncio.sleep(stopped_at + SLOW_SECONDS - time.monotonic())
        finally:
            os.kill(slow, signal.SIGCONT)
        server.wait_until(lambda: listening(server.port) == 3).wait_until_ready()
        is_still_there = slow in workers_of(server.process.pid)
    finally:
        server.stop()
        await connection.close()

    assert early == 0
    assert is_still_there


async def test_no_worker_waits_for_another_for_long() -> None:
    line = StartLine(2, seconds=0.1)

    await asyncio.wait_for(line.wait(), timeout=5)
    await asyncio.wait_for(line.wait(), timeout=5)


async def test_workers_wait_for_each_other() -> None:
    line = StartLine(2, seconds=1000)
    first = asyncio.create_task(line.wait())
    await asyncio.sleep(0.1)
    early = first.done()

    await asyncio.wait_for(asyncio.gather(first, line.wait()), timeout=5)

    assert not early
