"""`signalbox stdio`: the same MCP server, on standard input and output."""

from __future__ import annotations

import os
from pathlib import Path

import click

from signalbox.cli.local import data_dir_option, on_database
from signalbox.cli.logs import set_up_logs
from signalbox.config import load_settings
from signalbox.db.pool import Database
from signalbox.identity import token_hash


@click.command("stdio")
@data_dir_option
def command(data_dir: Path | None) -> None:
    """Serve MCP to the program that started this one, as the participant of SIGNALBOX_TOKEN."""
    settings = load_settings(os.environ)
    if settings.token is None:
        raise click.UsageError("set SIGNALBOX_TOKEN (or SIGNALBOX_TOKEN_FILE) to a token")
    known_hash = token_hash(settings.token)
    set_up_logs(settings)

    async def work(database: Database) -> None:
        from signalbox.edge.stdio import serve_stdio  # noqa: PLC0415 - importing the SDK takes a second

        await serve_stdio(database, known_hash)

    on_database(data_dir, work)
