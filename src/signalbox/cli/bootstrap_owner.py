"""`signalbox bootstrap-owner`."""

from __future__ import annotations

from pathlib import Path

import click

from signalbox.cli.local import data_dir_option, on_database
from signalbox.cli.output import json_option, print_json
from signalbox.domain import owners


@click.command("bootstrap-owner")
@click.argument("email")
@click.option("--handle", help="The public name; from the email when left out.")
@data_dir_option
@json_option
def command(email: str, handle: str | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Make an owner of EMAIL. One that is there stays as it is."""
    owner = on_database(data_dir, lambda database: owners.bootstrap_owner(database, email, handle))
    if as_json:
        print_json(owner.model_dump())
    else:
        click.echo(f"{owner.handle} <{owner.email}> is an owner.")
