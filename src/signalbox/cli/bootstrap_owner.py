"""`signalbox bootstrap-owner`."""

from __future__ import annotations

from pathlib import Path

import click

from signalbox.cli.local import data_dir_option, on_database
from signalbox.cli.output import json_option, print_json
from signalbox.cli.sign_in_link import in_words
from signalbox.db.pool import Database
from signalbox.domain import owners, sign_in
from signalbox.domain.owners import OwnerRow
from signalbox.domain.sign_in import SignInLink


@click.command("bootstrap-owner")
@click.argument("email")
@click.option("--handle", help="The public name; from the email when left out.")
@data_dir_option
@json_option
def command(email: str, handle: str | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Make an owner of EMAIL, and print a link that signs it in once. One that is there stays as it is."""

    async def work(database: Database) -> tuple[OwnerRow, SignInLink]:
        owner = await owners.bootstrap_owner(database, email, handle)
        return owner, await sign_in.make_link(database, owner.email)

    owner, link = on_database(data_dir, work)
    if as_json:
        print_json(owner.model_dump() | {"sign_in_url": link.url})
    else:
        click.echo(f"{owner.handle} <{owner.email}> is an owner.")
        click.echo(in_words(link))
