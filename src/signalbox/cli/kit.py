"""`signalbox kit`: hooks, git's hook and instructions, without connecting a client."""

from __future__ import annotations

import sys

import click

from signalbox.clients.__main__ import main


@click.command("kit", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[install|status|remove] [OPTIONS]")
def command(arguments: tuple[str, ...]) -> None:
    """Install, show or remove the kit in this repository, as `kit/install` does from a checkout.

    Takes --scope project|user, --client NAME (more than once), --url, --lead and --dry-run.
    """
    sys.exit(main(list(arguments), "signalbox kit"))
