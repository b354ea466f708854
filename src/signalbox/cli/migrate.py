"""`signalbox migrate`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from signalbox.cli.local import data_dir_option, database_of, migrate
from signalbox.cli.output import say
from signalbox.config import load_settings
from signalbox.db.pool import schema_head


@click.command("migrate")
@data_dir_option
def command(data_dir: Path | None) -> None:
    """Bring the database to this version's schema. Nothing happens when it is there."""
    with database_of(load_settings(os.environ, data_dir=data_dir)) as settings:
        migrate(settings)
    say(f"The schema is at {schema_head()}.")
