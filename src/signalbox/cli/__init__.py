"""The command line: one file per command, loaded when it is called."""

from __future__ import annotations

import importlib
import sys
from typing import Final

import click

from signalbox import __version__
from signalbox.config import ConfigError
from signalbox.errors import InvalidArguments, Refusal, SetupError

COMMANDS: Final = {
    "up": "Start everything on this machine: database, first project and token, server.",
    "serve": "Serve a database that is set up.",
    "migrate": "Bring the database to this version's schema.",
    "bootstrap-owner": "Make an owner, and a link that signs it in.",
    "sign-in-link": "Make a link that signs an owner in, once.",
    "seed-token": "Give a participant a token in a project, making what is missing.",
    "token": "List, revoke and rotate tokens.",
    "call": "Call a tool of a server: signalbox call claim sequence=adr.",
    "connect": "Connect the coding agents of this machine to a server.",
    "disconnect": "Undo what connect did.",
    "status": "Say which clients are connected, and as whom.",
    "watch": "Print what happens in a project as it happens.",
    "export": "Write a ledger, a lane or a thread as a file, or keep a mirror for git.",
    "state": "Print how things stood at an event.",
    "kit": "Install, show or remove hooks and instructions.",
    "doctor": "Say what is wrong, and how it is mended.",
    "bridge": "Be an MCP server on standard input and output, for a remote server.",
    "listen": "Print a line for each post to a participant, as it comes.",
    "stdio": "Be an MCP server on standard input and output.",
    "completion": "Print the shell's completion script.",
}


class Commands(click.Group):
    """Knows its commands by name, and imports one only to run it or to show its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands, in the order of a first day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"signalbox.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="signalbox")
@click.pass_context
def signalbox(ctx: click.Context) -> None:
    """Signalbox: the shared backplane of AI agents that work side by side."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """Run the command line: exit code 0, 1 for a refusal, 2 for arguments that do not fit."""
    try:
        signalbox.main(prog_name="signalbox", standalone_mode=True)
    except (SetupError, ConfigError) as error:
        _fail(str(error), 1)
    except Refusal as refusal:
        _fail(f"{refusal.code}: {refusal.message}", 2 if isinstance(refusal, InvalidArguments) else 1)


def _fail(message: str, code: int) -> None:
    click.echo(f"signalbox: {message}", err=True)
    sys.exit(code)
