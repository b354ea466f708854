"""A mirror of a ledger in a directory, for git: files that change only where something has changed.

    signalbox.json   whose the directory is
    ledger.jsonl     the events, one a line; only ever added to
    state.md         how things stand after the last of them, made of them alone

A run that is killed leaves files from which the next one goes on: half a line is cut off, and state.md is made anew
where it is not that of the last line.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from signalbox.cli.ledgers import state_of
from signalbox.cli.remote import fail, lines, opened_export
from signalbox.config import Settings
from signalbox.domain.standing import markdown, title

MARK: Final = {"signalbox_mirror": 1}
SAME: Final = ("id", "ts", "actor", "type")  # what a line of a mirror and the server's must agree on
BLOCK_BYTES: Final = 65_536

Event = dict[str, Any]


class NotOurs(Exception):  # noqa: N818 - it is what a directory is
    """A directory that is no mirror, or not of this ledger."""


class Mirror:
    """A directory that mirrors the ledger that a token may read."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self._directory = directory
        self._settings = settings
        self._ledger = directory / "ledger.jsonl"
        self._state = directory / "state.md"

    def update(self) -> int:
        """Add what is new; answers how many events.

        Raises:
            NotOurs: the directory is something else, or the mirror of another ledger.
        """
        with self._claimed():
            with self._ledger.open("a+b") as ledger:
                last = cut_to_whole_lines(ledger)
                new = self._add(ledger, last)
            self._say_how_things_stand()
        return new

    @contextmanager
    def _claimed(self) -> Iterator[None]:
        """Have the directory, which is one of ours or empty, for ourselves."""
        mark = self._directory / "signalbox.json"
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            if not mark.exists():
                others = sorted(path.name for path in self._directory.iterdir() if not path.name.startswith("."))
                if others:
                    raise NotOurs(f"{self._directory} is no mirror, it has {others[0]!r}: name an empty directory")
                _write_whole(mark, json.dumps(MARK) + "\n")
            with mark.open(encoding="utf-8") as lock:
                if _json(lock.read()) != MARK:
                    raise NotOurs(f"{mark} is not that of a mirror of this version: name an empty directory")
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield
        except BlockingIOError:
            fail(f"another export writes to {self._directory}")
        except OSError as error:
            fail(f"cannot write to {self._directory}: {error.strerror or error}")

    def _add(self, ledger: IO[bytes], last: Event | None) -> int:
        """Add the events after the last one, which the server's ledger must have, too."""
        new = 0
        after = 0 if last is None else last["id"] - 1
        with opened_export(self._settings, format="jsonl", after=after) as response:
            for line in lines(response):
                event = _json(line)
                if not isinstance(event, dict) or "id" not in event:
                    fail("the export was cut off: run it again")
                if last is not None and after < last["id"]:
                    self._see_same(last, event)
                    after = last["id"]
                else:
                    ledger.write(line)
                    new += 1
        if last is not None and after < last["id"]:
            self._see_same(last, {})
        ledger.flush()
        os.fsync(ledger.fileno())
        return new

    def _see_same(self, mirrored: Event, event: Event) -> None:
        if any(mirrored.get(name) != event.get(name) for name in SAME):
            raise NotOurs(
                f"{self._directory} mirrors another ledger, or one of which this token sees less: "
                f"its event {mirrored['id']} is not there"
            )

    def _say_how_things_stand(self) -> None:
        """Write state.md where it is not of the last event."""
        with self._ledger.open("rb") as ledger:
            last = cut_to_whole_lines(ledger)
            seq = 0 if last is None else last["id"]
            if self._state.exists() and self._state.read_text(encoding="utf-8").startswith(f"{title(seq)}\n"):
                return
            ledger.seek(0)
            _write_whole(self._state, markdown(state_of(ledger)))


def cut_to_whole_lines(ledger: IO[bytes]) -> Event | None:
    """Cut off half a line that a killed run has left; answers the last event, None when there is none.

    Raises:
        NotOurs: the last line is no event.
    """
    end = ledger.seek(0, os.SEEK_END)
    tail, start = b"", end
    while start > 0 and tail.count(b"\n") <= 1:  # one begins the last whole line, one ends it
        start = max(0, start - BLOCK_BYTES)
        ledger.seek(start)
        tail = ledger.read(end - start)
    whole = tail[: tail.rfind(b"\n") + 1]
    if len(whole) < len(tail):
        ledger.truncate(start + len(whole))
    if not whole:
        return None
    last = _json(whole.splitlines()[-1])
    if not isinstance(last, dict) or not isinstance(last.get("id"), int):
        raise NotOurs("the last line of ledger.jsonl is no event: mirror into an empty directory")
    return last


def _json(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that it is the old one or the new one, whenever this ends."""
    unfinished = path.with_name(f".{path.name}.part")
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
