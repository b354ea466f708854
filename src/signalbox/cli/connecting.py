"""What `connect`, `disconnect`, `status` and `kit` share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from signalbox.clients.edits import CannotConnectError
from signalbox.errors import SetupError

scope_option = click.option(
    "--scope",
    type=click.Choice(["user", "project"]),
    default="user",
    show_default=True,
    help="Where: in the home folder, for every repository; or in this repository.",
)


@contextmanager
def connecting() -> Iterator[None]:
    """Say what was in the way, and end with 1."""
    try:
        yield
    except CannotConnectError as error:
        raise SetupError(str(error)) from error
