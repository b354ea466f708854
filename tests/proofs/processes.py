"""What the proofs know of processes: who started whom, who is left, and who serves how many connections."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
LOOK_SECONDS = 0.02


def _parents() -> dict[int, int]:
    found: dict[int, int] = {}
    for place in PROC.glob("[0-9]*"):
        with suppress(OSError):
            state, parent = (place / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(place.name)] = int(parent)
    return found


def family(pid: int) -> list[int]:
    """Name the processes that a process started, and those that these started, and so on."""
    parents = _parents()
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
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


def connections_of(pid: int) -> int:
    """Count the sockets a process has open."""
    descriptors = (PROC / str(pid) / "fd").iterdir()
    return sum(os.readlink(descriptor).startswith("socket:") for descriptor in descriptors)


def seconds_until_gone(pids: Iterable[int], seconds_max: float) -> float:
    """Wait until none of these processes lives.

    Raises:
        AssertionError: one still lives after the bound; names it.
    """
    started = time.monotonic()
    left = {pid: command_of(pid) for pid in pids}
    while left:
        alive = _parents()
        left = {pid: command for pid, command in left.items() if pid in alive and command_of(pid) == command}
        assert time.monotonic() - started < seconds_max, f"after {seconds_max} s there still are {left}"
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - started
