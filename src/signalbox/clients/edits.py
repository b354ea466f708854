"""What was changed on this machine, and how it is undone: exactly, or as exactly as later changes allow."""

from __future__ import annotations

import base64
import difflib
import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signalbox.clients.texts import NotUnderstoodError

PRIVATE = 0o600


class CannotConnectError(Exception):
    """Something is in the way: says what, and what to do; nothing was changed."""


@dataclass(frozen=True)
class Edit:
    """One file, how it gets what it needs, and how it loses that again."""

    path: Path
    put: Callable[[str], str]
    drop: Callable[[str], str]
    secret: bool = False
    """Whether a token stands in it: then it must not be tracked by git, and is readable by its owner only."""
    executable: bool = False
    what: str = ""


def read(path: Path) -> bytes | None:
    """Read a file, None when there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CannotConnectError(f"{path} cannot be read: {error.strerror}") from error


def text_of(path: Path, content: bytes | None) -> str:
    """Read a text.

    Raises:
        CannotConnectError: it is not text.
    """
    try:
        return (content or b"").decode()
    except UnicodeDecodeError as error:
        raise CannotConnectError(f"{path} is not text in UTF-8: nothing was changed") from error


def digest(content: bytes) -> str:
    """Name a content."""
    return hashlib.sha256(content).hexdigest()


def mode_of(path: Path) -> int | None:
    """Answer who may do what with a file, None when there is none."""
    return path.stat().st_mode & 0o777 if path.exists() else None


def write(path: Path, content: bytes, mode: int | None) -> list[str]:
    """Write a file at once or not at all, through links; answers the folders that had to be made."""
    path = Path(os.path.realpath(path))
    made = []
    for folder in [*reversed(path.parents)]:
        if not folder.exists():
            folder.mkdir()
            made.append(str(folder))
    kept = mode_of(path)
    handle, half = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(half).chmod(mode if mode is not None else kept if kept is not None else 0o644)
    Path(half).replace(path)
    return made


def is_tracked(path: Path) -> bool:
    """Say whether git tracks a file."""
    done = subprocess.run(  # noqa: S603 - the name of a file, not a command
        ["git", "ls-files", "--error-unmatch", "--", path.name],  # noqa: S607 - git is whatever PATH has
        cwd=next(folder for folder in path.parents if folder.exists()),
        capture_output=True,
        check=False,
    )
    return path.parent.exists() and done.returncode == 0


@dataclass
class Planned:
    """A file as it is and as it will be."""

    edit: Edit
    before: bytes | None
    after: bytes

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self.before != self.after

    def diff(self, secrets: tuple[str, ...]) -> str:
        """Show the change, without the token."""
        before, after = (text_of(self.edit.path, content).splitlines() for content in (self.before, self.after))
        name = str(self.edit.path)
        shown = "\n".join(
            difflib.unified_diff(before, after, name if self.before is not None else "/dev/null", name, lineterm="")
        )
        for secret in secrets:
            shown = shown.replace(secret, "sbx_…")
        return shown


def plan(edits: list[Edit]) -> list[Planned]:
    """Work out all changes before any is made.

    Raises:
        CannotConnectError: one of the files cannot be changed; none is.
    """
    planned: dict[Path, Planned] = {}
    for edit in edits:
        path = Path(os.path.realpath(edit.path))
        known = planned.get(path)
        before = known.before if known else read(path)
        now = known.after if known else before
        if edit.secret and is_tracked(path):
            raise CannotConnectError(
                f"{path} is tracked by git, and a token must not get there: git rm --cached it first"
            )
        try:
            after = edit.put(text_of(path, now)).encode()
        except NotUnderstoodError as error:
            raise CannotConnectError(f"{path}: {error}. Nothing was changed.") from error
        planned[path] = Planned(_joined(known.edit, edit) if known else edit, before, after)
    return list(planned.values())


def _joined(first: Edit, second: Edit) -> Edit:
    return Edit(
        first.path,
        lambda text: second.put(first.put(text)),
        lambda text: first.drop(second.drop(text)),
        secret=first.secret or second.secret,
        executable=first.executable or second.executable,
        what=first.what,
    )


@dataclass
class Journal:
    """What was done to which file, so that it can be undone after this process has ended."""

    path: Path
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Journal:
        """Read a journal; an empty one when there is none."""
        content = read(path)
        if content is None:
            return cls(path)
        try:
            found = json.loads(content)
            return cls(path, found["entries"], found["facts"])
        except (ValueError, KeyError, TypeError) as error:
            raise CannotConnectError(f"{path} is damaged: what was done before cannot be undone by it") from error

    def save(self) -> None:
        """Write it, for its owner only; without entries it goes."""
        if self.entries:
            body = json.dumps({"facts": self.facts, "entries": self.entries}, indent=2).encode()
            made = write(self.path, body, PRIVATE)
            if made:
                self.facts["made"] = [*self.facts.get("made", []), *made]
                self.save()
            return
        self.path.unlink(missing_ok=True)
        _remove_empty(self.facts.get("made", []))

    def apply(self, planned: list[Planned]) -> None:
        """Make the changes, each noted before it is made; the first content found stays the one to go back to."""
        for one in planned:
            name = str(one.edit.path)
            known = self.entries.get(name)
            before = one.before
            if known is not None:
                untouched = before is not None and digest(before) == known["after"]
                before = _kept(known) if untouched else _without(one.edit, before)
            self.entries[name] = {
                "before": None if before is None else base64.b64encode(before).decode(),
                "after": digest(one.after),
                "mode": known["mode"] if known else mode_of(one.edit.path),
                "made": known["made"] if known else [],
            }
            self.save()
            if one.changes:
                mode = PRIVATE if one.edit.secret else 0o755 if one.edit.executable else None
                made = write(one.edit.path, one.after, mode)
                self.entries[name]["made"] = [*self.entries[name]["made"], *made]
        self.save()

    def undo(self, edits: list[Edit]) -> list[str]:
        """Undo everything, last first; answers what had changed since and was taken out by hand."""
        by_name = {str(edit.path): edit for edit in edits}
        by_hand = []
        for name in reversed(list(self.entries)):
            entry, path = self.entries[name], Path(name)
            now = read(path)
            goal = _kept(entry)
            if now is not None and digest(now) != entry["after"]:
                by_hand.append(name)
                goal = _without(by_name[name], now) if name in by_name else now
            if goal is None:
                path.unlink(missing_ok=True)
            else:
                write(path, goal, entry["mode"])
            _remove_empty(entry["made"])
            del self.entries[name]
            self.save()
        return by_hand


def _kept(entry: dict[str, Any]) -> bytes | None:
    return None if entry["before"] is None else base64.b64decode(entry["before"])


def _without(edit: Edit, content: bytes | None) -> bytes | None:
    """Take our part out of a content that others have changed since; None when nothing is left."""
    if content is None:
        return None
    left = edit.drop(text_of(edit.path, content))
    return left.encode() if left.strip() not in {"", "{}"} else None


def _remove_empty(folders: list[str]) -> None:
    for folder in reversed(folders):
        path = Path(folder)
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
