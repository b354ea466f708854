"""`signalbox connect`: every coding agent of this machine on Signalbox, in one command."""

from __future__ import annotations

import os
from pathlib import Path

import click

from signalbox.cli.connecting import connecting, scope_option
from signalbox.cli.output import say
from signalbox.clients.connecting import connect, who_am_i
from signalbox.clients.edits import plan
from signalbox.clients.known import CLIENTS
from signalbox.clients.wishes import Wish, wish_for
from signalbox.config import load_settings
from signalbox.identity import token_hash


@click.command("connect")
@click.argument("clients", nargs=-1, metavar="[CLIENT]...")
@click.option("--url", help="The server (SIGNALBOX_URL).")
@scope_option
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--no-hooks", is_flag=True, help="Leave out hooks of clients and of git.")
@click.option("--no-instructions", is_flag=True, help="Leave out the block in CLAUDE.md, AGENTS.md, GEMINI.md.")
@click.option("--replace", is_flag=True, help="Take the place of another server named signalbox.")
def command(
    clients: tuple[str, ...],
    url: str | None,
    scope: str,
    *,
    dry_run: bool,
    no_hooks: bool,
    no_instructions: bool,
    replace: bool,
) -> None:
    """Connect CLIENTs (claude codex gemini opencode cursor vscode, or all; without any: those that are installed).

    The token is read from SIGNALBOX_TOKEN or SIGNALBOX_TOKEN_FILE. What was in the files before is
    kept, and `signalbox disconnect` brings it back.
    """
    settings = load_settings(os.environ, url=url)
    token = settings.token or click.prompt("Token (sbx_…)", hide_input=True)
    token_hash(token)  # what cannot be a token is not sent anywhere
    with connecting():
        chosen = _chosen(clients)
        me = who_am_i(settings.url, token)
        wish = wish_for(
            settings.url,
            token,
            scope,
            chosen,
            hooks=not no_hooks,
            instructions=not no_instructions,
            takes_place=replace,
            lead=me.get("is_admin", False),
        )
        if dry_run:
            for one in plan(wish.edits()):
                click.echo(one.diff((token,)) if one.changes else f"{one.edit.path}: as it should be")
            return
        changed = connect(wish)
    for one in changed:
        click.echo(f"wrote {one.edit.path}" + (f" ({one.edit.what})" if one.edit.what else ""))
    click.echo(f"connected {', '.join(chosen)} to {settings.url}: {me['actor']} in the project {me['project']}")
    _say_next(wish, changed=bool(changed))


def _chosen(named: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in named if name not in CLIENTS and name != "all"]
    if unknown:
        raise click.UsageError(f"no client {unknown[0]!r}: there are {', '.join(CLIENTS)}, and all")
    if "all" in named:
        return tuple(CLIENTS)
    found = named or tuple(name for name, client in CLIENTS.items() if client.is_installed(Path.home()))
    if not found:
        raise click.UsageError(f"no client was found on this machine: name one of {', '.join(CLIENTS)}")
    return tuple(dict.fromkeys(found))


def _say_next(wish: Wish, *, changed: bool) -> None:
    if not changed:
        say("everything was there already")
        return
    say("next: restart the sessions that are open, and let the agent call whoami.")
    if not wish.target.is_user and set(wish.clients) - {"claude"}:
        say("the files of this project take the token from the environment: export SIGNALBOX_TOKEN before you start.")
    if "codex" in wish.clients and wish.with_hooks:
        say("Codex runs no hook that you have not looked at: /hooks in Codex, now and after each change of them.")
    if "claude" in wish.clients:
        say("Claude Code lists it: claude mcp list")
