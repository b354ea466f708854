"""`signalbox up` where it cannot start, where it is stopped too early, and on a database of somebody else."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
import httpx2
import pytest

from cli.conftest import Run
from conftest import Databases
from proofs.figures import figure
from proofs.processes import Watched, family
from proofs.starting import start, up
from support import START_SECONDS_MAX, ServerProcess, free_port

STOP_SECONDS_MAX = 5

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are told from /proc, as Linux has it")
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root runs the database as another user")


def head_of(dsn: str) -> int:
    async def look() -> int:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute("select set_config('signalbox.project_ids', '1', false)")
            return int(await connection.fetchval("select head from ledgers where project_id = 1"))
        finally:
            await connection.close()

    return asyncio.run(look())


def wait_for(server: ServerProcess, words: str) -> None:
    """Wait until a server has said something on standard error."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while words not in server.log.read_text():
        assert server.process.poll() is None, server.log.read_text()
        assert time.monotonic() < deadline, f"it never said {words!r}: {server.log.read_text()}"
        time.sleep(0.005)


@pytest.mark.parametrize("command", ["up", "serve"])
def test_a_port_in_use_is_refused_before_anything_is_made(signalbox: Run, data: Path, command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = signalbox(command, "--data-dir", str(data), "--port", str(port))

    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == f"signalbox: cannot listen on 127.0.0.1:{port}: Address already in use; --port takes another\n"
    )
    assert not data.exists()


def test_an_address_of_another_machine_is_refused(signalbox: Run, data: Path) -> None:
    done = signalbox("up", "--data-dir", str(data), "--host", "192.0.2.1", "--port", "0")

    assert done.returncode == 1
    assert "cannot listen on 192.0.2.1" in done.stderr
    assert "Traceback" not in done.stderr


@as_root
def test_a_data_dir_that_the_databases_user_cannot_reach_is_refused_by_name(signalbox: Run) -> None:
    with tempfile.TemporaryDirectory(prefix="sbx-", dir="/tmp") as closed:
        between = Path(closed) / "open"
        between.mkdir(mode=0o755)

        done = signalbox("up", "--data-dir", str(between / "data"), "--port", "0")

        assert done.returncode == 1
        assert f"may not enter {closed}" in done.stderr
        assert "Traceback" not in done.stderr
        assert stat.S_IMODE(Path(closed).stat().st_mode) == 0o700
        assert stat.S_IMODE(between.stat().st_mode) == 0o755
        assert list(between.iterdir()) == []


def test_a_second_up_on_the_same_data_dir_names_the_first(signalbox: Run, home: tuple[Path, str]) -> None:
    with up(home[0]) as (server, _):
        done = signalbox("up", "--data-dir", str(home[0]), "--port", "0")

        assert done.returncode == 1
        assert f"process {server.process.pid}" in done.stderr
        assert httpx2.get(f"{server.url}/readyz").status_code == 200


def test_names_that_cannot_be_are_refused_in_words(signalbox: Run, databases: Databases) -> None:
    dsn = databases.create("names")
    wrong = {
        ("--label", "No Label"): "'No Label' cannot be a label",
        ("--owner", "No Handle"): "'No Handle' cannot be a handle",
        ("--email", "nobody"): "'nobody' is not an email",
        ("--project", "No Project"): "'No Project' cannot be a project",
    }

    for arguments, words in wrong.items():
        done = signalbox("up", "--port", "0", *arguments, DATABASE_URL=dsn)

        assert done.returncode == 2, done.stderr
        assert done.stderr.splitlines()[-1].startswith(f"signalbox: invalid_arguments: {words}")


def test_a_database_that_does_not_answer_is_refused_in_one_line(signalbox: Run) -> None:
    done = signalbox("up", "--port", "0", DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/none")

    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot connect to the database" in done.stderr
    assert "Traceback" not in done.stderr


def test_up_on_a_database_of_ones_own_migrates_it_and_the_second_time_changes_nothing(
    databases: Databases, data: Path
) -> None:
    dsn = databases.create("up")
    with up(data, DATABASE_URL=dsn) as (_, first):
        head = head_of(dsn)
    with up(data, DATABASE_URL=dsn) as (server, second):
        assert httpx2.get(f"{server.url}/readyz").status_code == 200

    token = first.pop("token")
    assert token.startswith("sbx_")
    assert second.keys() == first.keys()
    assert (second["project"], second["actor"]) == (first["project"], first["actor"])
    assert head_of(dsn) == head
    assert not data.exists()


@on_linux
@pytest.mark.parametrize("moment", ["First start", "Bringing the schema"])
def test_a_signal_during_the_first_start_leaves_nothing_broken(data: Path, moment: str) -> None:
    server = start("up", data)
    try:
        wait_for(server, moment)
        watched = Watched([server.process.pid, *family(server.process.pid)])
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(STOP_SECONDS_MAX * 2) == 0
        figure(f"SIGTERM at {moment!r}: {time.monotonic() - started:.2f} s")
        assert time.monotonic() - started < STOP_SECONDS_MAX
        watched.wait_until_gone(STOP_SECONDS_MAX)
        assert "Traceback" not in server.log.read_text()
    finally:
        server.stop()

    with up(data) as (again, facts):
        assert facts["token"].startswith("sbx_")
        assert httpx2.get(f"{again.url}/readyz").status_code == 200
        assert not [place for place in data.iterdir() if place.name.startswith("initdb-")]
