"""`signalbox token list|revoke|rotate`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from signalbox.cli.local import data_dir_option, on_database
from signalbox.cli.output import json_option, print_json
from signalbox.domain import tokens


@click.group("token")
def command() -> None:
    """List, revoke and rotate tokens. Secrets are never shown again: only their hashes are kept."""


@command.command("list")
@click.option("--project", help="Only this project's.")
@click.option("--after", type=int, help="Go on after this token id: a page has 200.")
@data_dir_option
@json_option
def list_(project: str | None, after: int | None, data_dir: Path | None, *, as_json: bool) -> None:
    """List tokens with their state and when they were last used."""
    found = on_database(data_dir, lambda database: tokens.list_tokens(database, project, after))
    if as_json:
        print_json([token.model_dump(mode="json", exclude_none=True) for token in found])
        return
    now = datetime.now(UTC)
    click.echo(f"{'id':>6}  {'project':<20} {'actor':<30} {'role':<7} {'state':<8} last used")
    for token in found:
        used = f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never"
        click.echo(
            f"{token.token_id:>6}  {token.project:<20} {token.actor:<30} {token.role:<7} {token.state(now):<8} {used}"
        )


@command.command("revoke")
@click.argument("token_id", type=int)
@data_dir_option
@json_option
def revoke(token_id: int, data_dir: Path | None, *, as_json: bool) -> None:
    """End the token TOKEN_ID, from its next call on."""
    changed = on_database(data_dir, lambda database: tokens.revoke(database, token_id))
    if as_json:
        print_json(changed.model_dump(mode="json", exclude_none=True))
    else:
        click.echo(f"Token {token_id} of {changed.actor} is revoked." if changed.revoked else "It was revoked before.")


@command.command("rotate")
@click.argument("token_id", type=int)
@click.option(
    "--overlap-seconds",
    type=click.IntRange(0, 7 * 86_400),
    default=0,
    show_default=True,
    help="How long the old token still holds.",
)
@data_dir_option
@json_option
def rotate(token_id: int, overlap_seconds: int, data_dir: Path | None, *, as_json: bool) -> None:
    """Put a new token in the place of TOKEN_ID. It is shown once."""
    changed = on_database(data_dir, lambda database: tokens.rotate(database, token_id, overlap_seconds))
    if as_json:
        print_json(changed.model_dump(mode="json", exclude_none=True))
    else:
        click.echo(f"Token {changed.token_id} of {changed.actor}:")
        click.echo(changed.token)
