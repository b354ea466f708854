"""What the proofs know of processes: who started whom, who is left, and who serves how many connections."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROC = Path("/proc")
LOOK_SECONDS = 0.02


def _facts_of(pid: int) -> tuple[int, str] | None:
    """Answer the parent and the start time of a process; None when it is gone or a zombie."""
    try:
        words = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if words[0] == "Z" else (int(words[1]), words[19])


def family(pid: int) -> list[int]:
    """Name the processes that a process started, and those that these started, and so on."""
    facts = {int(place.name): _facts_of(int(place.name)) for place in PROC.glob("[0-9]*")}
    found = [pid]
    for member in found:
        found += [child for child, known in facts.items() if known is not None and known[0] == member]
    return found[1:]


def command_of(pid: int) -> str:
    """Answer the command line of a process; nothing when it is gone."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def workers_of(pid: int) -> list[int]:
    """Name the workers of a supervisor."""
    return [child for child in family(pid) if "spawn_main" in command_of(child)]


def has_accepted(pid: int, near: tuple[str, int], far: tuple[str, int]) -> bool:
    """Whether a process holds the other end of a connection over IPv4, told by its two addresses as seen from here."""
    ends = [f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}" for host, port in (far, near)]
    rows = [line.split() for line in (PROC / "net/tcp").read_text().splitlines()]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1:3] == ends}
    held = set[str]()
    for descriptor in (PROC / str(pid) / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            held.add(str(descriptor.readlink()))
    return not sockets.isdisjoint(held)


class Watched:
    """Processes that are alive now, told from any later ones with the same ids."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._known = {pid: facts[1] for pid in pids if (facts := _facts_of(pid)) is not None}

    def __len__(self) -> int:
        return len(self._known)

    def alive(self) -> dict[int, str]:
        """Name those that still live."""
        now = {pid: _facts_of(pid) for pid in self._known}
        return {pid: command_of(pid) for pid, facts in now.items() if facts and facts[1] == self._known[pid]}

    def wait_until_gone(self, seconds_max: float) -> None:
        """Wait until none of them lives.

        Raises:
            AssertionError: one still lives after the bound; names it.
        """
        deadline = time.monotonic() + seconds_max
        while left := self.alive():
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"after {seconds_max} s there still were {left}")
            time.sleep(LOOK_SECONDS)

    def kill(self) -> None:
        """End those that are left, so that a test that fails leaves nothing behind."""
        for pid in self.alive():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def data_directory() -> Iterator[Path]:
    """Name a directory for a database of one's own, where the database's user gets to; removed at the end."""
    parent = Path(tempfile.mkdtemp(prefix="sbx-", dir="/tmp"))
    parent.chmod(0o711)
    try:
        yield parent / "data"
    finally:
        shutil.rmtree(parent)
