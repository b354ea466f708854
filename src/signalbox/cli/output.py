"""How commands speak: data to standard output, everything else to standard error."""

from __future__ import annotations

import json
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def say(message: str) -> None:
    """Tell the person at the terminal."""
    click.echo(message, err=True)


def print_json(data: Any) -> None:
    """Print data for a program: one line."""
    click.echo(json.dumps(data, ensure_ascii=False))
