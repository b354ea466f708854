"""The data directory: who owns what in it, who may reach it, where the socket lies."""

from __future__ import annotations

import os
import pwd
import stat
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from signalbox.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DATABASE = "signalbox"
PORT = 5432
SOCKET = f".s.PGSQL.{PORT}"
SOCKET_PATH_BYTES_MAX = 107
SYSTEM_DATA_DIR = Path("/var/lib/signalbox")
READ, ENTER = 0o4, 0o1


@dataclass(frozen=True)
class Account:
    """An account of the operating system."""

    uid: int
    gid: int
    name: str

    @classmethod
    def ours(cls) -> Account:
        """The account that runs Signalbox; refused when it has no name: PostgreSQL needs one."""
        try:
            entry = pwd.getpwuid(os.geteuid())
        except KeyError as error:
            raise SetupError(
                f"The user id {os.geteuid()} has no entry in /etc/passwd, which PostgreSQL needs. "
                "Run Signalbox as a user with a name, or set DATABASE_URL."
            ) from error
        return cls(entry.pw_uid, entry.pw_gid, entry.pw_name)

    @classmethod
    def of_database(cls) -> Account:
        """The account that runs PostgreSQL: ours, or `nobody` when we are root, which it refuses to be."""
        if os.geteuid() != 0:
            return cls.ours()
        try:
            entry = pwd.getpwnam("nobody")
        except KeyError as error:
            raise SetupError(
                "PostgreSQL does not run as root, and there is no user `nobody` to run it as. "
                "Run Signalbox as an ordinary user, or set DATABASE_URL."
            ) from error
        return cls(entry.pw_uid, entry.pw_gid, entry.pw_name)

    def may(self, bit: int, path: Path) -> bool:
        """Whether the mode of `path` grants this account `READ` or `ENTER`."""
        facts = path.stat()
        shift = 6 if facts.st_uid == self.uid else 3 if facts.st_gid == self.gid else 0
        return bool(facts.st_mode >> shift & bit)

    def first_blocked(self, path: Path) -> Path | None:
        """The first directory on the way to and including `path` that this account may not enter."""
        steps = [step for step in (*reversed(path.parents), path) if step.is_dir()]
        return next((step for step in steps if not self.may(ENTER, step)), None)

    def owns(self, path: Path) -> bool:
        """Whether `path` itself, no link followed, is a directory of this account that no other enters."""
        facts = path.lstat()
        return facts.st_uid == self.uid and stat.S_ISDIR(facts.st_mode) and not facts.st_mode & 0o077


@dataclass(frozen=True)
class Layout:
    """Where everything of one data directory lies."""

    root: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own directory."""
        return self.root / "postgres"

    @property
    def pid_file(self) -> Path:
        """What PostgreSQL says of itself while it runs, line by line."""
        return self.cluster / "postmaster.pid"

    @property
    def run(self) -> Path:
        """The directory of the socket, unless its path is too long for one."""
        return self.root / "run"

    @property
    def short_run(self) -> Path:
        """A link to the directory of the socket where `run` is too long."""
        return self.root / "run.short"

    @property
    def log(self) -> Path:
        """What PostgreSQL writes."""
        return self.root / "postgres.log"

    @property
    def lock(self) -> Path:
        """Held by the Signalbox that uses this directory."""
        return self.root / "lock"

    @property
    def server_lock(self) -> Path:
        """Held by every process of its PostgreSQL."""
        return self.root / "server.lock"

    @property
    def binaries(self) -> Path:
        """Copies of the binaries, where the database's account cannot run the originals."""
        return self.root / "binaries"

    def pid_lines(self) -> list[str]:
        """The lines of the pid file, stripped; none when there is no such file."""
        try:
            return [line.strip() for line in self.pid_file.read_text(errors="replace").splitlines()]
        except FileNotFoundError:
            return []

    def server_pid(self) -> int:
        """The process id in the pid file; 0 when it names none."""
        lines = self.pid_lines()
        return int(lines[0]) if lines and lines[0].isdigit() else 0


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """Where the data lies when nobody says: the system's place for root, else the user's own."""
    if os.geteuid() == 0:
        return SYSTEM_DATA_DIR
    base = Path(environ.get("XDG_DATA_HOME", ""))
    if not base.is_absolute():  # the XDG rules say to ignore it then
        home = environ.get("HOME")
        base = (Path(home) if home else Path.home()) / ".local" / "share"
    return base / "signalbox"


@contextmanager
def refusals(data_dir: Path) -> Iterator[None]:
    """Turn what the file system refuses into a SetupError that names the place and the ways out."""
    try:
        yield
    except OSError as error:
        raise SetupError(
            f"{error.filename or data_dir}: {error.strerror or error}. Signalbox keeps its database in "
            f"{data_dir}: let it write there, give another --data-dir, or set DATABASE_URL."
        ) from error


def prepare(data_dir: Path, account: Account) -> Layout:
    """The data directory, made if it is not there; parents that exist are never changed."""
    layout = Layout(data_dir.resolve())
    _refuse_blocked(layout.root, account)
    _make(layout.root, 0o700 if account.uid == os.geteuid() else 0o711)
    if layout.cluster.exists() and layout.cluster.stat().st_uid != account.uid:
        raise SetupError(
            f"{layout.cluster} belongs to user id {layout.cluster.stat().st_uid}, but PostgreSQL would run "
            f"as {account.name} ({account.uid}). Start Signalbox as the user who made it, or give another "
            "--data-dir."
        )
    return layout


def socket_directory(layout: Layout, account: Account) -> Path:
    """An empty directory only `account` enters, short enough that a socket in it has an address.

    A comma separates addresses in a DSN, so a path with one counts as too long.
    """
    if len(os.fsencode(layout.run / SOCKET)) <= SOCKET_PATH_BYTES_MAX and "," not in str(layout.run):
        layout.run.mkdir(mode=0o700, exist_ok=True)
        place = layout.run
    else:
        place = _short_directory(layout, account)
    os.chown(place, account.uid, account.gid, follow_symlinks=False)
    for leftover in (SOCKET, f"{SOCKET}.lock"):  # the lock's process id may be another process by now
        (place / leftover).unlink(missing_ok=True)
    return place


def forget_short_directory(layout: Layout) -> None:
    """Remove the short directory again, and the link to it."""
    if layout.short_run.is_symlink():
        try:
            layout.short_run.readlink().rmdir()
        except OSError:
            return
        layout.short_run.unlink()


def _short_directory(layout: Layout, account: Account) -> Path:
    """The short directory of the last start if it is still there and ours alone, else a new one."""
    if layout.short_run.is_symlink():
        place = layout.short_run.readlink()
        if os.path.lexists(place) and account.owns(place):
            return place
        layout.short_run.unlink()
    place = Path(tempfile.mkdtemp(prefix="signalbox-", dir="/tmp"))  # whatever TMPDIR says: it must be short
    layout.short_run.symlink_to(place)
    return place


def _refuse_blocked(root: Path, account: Account) -> None:
    if account.uid == os.geteuid():
        return  # what we may not enter, the system says by itself
    blocked = account.first_blocked(root)
    if blocked:
        raise SetupError(
            f"Signalbox runs as root, so PostgreSQL would run as {account.name}, which may not enter "
            f"{blocked}. Give a --data-dir it can reach (the default is {SYSTEM_DATA_DIR}), run Signalbox "
            f"as an ordinary user, or `chmod o+x {blocked}` if that is acceptable."
        )


def _make(path: Path, mode: int) -> None:
    """Make `path` and the parents that are missing, each with `mode` whatever the umask."""
    if path.is_dir():
        return
    _make(path.parent, mode)
    try:
        path.mkdir()
    except FileExistsError:
        if not path.is_dir():  # a file, and not another start that was quicker
            raise
    else:
        path.chmod(mode)
