"""How commands speak: data to standard output, everything else to standard error."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


# What a terminal takes for a command, what breaks a line, what is not seen, and what turns the direction of a text.
CONTROLS: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
    "\ud800-\udfff]"
)


def printable(text: str, *, as_json: bool = False) -> str:
    """Make one line of what others wrote: whatever a terminal would act on, or not show, is shown as its code point.

    `as_json`: text that is JSON stays JSON.
    """
    return CONTROLS.sub(_escaped if as_json else _named, text)


def _named(found: re.Match[str]) -> str:
    return f"[U+{ord(found[0]):04X}]"


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def say(message: str) -> None:
    """Tell the person at the terminal."""
    click.echo(message, err=True)


def print_json(data: Any) -> None:
    """Print data for a program: one line."""
    click.echo(json.dumps(data, ensure_ascii=False))
