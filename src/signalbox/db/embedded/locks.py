"""One Signalbox per data directory, one PostgreSQL per cluster.

Two `flock`s. `lock` is held by the Signalbox process and dies with it. `server.lock` is inherited by
`initdb`, `postgres` and all their children, so it is free only when the last of them has ended: a server
that is still going down after its Signalbox was killed is seen without guessing at process ids.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from signalbox.db.embedded.processes import is_server_of
from signalbox.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from signalbox.db.embedded.directory import Layout

POLL_SECONDS = 0.01
GRACE_SECONDS = 0.2  # whoever looks whether a server runs holds the lock for a moment
LEFTOVER_SECONDS_MAX = 60.0


def hold(layout: Layout, wait_seconds: float, progress: Callable[[str], None]) -> int:
    """The descriptor of the lock on the data directory, now ours; refused while another has it."""
    with ExitStack() as undo:
        lock = _open(layout.lock)
        undo.callback(os.close, lock)
        if not _take(lock, GRACE_SECONDS):
            _wait_for_holder(layout, lock, wait_seconds, progress)
        sign(lock, os.getpid())
        undo.pop_all()
    return lock


def sign(lock: int, *pids: int) -> None:
    """Write into our lock who holds it: Signalbox, then its PostgreSQL."""
    os.ftruncate(lock, 0)
    os.pwrite(lock, "".join(f"{pid}\n" for pid in pids).encode(), 0)


def release(lock: int) -> None:
    """Give the data directory back."""
    sign(lock)
    os.close(lock)


def holders(layout: Layout) -> list[int]:
    """The process ids in the lock when somebody holds it now; empty when nobody does."""
    try:
        lock = os.open(layout.lock, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return []
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return [int(word) for word in os.pread(lock, 100, 0).split()]
    else:
        return []
    finally:
        os.close(lock)


def hold_cluster(layout: Layout, progress: Callable[[str], None]) -> int:
    """The descriptor of the cluster's lock, with no PostgreSQL of this cluster left alive.

    Only with the lock on the data directory held. A pid file that is still there names no live server
    then, whoever has that process id now: it is removed, for PostgreSQL would refuse to start.
    """
    with ExitStack() as undo:
        lock = _open(layout.server_lock)
        undo.callback(os.close, lock)
        pid = layout.server_pid()
        if not _take(lock, 0) or is_server_of(pid, layout.cluster):
            progress(f"Waiting for the PostgreSQL that still runs in {layout.root} to end")
            _end_leftover(layout, lock, pid)
        layout.pid_file.unlink(missing_ok=True)
        undo.pop_all()
    return lock


def _end_leftover(layout: Layout, lock: int, pid: int) -> None:
    deadline = time.monotonic() + LEFTOVER_SECONDS_MAX
    if is_server_of(pid, layout.cluster):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
    ended = _take(lock, LEFTOVER_SECONDS_MAX)
    while ended and is_server_of(pid, layout.cluster):
        ended = time.monotonic() < deadline
        time.sleep(POLL_SECONDS)
    if not ended:
        raise SetupError(
            f"A PostgreSQL (process {pid or 'unknown'}) still runs in {layout.root} and does not end within "
            f"{LEFTOVER_SECONDS_MAX:.0f} seconds. See {layout.log}, end it, and start again."
        )


def _wait_for_holder(layout: Layout, lock: int, wait_seconds: float, progress: Callable[[str], None]) -> None:
    holder = os.pread(lock, 100, 0).split()
    who = f"process {holder[0].decode()}" if holder else "a process that is just starting or ending"
    if wait_seconds > 0:
        progress(f"Waiting for another Signalbox ({who}) to leave {layout.root}")
        if _take(lock, wait_seconds):
            return
    raise SetupError(
        f"Another Signalbox ({who}) uses {layout.root}. Stop it, or give this one another --data-dir; "
        "to share one database, set DATABASE_URL for both."
    )


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def _take(lock: int, seconds: float) -> bool:
    """Whether the lock was ours within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
        else:
            return True
