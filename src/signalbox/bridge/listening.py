"""Doorbells: who has posted what to this participant, as it happens, each once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio

from signalbox.bridge.remote import AwayError, RefusedError, Remote, pause

WAIT_SECONDS: Final = 50  # one call; the next follows at once
TOGETHER_MAX: Final = 20
LOOK_SECONDS: Final = 0.5
PASSES: Final = frozenset({429, 500})  # what may be otherwise in a moment


@dataclass(frozen=True)
class Doorbell:
    """One post that waits. Never its body: that is read with `read_posts`, and marked as seen there."""

    post_id: int
    sender: str
    subject: str | None
    kind: str | None
    urgency: str | None
    ref: str | None

    @property
    def line(self) -> str:
        """Say it in one line."""
        marks = ", ".join(mark for mark in (self.kind, self.urgency, self.ref) if mark)
        about = f": {self.subject}" if self.subject else ""
        return f"Signalbox: post {self.post_id} from {self.sender}{f' [{marks}]' if marks else ''}{about}"


@dataclass(frozen=True)
class Rung:
    """Doorbells that rang together, or none for a while, and where the place moves to once they were said."""

    bells: list[Doorbell]
    cursor: int


class Place:
    """Up to which event of the ledger a listener has rung, kept over its restarts."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.cursor = self._read()
        """Up to which event was heard."""

    def _read(self) -> int | None:
        if self._path is None:
            return None
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int(self._path.read_text(encoding="ascii"))
        return None

    def heard(self, cursor: int) -> None:
        """Go on from here; a listener that starts again rings anew for what was not said by then."""
        self.cursor = cursor

    def moved(self, cursor: int) -> None:
        """Keep that all was said up to here."""
        self.cursor = max(cursor, self.cursor or 0)
        if self._path is not None:
            _keep(self._path, str(cursor))


class Turn:
    """Whose turn it is to wake a session: the newest listener's of a name, as long as what has started it lives.

    A client starts one at the end of each answer, and would else be woken by all of them at once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parent = os.getppid()
        self._mine = f"{os.getpid()} {time.time_ns()}"
        _keep(self._path, self._mine)

    @property
    def is_over(self) -> bool:
        """Whether somebody else has it, or nobody is there any more to be woken."""
        return os.getppid() != self._parent or self._path.read_text(encoding="ascii") != self._mine

    async def wait_until_over(self) -> None:
        """Look now and then."""
        while True:
            if self.is_over:
                return
            await anyio.sleep(LOOK_SECONDS)


def place_of(name: str, url: str, token: str) -> Place:
    """Find the place of a listener by its name: one of another name hears everything, too."""
    return Place(_kept(name, url, token))


def turn_of(name: str, url: str, token: str) -> Turn:
    """Take the turn of a listener by its name."""
    return Turn(_kept(name, url, token).with_suffix(".turn"))


def _keep(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_suffix(f".{os.getpid()}")
    half.write_text(text, encoding="ascii")
    half.replace(path)


def _kept(name: str, url: str, token: str) -> Path:
    state = os.environ.get("XDG_STATE_HOME")
    folder = (Path(state) if state else Path.home() / ".local" / "state") / "signalbox" / "listening"
    return folder / hashlib.sha256(f"{name}\n{url}\n{token}".encode()).hexdigest()[:32]


async def doorbells(remote: Remote, place: Place) -> AsyncIterator[Rung]:
    """Ring for each post to this participant, from where the place is, or from what is unread.

    Whoever is given a rung moves the place, once what rang is said, so that what was not said rings again.

    A server that is away is asked again, for ever; what was posted meanwhile rings then.

    Raises:
        RefusedError: the token does not hold, or may not read.
    """
    attempt = 0
    while True:
        try:
            waited = await remote.call("wait", _question(place))
            rung = [post_id for fired in waited["fired"] for post_id in fired.get("post_ids", ())]
            bells = await _look_up(remote, rung) if rung else []
        except RefusedError as refused:
            if refused.status not in PASSES:
                raise
        except AwayError:
            pass
        else:
            attempt = 0
            yield Rung(bells, waited["cursor"])
            continue
        await anyio.sleep(pause(attempt))
        attempt += 1


def _question(place: Place) -> dict[str, Any]:
    question: dict[str, Any] = {"for": [{"on": "post"}], "timeout_seconds": WAIT_SECONDS}
    return question if place.cursor is None else question | {"after": place.cursor}


async def _look_up(remote: Remote, post_ids: list[int]) -> list[Doorbell]:
    """Ask who sent posts; those that were acked in the meantime ring no more."""
    wanted, after, bells = set(post_ids), min(post_ids) - 1, []
    while wanted and after < max(wanted):
        page = (await remote.call("inbox", {"after": after, "limit": TOGETHER_MAX}))["posts"]
        if not page:
            break
        bells += [
            Doorbell(
                post["post_id"],
                post["from"],
                post.get("subject"),
                post.get("kind"),
                post.get("urgency"),
                post.get("ref"),
            )
            for post in page
            if post["post_id"] in wanted
        ]
        after = page[-1]["post_id"]
    return bells
