"""`signalbox serve`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from signalbox.cli.local import data_dir_option, database_of
from signalbox.cli.output import say
from signalbox.config import load_settings


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that `serve` and `up` share."""
    for option in (
        click.option("--workers", type=int, help="Server processes (SIGNALBOX_WORKERS, 1)."),
        data_dir_option,
        click.option("--port", type=int, help="Port to listen on (SIGNALBOX_PORT, 8787)."),
        click.option("--host", help="Address to listen on (SIGNALBOX_HOST, 127.0.0.1)."),
    ):
        command = option(command)
    return command


@click.command("serve")
@server_options
def command(host: str | None, port: int | None, data_dir: Path | None, workers: int | None) -> None:
    """Serve a database that is set up: DATABASE_URL, or the embedded one."""
    from signalbox.cli import server  # noqa: PLC0415 - importing the SDK takes a second

    server.exit_on_signals()
    settings = load_settings(os.environ, host=host, port=port, data_dir=data_dir, workers=workers)
    bound, settings = server.listen(settings)
    with bound, database_of(settings, own=True) as ready:
        server.serve(bound, ready, on_ready=lambda: say(f"Signalbox serves at {ready.base_url}"))
