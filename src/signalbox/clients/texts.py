"""Edits of config files that leave every byte alone that is not theirs: JSON, TOML, Markdown and shell.

Each edit is a pure function from text to text; what cannot be read is refused, never repaired.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

WHITESPACE = re.compile(r"[ \t\n\r]*")


class NotUnderstoodError(Exception):
    """A file is not what its name says: nothing is changed."""


@dataclass(frozen=True)
class Member:
    """One member of a JSON object, by where it stands in the text."""

    key: str
    key_start: int
    value_start: int
    end: int


@dataclass(frozen=True)
class Span:
    """A JSON object in a text: from its brace to behind its other brace, with its members."""

    start: int
    end: int
    members: tuple[Member, ...]

    def member(self, key: str) -> Member | None:
        """Find a member; of several of one name, the one that JSON readers take."""
        return next((member for member in reversed(self.members) if member.key == key), None)


def _skip(text: str, at: int) -> int:
    found = WHITESPACE.match(text, at)
    assert found is not None, "it matches nothing, too"
    return found.end()


def _object_at(text: str, start: int) -> Span:
    """Read where the members of an object stand; the text is known to be JSON."""
    decoder = json.JSONDecoder()
    members = []
    at = _skip(text, start + 1)
    while text[at] != "}":
        key, end = decoder.raw_decode(text, at)
        value_start = _skip(text, _skip(text, end) + 1)
        _, value_end = decoder.raw_decode(text, value_start)
        members.append(Member(key, at, value_start, value_end))
        at = _skip(text, value_end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return Span(start, at + 1, tuple(members))


def read_json(text: str) -> dict[str, Any]:
    """Read a config file that must be a JSON object.

    Raises:
        NotUnderstoodError: it is not.
    """
    try:
        found = json.loads(text.removeprefix("\ufeff")) if text.strip() else {}
    except ValueError as error:
        raise NotUnderstoodError(f"it is not JSON that can be read ({error}); comments are not understood") from error
    if not isinstance(found, dict):
        raise NotUnderstoodError("it is JSON, but not an object")
    return found


def _indent_of(text: str) -> str:
    found = re.search(r"\n([ \t]+)\"", text)
    return found.group(1) if found else "  "


def _written(value: Any, indent: str, depth: int) -> str:
    lines = json.dumps(value, indent=indent, ensure_ascii=False).splitlines()
    return ("\n" + indent * depth).join(lines)


def set_json(text: str, path: tuple[str, ...], value: Any) -> str:
    """Set what stands at a path of keys, making the objects above it; everything else keeps its bytes.

    Raises:
        NotUnderstoodError: the text is not a JSON object, or something on the path is none.
    """
    if not read_json(text):
        text = "{}\n"
    indent = _indent_of(text)
    span = _object_at(text, text.index("{"))
    for depth, key in enumerate(path[:-1], start=1):
        member = span.member(key)
        if member is None:
            for name in reversed(path[depth:]):
                value = {name: value}
            return _insert(text, span, (key, value), indent, depth)
        if text[member.value_start] != "{":
            raise NotUnderstoodError(f"{key!r} is not an object there")
        span = _object_at(text, member.value_start)
    member = span.member(path[-1])
    if member is None:
        return _insert(text, span, (path[-1], value), indent, len(path))
    return text[: member.value_start] + _written(value, indent, len(path)) + text[member.end :]


def _insert(text: str, span: Span, member: tuple[str, Any], indent: str, depth: int) -> str:
    key, value = member
    line = f"\n{indent * depth}{json.dumps(key)}: {_written(value, indent, depth)}"
    if span.members:
        end = span.members[-1].end
        return f"{text[:end]},{line}{text[end:]}"
    return f"{text[: span.start + 1]}{line}\n{indent * (depth - 1)}{text[span.end - 1 :]}"


def drop_json(text: str, path: tuple[str, ...]) -> str:
    """Drop what stands at a path, and the objects above it that are empty then; nothing there changes nothing."""
    read_json(text)
    spans = [_object_at(text, text.index("{"))] if text.strip() else []
    for key in path[:-1]:
        member = spans[-1].member(key) if spans else None
        if member is None or text[member.value_start] != "{":
            return text
        spans.append(_object_at(text, member.value_start))
    if not spans or spans[-1].member(path[-1]) is None:
        return text
    depth = len(spans) - 1
    while depth > 0 and len(spans[depth].members) == 1:
        depth -= 1
    return _cut(text, spans[depth], path[depth])


def _cut(text: str, span: Span, key: str) -> str:
    member = span.member(key)
    assert member is not None, "it was just found"
    place = span.members.index(member)
    if place > 0:
        return text[: span.members[place - 1].end] + text[member.end :]
    if len(span.members) > 1:
        return text[: member.key_start] + text[span.members[1].key_start :]
    return text[: span.start] + "{}" + text[span.end :]


def at_json(text: str, path: tuple[str, ...]) -> Any:
    """Answer what stands at a path, or None."""
    found: Any = read_json(text)
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


@dataclass(frozen=True)
class Fence:
    """A part of a text file that is ours, between two lines that say so."""

    begin: str
    end: str

    def put(self, text: str, part: str) -> str:
        """Put our part at the end, or where it was."""
        block = f"{self.begin}\n{part.rstrip()}\n{self.end}\n"
        start, behind = self._find(text)
        if start >= 0:
            return text[:start] + block + text[behind:]
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return text + gap + block

    def drop(self, text: str) -> str:
        """Take our part out, with the empty line before it."""
        start, behind = self._find(text)
        if start < 0:
            return text
        before = text[:start]
        return (before[:-1] if before.endswith("\n\n") else before) + text[behind:]

    def has(self, text: str) -> bool:
        """Say whether our part is there."""
        return self._find(text)[0] >= 0

    def part(self, text: str) -> str:
        """Answer our part without its fence."""
        start, behind = self._find(text)
        return text[start + len(self.begin) + 1 : text.rindex(self.end, start, behind) - 1] if start >= 0 else ""

    def _find(self, text: str) -> tuple[int, int]:
        found = re.search(f"^{re.escape(self.begin)}$.*?^{re.escape(self.end)}$\n?", text, re.DOTALL | re.MULTILINE)
        if found is None:
            if self.begin in text or self.end in text:
                raise NotUnderstoodError(f"the lines {self.begin!r} and {self.end!r} are not both there")
            return -1, -1
        return found.start(), found.end()


MARKDOWN = Fence("<!-- signalbox: begin -->", "<!-- signalbox: end -->")
HASH = Fence("# signalbox: begin", "# signalbox: end")
