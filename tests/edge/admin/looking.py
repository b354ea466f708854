"""What is looked at on every page: how large it is, how many statements it took, and that nothing in it runs."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any, Final

import httpx2
import pytest

PAGE_BYTES_MAX: Final = 60_000
STATEMENTS_MAX: Final = 6
HOSTILE: Final = (
    "</title></textarea><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{ 7 * 7 }}\u202e\u2066 end"
)
"""Text that tries to break out of wherever it stands; one line, as most fields are."""


def statements_of(caplog: pytest.LogCaptureFixture) -> int:
    """Answer how many statements the last page ran."""
    facts: list[dict[str, Any]] = [vars(one)["facts"] for one in caplog.records if one.name == "signalbox.requests"]
    return int(facts[-1]["statements"])


class _Marks(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.running: list[str] = []
        self.unlabelled: list[str] = []
        self.labels: set[str] = set()
        self.fields: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "script":
            self.scripts.append(given.get("src", "inline"))
        self.running += [f"{tag} {name}" for name in given if name.startswith("on") or name == "style"]
        self.running += [tag] * (tag in {"img", "iframe", "style", "object", "embed"})
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "label":
            self.labels.add(given["for"])
        if tag in {"textarea", "select"} or (tag == "input" and given.get("type") != "hidden"):
            self.fields.append(given.get("id", ""))


def require_sound(page: httpx2.Response) -> None:
    """See that a page is small, that nothing in it runs but our own script, and that each field has its label."""
    marks = _Marks()
    marks.feed(page.text)
    assert all(re.fullmatch(r"/live\.js\?v=[0-9a-f]{12}", script) for script in marks.scripts), marks.scripts
    assert marks.running == []
    assert set(marks.fields) <= marks.labels
    assert len(set(marks.ids)) == len(marks.ids), sorted(marks.ids)
    assert len(page.content) <= PAGE_BYTES_MAX
