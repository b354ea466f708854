"""`signalbox status`: which clients are connected, to what, as whom."""

from __future__ import annotations

import os
from pathlib import Path

import click

from signalbox.cli.connecting import connecting, scope_option
from signalbox.clients.connecting import who_am_i
from signalbox.clients.edits import CannotConnectError
from signalbox.clients.known import CLIENTS
from signalbox.clients.wishes import wish_for
from signalbox.config import load_settings


@click.command("status")
@scope_option
def command(scope: str) -> None:
    """Say which clients are here, which of them are connected, and whether the server answers."""
    settings = load_settings(os.environ)
    with connecting():
        facts = wish_for("", "", scope, ()).journal().facts
    connected = facts.get("clients", ())
    for name, client in CLIENTS.items():
        state = "connected" if name in connected else "not connected"
        click.echo(f"{client.title:12} {state}" + ("" if client.is_installed(Path.home()) else ", not installed"))
    url = facts.get("url", settings.url)
    if settings.token is None:
        click.echo(f"{url}: set SIGNALBOX_TOKEN to see whether it answers")
        return
    try:
        me = who_am_i(url, settings.token)
    except CannotConnectError as error:
        click.echo(str(error))
        raise SystemExit(1) from error
    click.echo(f"{url}: answers {me['actor']} in the project {me['project']}")
