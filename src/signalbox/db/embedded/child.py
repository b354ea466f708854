"""What a child of the launcher runs first: become the database's account, bind to the parent, exec.

    python -I -S child.py PARENT_PID DEATH_SIGNAL UID GID PROGRAM [ARGUMENT...]

A script and not a `preexec_fn`, so that no Python runs between fork and exec of a process that may have
threads. The order matters: changing the uid clears the death signal. Linux only; elsewhere a server that
outlives its parent is ended by the next start.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, death_signal: int, uid: int, gid: int, command: list[str]) -> None:
    """Replace this process by `command`, which gets `death_signal` when process `parent` ends."""
    # Loaded before the change of account: the new one may not be able to read Python's own directory.
    prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None
    if os.getuid() != uid:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if prctl and prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0):
        sys.exit(f"The death signal cannot be set: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        sys.exit("The process that wanted this program has ended.")
    try:
        os.execv(command[0], command)  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")


if __name__ == "__main__":
    _, parent_pid, signal_number, user, group, *rest = sys.argv
    main(int(parent_pid), int(signal_number), int(user), int(group), rest)
