"""`signalbox up`: from nothing to a served project with a lead's token, and the same again without a change."""

from __future__ import annotations

import asyncio
import getpass
import os
from pathlib import Path
from typing import Any

import click

from signalbox.cli.local import database_of, migrate_if_needed
from signalbox.cli.output import json_option, print_json
from signalbox.cli.serve import server_options
from signalbox.cli.sign_in_link import in_words
from signalbox.config import Settings, load_settings
from signalbox.db.pool import Database
from signalbox.domain import onboarding, owners, participants, sign_in, tokens
from signalbox.domain.owners import OwnerRow
from signalbox.domain.participants import ProvisionArgs
from signalbox.domain.sign_in import SignInLink
from signalbox.errors import InvalidArguments
from signalbox.identity import Principal


@click.command("up")
@server_options
@click.option("--owner", "handle", help="Handle of the first owner (the system user's name).")
@click.option("--email", help="Email of the first owner (HANDLE@localhost).")
@click.option("--project", default="main", show_default=True, help="Project to make if it is not there.")
@click.option("--label", default="lead", show_default=True, help="Label of the lead who gets the token.")
@json_option
def command(
    host: str | None,
    port: int | None,
    data_dir: Path | None,
    workers: int | None,
    handle: str | None,
    email: str | None,
    project: str,
    label: str,
    *,
    as_json: bool,
) -> None:
    """Start everything on this machine, making what is missing: database, owner, project, token, server.

    Run again it changes nothing, says what is there, and serves.
    """
    from signalbox.cli import server  # noqa: PLC0415 - importing the SDK takes a second

    server.exit_on_signals()
    wish = _lead(label)
    settings = load_settings(os.environ, host=host, port=port, data_dir=data_dir, workers=workers)
    bound, settings = server.listen(settings)
    with bound, database_of(settings, own=True) as ready:
        migrate_if_needed(ready)
        owner, who = asyncio.run(_first_project(ready, handle, email, project))

        def announce() -> None:
            token, link = asyncio.run(_first_secrets(ready, owner, who, wish))
            facts = _facts(ready, who, label, token)
            if as_json:
                print_json(facts | {"sign_in_url": link.url})
            else:
                click.echo(f"{_card(facts)}\n{in_words(link)}")

        server.serve(bound, ready, on_ready=announce)


def _lead(label: str) -> ProvisionArgs:
    try:
        return ProvisionArgs(participant_name=label, is_admin=True)
    except ValueError:
        raise InvalidArguments(f"{label!r} cannot be a label: a-z, 0-9, . _ -, 64 at most") from None


async def _first_project(
    settings: Settings, handle: str | None, email: str | None, project: str
) -> tuple[OwnerRow, Principal]:
    async with Database(settings) as database:
        owner = await owners.first_owner(database)
        if owner is None:
            chosen = handle or owners.handle_from(getpass.getuser())
            owner = await owners.bootstrap_owner(database, email or f"{chosen}@localhost", chosen)
        return owner, await owners.in_project(database, owner, project)


async def _first_secrets(
    settings: Settings, owner: OwnerRow, who: Principal, wish: ProvisionArgs
) -> tuple[str | None, SignInLink]:
    """Mint the lead's first token, and a link for the owner.

    A lead that had a token before is left alone, whatever became of it.
    """
    async with Database(settings) as database:
        link = await sign_in.make_link(database, owner.email)
        if await tokens.was_ever_given(database, who, wish.participant_name):
            return None, link
        return (await participants.provision(database, who, wish, allow_existing=True)).token, link


def _facts(settings: Settings, who: Principal, label: str, token: str | None) -> dict[str, Any]:
    facts = {
        "url": settings.base_url,
        "mcp_url": onboarding.mcp_url(settings.base_url),
        "project": who.project,
        "actor": f"{who.handle}/{label}",
    }
    return facts if token is None else facts | {"token": token}


def _card(facts: dict[str, Any]) -> str:
    token = facts.get("token")
    bearer = token or "sbx_…"  # to be put in by hand: no shell expands a variable inside the quotes of a header
    commands = onboarding.connect_commands(facts["url"], bearer)
    shown = (
        f"Token of {facts['actor']} (a lead), shown this once:\n\n  {token}"
        if token
        else f"{facts['actor']} has its token already. `signalbox token list` shows its id, "
        "`signalbox token rotate ID` gives a new one."
    )
    header = f"Authorization: Bearer {bearer}"
    return "\n".join(
        (
            f"Signalbox is ready at {facts['url']}, project {facts['project']}.",
            "",
            shown,
            "",
            "Connect the agents of a machine (it asks for the token):",
            f"  {onboarding.connect_command(facts['url'])}",
            "Or one client:",
            f"  Claude Code  {commands['claude']}",
            f"  Codex        {commands['codex']}",
            f"  Gemini CLI   {commands['gemini']}",
            "First call:",
            f'  curl -sS -X POST {facts["url"]}/api/tools/whoami -H "{header}"',
        )
    )
