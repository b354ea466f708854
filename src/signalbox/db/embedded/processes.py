"""Children that end with us, and how a server that a dead Signalbox left behind is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from signalbox.errors import SetupError

if TYPE_CHECKING:
    from signalbox.db.embedded.directory import Account

PROC = Path("/proc")  # Linux; elsewhere `ps` is asked
CHILD = Path(__file__).with_name("child.py")
RUN_SECONDS_MAX = 300.0
TAIL_LINES = 6
STOP_STEPS = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's programs in `directory`, run as `account`; `lock` is held while any part of them lives.

    Each runs in a session of its own: Ctrl-C is for Signalbox, which ends its database last.
    """

    directory: Path
    account: Account
    lock: int

    def run(self, name: str, *arguments: str, text: str = "") -> str:
        """What a program says, fed with `text`; a SetupError with the end of it when it fails."""
        with subprocess.Popen(  # noqa: S603 - the program is one of PostgreSQL's
            self._command(signal.SIGKILL, name, arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_environment(),
            umask=0o077,
            start_new_session=True,
            pass_fds=(self.lock,),
            encoding="utf-8",
            errors="replace",
        ) as child:
            try:
                output, _ = child.communicate(text, timeout=RUN_SECONDS_MAX)
            except subprocess.TimeoutExpired as error:
                raise SetupError(f"{name} did not end within {RUN_SECONDS_MAX:.0f} seconds.") from error
            finally:
                child.kill()
        if child.returncode:
            place = self.directory / name
            raise SetupError(f"{place} failed with exit code {child.returncode}: {tail(output)}")
        return output

    def serve(self, *arguments: str, log: int) -> subprocess.Popen[bytes]:
        """A `postgres` that writes to the descriptor `log` and shuts down when we end."""
        return subprocess.Popen(  # noqa: S603 - the program is `postgres`
            self._command(signal.SIGINT, "postgres", arguments),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=_environment(),
            umask=0o077,
            start_new_session=True,
            pass_fds=(self.lock,),
        )

    def _command(self, death: signal.Signals, name: str, arguments: tuple[str, ...]) -> list[str]:
        """The command line of a program that gets the signal `death` when we end."""
        bound = (os.getpid(), int(death), self.account.uid, self.account.gid, self.directory / name)
        return [sys.executable, "-I", "-S", str(CHILD), *map(str, bound), *arguments]


def halt(server: subprocess.Popen[bytes]) -> None:
    """End `server`: a fast shutdown, then without a checkpoint, then at any price."""
    for step, seconds in STOP_STEPS:
        if server.poll() is not None:
            return
        server.send_signal(step)
        with suppress(subprocess.TimeoutExpired):
            server.wait(seconds)


def tail(output: str) -> str:
    """The last lines of a program's output, on one line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return " | ".join(lines[-TAIL_LINES:]) or "it said nothing"


def arguments_of(pid: int) -> list[str]:
    """The command line of a live process; empty when there is none, or only its zombie."""
    if not PROC.is_dir():
        listing = ["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)]
        return subprocess.run(listing, capture_output=True, text=True, check=False).stdout.split()  # noqa: S603
    try:
        line = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:  # it has ended, or is none of ours
        return []
    return [os.fsdecode(word) for word in line.split(b"\0")[:-1]]


def is_server_of(pid: int, cluster: Path) -> bool:
    """Whether process `pid` is a live PostgreSQL that serves the cluster in the directory `cluster`."""
    words = arguments_of(pid)
    if not words or Path(words[0]).name not in {"postgres", "postmaster"}:
        return False
    places = (word for word in (*words[1:], str(PROC / str(pid) / "cwd")) if word.startswith("/"))
    return any(_is_same(place, cluster) for place in places)


def _environment() -> dict[str, str]:
    """What a child sees: none of the caller's PG* variables, messages in English, times in UTC."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _is_same(place: str, directory: Path) -> bool:
    try:
        return Path(place).samefile(directory)
    except OSError:
        return False
