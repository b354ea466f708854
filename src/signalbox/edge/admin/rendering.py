"""How pages look: the templates, and what they write times and numbers with."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import jinja2
from markupsafe import Markup, escape

from signalbox import __version__, paths
from signalbox.domain.search import FOUND_BEGINS, FOUND_ENDS
from signalbox.edge.admin.summaries import summary

ASSETS: Final = {
    "style.css": "text/css",
    "live.js": "text/javascript",
    "copy.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
NOW_SECONDS: Final = 5
KILO: Final = 1024
KILO_SHOWN_WHOLE: Final = 100


def asset(name: str) -> bytes:
    """Read one of the files that pages load."""
    return (paths.TEMPLATES / name).read_bytes()


@cache
def asset_url(name: str) -> str:
    """Name an asset so that a browser keeps it until it changes."""
    return f"/{name}?v={hashlib.sha256(asset(name)).hexdigest()[:12]}"


def duration(seconds: float) -> str:
    """Write how long something takes, in its largest unit."""
    whole = max(int(seconds), 0)
    for size, unit in UNITS:
        if whole >= size:
            return f"{whole // size} {unit}"
    return "0 s"


def when(moment: datetime | None) -> Markup:
    """Write a time as how long ago or ahead it is, with the exact one on hover."""
    if moment is None:
        return Markup('<span class="quiet">never</span>')
    seconds = (datetime.now(UTC) - moment).total_seconds()
    if abs(seconds) < NOW_SECONDS:
        words = "just now"
    elif seconds > 0:
        words = f"{duration(seconds)} ago"
    else:
        words = f"in {duration(-seconds)}"
    exact = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        exact.isoformat(timespec="seconds"), f"{exact:%Y-%m-%d %H:%M:%S} UTC", words
    )


def count(number: int) -> str:
    """Write a number so that it can be read."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def shortened(text: str, bytes_max: int) -> str:
    """Cut text where it would take more than `bytes_max` bytes of a page; what was cut ends in an ellipsis."""
    taken = 0
    for place, character in enumerate(text):
        taken += len(escape(character).encode())
        if taken > bytes_max:
            return f"{text[:place].rstrip()}…"
    return text


def brief(text: str, bytes_max: int = 100) -> Markup:
    """Write text of somebody else's within a line: shortened, and its direction is its own."""
    return Markup("<bdi>{}</bdi>").format(shortened(text, bytes_max))


def found_in(text: str) -> Markup:
    """Write a line of somebody else's in which something was found, and mark that."""
    pieces = re.split(f"[{FOUND_BEGINS}{FOUND_ENDS}]", text)
    marked = [
        Markup("<mark>{}</mark>").format(piece) if place % 2 else escape(piece) for place, piece in enumerate(pieces)
    ]
    return Markup("<bdi>{}</bdi>").format(Markup("").join(marked))


def size(number: int) -> str:
    """Write a number of bytes in the unit that it is read best in."""
    scaled, unit = float(number), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if scaled < KILO:
            break
        scaled, unit = scaled / KILO, larger
    return f"{scaled:.0f} {unit}" if unit == "B" or scaled >= KILO_SHOWN_WHOLE else f"{scaled:.1f} {unit}"


@cache
def environment() -> jinja2.Environment:
    """Make what templates are rendered with: strict about names, and every value escaped."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(paths.TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "when": when,
        "duration": duration,
        "count": count,
        "shortened": shortened,
        "brief": brief,
        "summary": summary,
        "found_in": found_in,
        "size": size,
    }
    made.globals |= {"asset_url": asset_url, "version": __version__}
    return made


def render(template: str, **values: Any) -> str:
    """Write a page."""
    return environment().get_template(template).render(**values)
