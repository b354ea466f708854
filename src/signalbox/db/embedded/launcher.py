"""Start, stop and attach to the embedded PostgreSQL."""

from __future__ import annotations

import os
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO, Self
from urllib.parse import quote

from signalbox.db.embedded import cluster, locks
from signalbox.db.embedded.binaries import executable_by, major_version
from signalbox.db.embedded.directory import (
    DATABASE,
    PORT,
    Account,
    Layout,
    forget_short_directory,
    prepare,
    refusals,
    socket_directory,
)
from signalbox.db.embedded.processes import Programs, halt, is_server_of, tail
from signalbox.errors import SetupError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

READY_SECONDS_MAX = 300.0
QUIET_SECONDS = 1.0
POLL_SECONDS = 0.005
LOG_BYTES_MAX = 1_000_000
PORT_LINE, SOCKET_LINE, STATUS_LINE = 3, 4, 7  # of the pid file


class EmbeddedPostgres:
    """A PostgreSQL that ends when it is stopped, at the latest when this process ends, however it ends."""

    def __init__(self, data_dir: Path, dsn: str, server: subprocess.Popen[bytes], undo: ExitStack) -> None:
        self.data_dir = data_dir
        self.dsn = dsn
        self._server = server
        self._undo = undo

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        return self._server.pid

    def poll(self) -> int | None:
        """The exit code of the server; None while it runs."""
        return self._server.poll()

    def stop(self) -> None:
        """End the server within half a minute, usually at once, and give the data directory back."""
        self._undo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    data_dir: Path,
    binaries: Path,
    *,
    progress: Callable[[str], None],
    durable: bool = True,
    wait_seconds: float = 0.0,
) -> EmbeddedPostgres:
    """A running PostgreSQL on `data_dir`, which is made on first start.

    Call it from the main thread: the server ends with the thread that started it. `progress` is told
    before anything that may take longer than a second. While another Signalbox uses the directory this
    waits `wait_seconds` for it to leave. Without `durable` a power cut may lose everything: for tests.
    Raises SetupError, with what to change, when it cannot start; nothing is left running then.
    """
    assert threading.current_thread() is threading.main_thread(), "start the database in the main thread"
    with refusals(data_dir), ExitStack() as undo:
        account = Account.of_database()
        layout = prepare(data_dir, account)
        lock = locks.hold(layout, wait_seconds, progress)
        undo.callback(locks.release, lock)
        server_lock = locks.hold_cluster(layout, progress)
        with os.fdopen(server_lock):  # from then on only the server holds it
            major = major_version(binaries)
            binaries = executable_by(account, binaries, layout, progress)
            programs = Programs(binaries, account, server_lock)
            cluster.ensure(layout, programs, major, progress, durable=durable)
            cluster.write_access_rules(layout)
            place = socket_directory(layout, account)
            undo.callback(forget_short_directory, layout)
            with _open_log(layout) as log:
                logged = log.seek(0, os.SEEK_END)
                arguments = cluster.server_arguments(layout, place, durable=durable)
                server = programs.serve(*arguments, log=log.fileno())
                undo.callback(halt, server)
        _await_ready(layout, server, logged, progress)
        locks.sign(lock, os.getpid(), server.pid)
        return EmbeddedPostgres(layout.root, _dsn(str(place), PORT), server, undo.pop_all())


def running_dsn(data_dir: Path) -> str | None:
    """The DSN of the server that a live Signalbox runs on `data_dir`; None when there is none."""
    with refusals(data_dir):
        layout = Layout(data_dir.resolve())
        for server_pid in locks.holders(layout)[1:]:
            lines = layout.pid_lines()
            if _is_ready(lines, server_pid) and is_server_of(server_pid, layout.cluster):
                return _dsn(lines[SOCKET_LINE], int(lines[PORT_LINE]))
        return None


def _dsn(directory: str, port: int) -> str:
    return f"postgresql://{cluster.ROLE}@/{DATABASE}?host={quote(directory, safe='')}&port={port}"


def _is_ready(lines: list[str], pid: int) -> bool:
    """Whether the pid file says ready and is of this server: a stale one says ready, too."""
    return len(lines) > STATUS_LINE and lines[0] == str(pid) and lines[STATUS_LINE] == "ready"


def _open_log(layout: Layout) -> BinaryIO:
    """The log, to append to; one that has grown is put aside and takes the place of the one before."""
    if layout.log.exists() and layout.log.stat().st_size > LOG_BYTES_MAX:
        layout.log.replace(layout.log.with_name(f"{layout.log.name}.1"))
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    return os.fdopen(os.open(layout.log, flags, 0o600), "ab")


def _await_ready(layout: Layout, server: subprocess.Popen[bytes], logged: int, progress: Callable[[str], None]) -> None:
    """Wait until `server` takes connections; after a crash it replays its log first."""
    started = time.monotonic()
    said = False
    while not _is_ready(layout.pid_lines(), server.pid):
        waited = time.monotonic() - started
        if server.poll() is not None or waited > READY_SECONDS_MAX:
            said_last = tail(layout.log.read_bytes()[logged:].decode(errors="replace"))
            raise SetupError(f"PostgreSQL did not start in {layout.root}: {said_last} (all of it: {layout.log})")
        if waited > QUIET_SECONDS and not said:
            progress("PostgreSQL is recovering from its last end")
            said = True
        time.sleep(POLL_SECONDS)
