"""The palette: every pair of colours that stands on each other can be read (WCAG 2.2 AA), light and dark."""

from __future__ import annotations

import re
from typing import Final

import pytest

from signalbox import paths

STYLE: Final = (paths.TEMPLATES / "style.css").read_text(encoding="utf-8")
TEXT_MIN: Final = 4.5  # success criterion 1.4.3
GRAPHIC_MIN: Final = 3.0  # 1.4.11: what tells where a control is, and whether it has the focus

GROUNDS: Final = ("paper", "card", "code")
TEXT: Final = (
    *((ink, ground) for ink in ("ink", "quiet", "link", "danger") for ground in GROUNDS),
    *(("ink", ground) for ground in ("good-bg", "warn-bg")),  # a notice, an alert
    *(("link", ground) for ground in ("good-bg", "warn-bg")),  # links within them
    ("good", "good-bg"),
    ("warn", "warn-bg"),
    ("danger", "bad-bg"),
    ("on-go", "go"),
    ("on-danger", "danger"),
)
"""Ink, and what it is written on."""
GRAPHIC: Final = (
    *((mark, ground) for mark in ("link", "field") for ground in ("paper", "card")),  # the focus, a field's border
    *(("danger", ground) for ground in ("paper", "card")),  # the border of a field that is wrong
    *((f"c{place}", "card") for place in range(6)),  # the chart's bars
    ("go", "card"),  # what a ticked box is drawn in
)
LIGHT, DARK = STYLE.split("@media (prefers-color-scheme: dark)", maxsplit=1)


def palette(text: str) -> dict[str, str]:
    """Answer the colours of the first rule of a style sheet."""
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", text.partition("}")[0]))


PALETTES: Final = {"light": palette(LIGHT), "dark": palette(DARK)}


def luminance(colour: str) -> float:
    """How bright a colour is, from 0 to 1, as WCAG reckons it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """How far two colours stand apart, from 1 to 21."""
    darker, brighter = sorted((luminance(one), luminance(other)))
    return (brighter + 0.05) / (darker + 0.05)


def too_near(theme: str, pairs: tuple[tuple[str, str], ...], least: float) -> dict[str, float]:
    """Answer the pairs that do not stand apart far enough, with how far they do."""
    colours = PALETTES[theme]
    found = {f"{ink} on {ground}": contrast(colours[ink], colours[ground]) for ink, ground in pairs}
    return {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < least}


def test_contrast_is_what_wcag_reckons() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#767676") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", PALETTES)
def test_text_can_be_read_on_what_it_stands_on(theme: str) -> None:
    assert too_near(theme, TEXT, TEXT_MIN) == {}


@pytest.mark.parametrize("theme", PALETTES)
def test_controls_and_the_focus_can_be_seen(theme: str) -> None:
    assert too_near(theme, GRAPHIC, GRAPHIC_MIN) == {}


def test_both_themes_have_the_same_colours_and_each_is_looked_at() -> None:
    light, dark = PALETTES["light"], PALETTES["dark"]
    looked_at = {name for pair in (*TEXT, *GRAPHIC) for name in pair}

    assert light.keys() == dark.keys()
    assert light.keys() - looked_at == {"line"}  # parts lists; nothing hangs on seeing it


def test_colours_stand_in_the_palette_and_nowhere_else() -> None:
    _, _, rules = DARK.partition("}\n}")

    assert rules
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", rules) == []
