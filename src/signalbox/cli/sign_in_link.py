"""`signalbox sign-in-link`."""

from __future__ import annotations

from pathlib import Path

import click

from signalbox.cli.local import data_dir_option, on_database
from signalbox.cli.output import json_option, print_json
from signalbox.domain import sign_in
from signalbox.domain.sign_in import LINK_SECONDS, SignInLink


@click.command("sign-in-link")
@click.argument("email")
@data_dir_option
@json_option
def command(email: str, data_dir: Path | None, *, as_json: bool) -> None:
    """Print a link that signs the owner with EMAIL in: it works once, for 15 minutes.

    It leads to SIGNALBOX_PUBLIC_URL, else to SIGNALBOX_HOST and SIGNALBOX_PORT: set what the server was started with.
    """
    link = on_database(data_dir, lambda database: sign_in.make_link(database, email))
    if as_json:
        print_json({"sign_in_url": link.url, "expires_at": link.expires_at.isoformat(timespec="seconds")})
    else:
        click.echo(in_words(link))


def in_words(link: SignInLink) -> str:
    """Say what to do with a link."""
    return f"Sign in within {LINK_SECONDS // 60} minutes, once:\n  {link.url}"
