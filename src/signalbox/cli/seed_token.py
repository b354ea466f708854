"""`signalbox seed-token`."""

from __future__ import annotations

from pathlib import Path

import click

from signalbox.cli.local import data_dir_option, on_database
from signalbox.cli.output import json_option, print_json
from signalbox.db.pool import Database
from signalbox.domain import owners, participants
from signalbox.domain.participants import Kind, ProvisionArgs, Provisioned
from signalbox.errors import InvalidArguments
from signalbox.identity import Scope, tool_groups


@click.command("seed-token")
@click.argument("email")
@click.argument("project")
@click.argument("label")
@click.option("--lead", is_flag=True, help="Make the participant a lead.")
@click.option("--kind", type=click.Choice(["agent", "human"]), default="agent", show_default=True, help="What it is.")
@click.option("--lane", help="The lane whose posts it gets from the start.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="Narrow the token; repeatable.",
)
@click.option("--tools", help="What it has listed, such as core,work: groups of tools. All of them if left out.")
@data_dir_option
@json_option
def command(
    email: str,
    project: str,
    label: str,
    kind: Kind,
    lane: str | None,
    scopes: tuple[str, ...],
    tools: str | None,
    data_dir: Path | None,
    *,
    lead: bool,
    as_json: bool,
) -> None:
    """Give LABEL a token in PROJECT of the owner EMAIL, making each that is missing. The token is shown once."""
    try:
        wish = ProvisionArgs(participant_name=label, kind=kind, lane=lane, is_admin=lead)
    except ValueError:
        raise InvalidArguments(f"{label!r} cannot be a label: a-z, 0-9, . _ -, 64 at most, no first dot") from None
    wanted = frozenset(Scope(scope) for scope in scopes) or frozenset(Scope)
    groups = None if tools is None else tool_groups(tools)

    async def work(database: Database) -> Provisioned:
        owner = await owners.bootstrap_owner(database, email, None)
        who = await owners.in_project(database, owner, project)
        return await participants.provision(database, who, wish, allow_existing=True, scopes=wanted, tool_groups=groups)

    given = on_database(data_dir, work)
    if as_json:
        print_json(given.model_dump(mode="json", exclude_none=True))
    else:
        click.echo(f"{given.actor} in {given.project}, {'lead' if given.is_admin else 'member'}")
        click.echo(given.token)
