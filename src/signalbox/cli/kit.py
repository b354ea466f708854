"""`signalbox kit`: hooks, git's hook and instructions, without connecting a client."""

from __future__ import annotations

import sys

import click

from signalbox.clients.__main__ import main


@click.command("kit", context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Install, show or remove the kit: signalbox kit install|status|remove (--help says more)."""
    sys.exit(main(list(arguments)))
