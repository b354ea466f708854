"""The embedded PostgreSQL when its Signalbox is killed, and when two want one directory."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from signalbox.db import embedded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BINARIES = embedded.find_binaries(os.environ)
BOUND_SECONDS = 30

needs_death_signal = pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")

KEEPER = """
import asyncio, json, os, sys
import asyncpg
from pathlib import Path
from signalbox.db import embedded
from signalbox.errors import SetupError

def say(kind, value=None):
    os.write(1, (json.dumps([kind, value]) + "\\n").encode())

async def write(dsn, writer):
    connection = await asyncpg.connect(dsn)
    for number in range(1_000_000):
        await connection.execute("insert into kept values ($1, $2)", writer, number)
        say("kept", [writer, number])

async def load(dsn, writers):
    connection = await asyncpg.connect(dsn)
    await connection.execute("create table kept (writer int, number int)")
    await asyncio.gather(*(write(dsn, writer) for writer in range(writers)))

data_dir, wait_seconds, writers = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
say("set")
sys.stdin.readline()
try:
    server = embedded.start(
        data_dir, embedded.find_binaries(os.environ), durable=writers > 0, wait_seconds=wait_seconds,
        progress=lambda text: say("progress", text),
    )
except SetupError as error:
    sys.exit(say("refused", str(error)))
say("ready", [server.pid, server.dsn])
if writers:
    asyncio.run(load(server.dsn, writers))
sys.stdin.readline()
server.stop()
say("stopped")
"""


class Keeper:
    """Another Python that starts a server when told to; killed after a bound whatever happens."""

    def __init__(self, data_dir: Path, wait_seconds: float = 0, writers: int = 0) -> None:
        words = [sys.executable, "-c", KEEPER, *map(str, (data_dir, wait_seconds, writers))]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdin
        assert self.process.stdout
        self.orders, self.answers = self.process.stdin, self.process.stdout
        self.bound = threading.Timer(BOUND_SECONDS, self.process.kill)
        self.bound.start()
        self.server_pid: int | None = None

    def go(self) -> None:
        self.orders.write(b"\n")
        self.orders.flush()

    def said(self) -> tuple[str, Any]:
        line = self.answers.readline()
        if not line:
            return "gone", None
        kind, value = json.loads(line)
        if kind == "ready":
            self.server_pid = value[0]
        return kind, value

    def hear(self, *kinds: str) -> tuple[str, Any]:
        while True:
            kind, value = self.said()
            if kind in kinds:
                return kind, value
            assert kind != "gone"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(BOUND_SECONDS)

    def close(self) -> None:
        self.kill()
        self.bound.cancel()
        self.bound.join()
        self.orders.close()
        self.answers.close()
        if self.server_pid:
            wait_until_gone(self.server_pid)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory the database's user can reach, which pytest's own is not when root runs it."""
    path = Path(tempfile.mkdtemp(prefix="sbx-test-", dir="/tmp"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """A data directory that has been started once; the tests of this module share it, one by one."""
    path = Path(tempfile.mkdtemp(prefix="sbx-test-", dir="/tmp"))
    path.chmod(0o711)
    start(path / "data").stop()
    yield path / "data"
    shutil.rmtree(path)


@pytest.fixture
def keep() -> Iterator[Callable[..., Keeper]]:
    keepers: list[Keeper] = []

    def make(*arguments: Any, **options: Any) -> Keeper:
        keepers.append(Keeper(*arguments, **options))
        return keepers[-1]

    yield make
    for keeper in keepers:
        keeper.close()


def start(data_dir: Path) -> embedded.EmbeddedPostgres:
    return embedded.start(data_dir, BINARIES, progress=lambda _: None, durable=False)


def lives(pid: int) -> bool:
    """Whether a process runs; a zombie, which nobody reaps in some containers, does not."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    return False


@contextmanager
def held_up(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_until_gone(pid: int) -> None:
    wait_until(lambda: not lives(pid))


async def ask(dsn: str, query: str, *values: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close()


@needs_death_signal
def test_a_short_socket_directory_outlives_a_kill_and_is_used_again(
    place: Path, data_dir: Path, keep: Callable[..., Keeper]
) -> None:
    long = place / ("d" * 120)
    subprocess.run(["cp", "-a", data_dir, long], check=True)
    keeper = keep(long)
    keeper.go()
    _, (pid, dsn) = keeper.hear("ready")
    keeper.kill()
    wait_until_gone(pid)
    with start(long) as server:
        assert server.dsn == dsn

    assert not any(long.glob("run.short"))


def test_of_two_first_starts_at_once_one_wins_and_the_other_names_it(place: Path, keep: Callable[..., Keeper]) -> None:
    keepers = [keep(place / "data"), keep(place / "data")]
    for keeper in keepers:
        keeper.hear("set")
    for keeper in keepers:
        keeper.go()
    answers = [keeper.hear("ready", "refused") for keeper in keepers]

    assert sorted(kind for kind, _ in answers) == ["ready", "refused"]
    kinds = [kind for kind, _ in answers]
    winner, refusal = keepers[kinds.index("ready")], answers[kinds.index("refused")][1]
    assert f"process {winner.process.pid})" in refusal
    assert "--data-dir" in refusal


def test_a_start_that_may_wait_gets_the_directory_when_the_other_leaves(
    data_dir: Path, keep: Callable[..., Keeper]
) -> None:
    first, second = keep(data_dir), keep(data_dir, wait_seconds=BOUND_SECONDS)
    first.go()
    first.hear("ready")
    second.go()
    _, text = second.hear("progress")
    assert f"process {first.process.pid})" in text
    first.go()

    second.hear("ready")


@needs_death_signal
async def test_kill_9_under_load_loses_no_acknowledged_write_and_leaves_no_orphan(
    place: Path, keep: Callable[..., Keeper]
) -> None:
    keeper = keep(place / "data", writers=5)
    keeper.go()
    _, (pid, _) = keeper.hear("ready")
    kept = [keeper.hear("kept")[1] for _ in range(500)]
    keeper.kill()
    wait_until_gone(pid)
    while (last := keeper.said())[0] == "kept":
        kept.append(last[1])
    with start(place / "data") as server:
        found = {tuple(row) for row in await ask(server.dsn, "select writer, number from kept")}

    assert {tuple(row) for row in kept} <= found
    assert {writer for writer, _ in kept} == set(range(5))


@needs_death_signal
@pytest.mark.parametrize("left", ["the server", "a child of the server"])
async def test_a_server_still_going_down_is_waited_for(data_dir: Path, keep: Callable[..., Keeper], left: str) -> None:
    first, second = keep(data_dir), keep(data_dir)
    first.go()
    _, (pid, dsn) = first.hear("ready")
    [[child]] = await ask(dsn, "select pid from pg_stat_activity where backend_type = 'checkpointer'")
    slow = pid if left == "the server" else child
    with held_up(slow):
        if slow != pid:
            os.kill(pid, signal.SIGKILL)
        first.kill()
        second.go()
        kind, text = second.hear("progress", "ready", "refused")
        assert (kind, str(text).partition(" that")[0]) == ("progress", "Waiting for the PostgreSQL")
        assert lives(slow)

    second.hear("ready")
    assert not lives(slow)


def test_a_first_start_that_was_killed_is_made_good_by_the_next(place: Path, keep: Callable[..., Keeper]) -> None:
    keeper = keep(place / "data")
    keeper.go()
    wait_until(lambda: any(place.glob("data/*/PG_VERSION")))
    keeper.kill()
    with start(place / "data"):
        assert not list((place / "data").glob("initdb-*"))
