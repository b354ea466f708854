"""Nothing in the templates is left over: what is there is used, and what is used is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

import signalbox
from signalbox import paths
from signalbox.edge.admin.notices import NOTICES

SOURCES: Final = "\n".join(path.read_text(encoding="utf-8") for path in Path(signalbox.__file__).parent.rglob("*.py"))
FILES: Final = sorted(path for path in paths.TEMPLATES.rglob("*") if path.is_file())
PAGES: Final = {path.name: path.read_text(encoding="utf-8") for path in FILES if path.suffix == ".html"}
ALL_PAGES: Final = "\n".join(PAGES.values())
SCRIPTS: Final = "\n".join(path.read_text(encoding="utf-8") for path in FILES if path.suffix == ".js")
STYLE: Final = (paths.TEMPLATES / "style.css").read_text(encoding="utf-8")
COLOURS: Final = {f"c{place}" for place in range(6)}  # of the chart: c{{ place }}


def test_every_notice_is_said() -> None:
    said = [name for name in NOTICES if len(re.findall(rf'"{name}"', SOURCES)) > 1]

    assert said == list(NOTICES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_template_is_named_by_code_or_by_another(path: Path) -> None:
    others = "\n".join(text for name, text in PAGES.items() if name != path.name)

    assert path.name in SOURCES + others


@pytest.mark.parametrize("page", PAGES)
def test_a_page_uses_what_it_imports(page: str) -> None:
    imports = re.findall(r"\{% from \S+ import (.*?) %\}", PAGES[page])
    names = [name.split(" as ")[-1].strip() for line in imports for name in line.split(",")]
    rest = re.sub(r"\{% from .*? %\}", "", PAGES[page])

    assert [name for name in names if not re.search(rf"\b{name}\(", rest)] == []


def test_every_macro_is_used() -> None:
    macros = re.findall(r"\{% macro (\w+)\(", ALL_PAGES)
    used = re.findall(r"(?<!macro )\b(\w+)\(|\b(\w+) as \w+", ALL_PAGES)
    names = {name for found in used for name in found}

    assert [name for name in macros if name not in names] == []


def test_every_class_of_the_style_sheet_is_on_a_page() -> None:
    selectors = re.sub(r"\{[^{}]*\}|/\*.*?\*/", " ", STYLE)
    styled = set(re.findall(r"\.([a-z][\w-]*)", selectors)) - COLOURS
    given = re.findall(r"""class="(.*?)"|kind='(\w+)'""", ALL_PAGES) + re.findall(r"className = '(.*?)'()", SCRIPTS)
    words = {word for text in given for word in re.findall(r"[\w-]+", " ".join(text))}

    assert styled - words == set()
