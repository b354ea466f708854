"""`signalbox listen`: one line for each post to this participant, as it comes."""

from __future__ import annotations

import sys

import anyio
import click

from signalbox.bridge.listening import Doorbell, Place, Turn, doorbells, place_of, turn_of
from signalbox.bridge.remote import RefusedError, Remote
from signalbox.cli.output import printable
from signalbox.cli.remote import settings_with_token, url_option
from signalbox.config import Settings
from signalbox.errors import SetupError

REWAKE_CODE = 2  # what a hook of Claude Code with asyncRewake ends with to wake its session


@click.command("listen")
@url_option
@click.option(
    "--once",
    is_flag=True,
    help="End with code 2 after the first, printed on standard error: for asyncRewake. With 0 when another takes over.",
)
@click.option("--name", default="listen", show_default=True, help="Listeners of different names each hear everything.")
def command(url: str | None, name: str, *, once: bool) -> None:
    """Print a line for each post to the participant of SIGNALBOX_TOKEN, each once, also over restarts.

    A monitor of a Claude Code plugin shows each line to its session. Exit code 0 when interrupted, 1 when the token
    does not hold.
    """
    settings = settings_with_token(url)
    assert settings.token is not None, "it was seen to"
    named = (name, settings.url, settings.token)
    try:
        rang = anyio.run(_listen, settings, settings.token, place_of(*named), turn_of(*named) if once else None)
    except* RefusedError as refused:
        raise SetupError(f"{settings.url} refuses this token: {refused.exceptions[0]}") from refused
    except* KeyboardInterrupt:
        sys.exit(0)
    sys.exit(REWAKE_CODE if rang else 0)


async def _listen(settings: Settings, token: str, place: Place, turn: Turn | None) -> bool:
    """Say what rings, once if there is a turn; answers whether it rang before the turn was over."""
    rang = False
    async with Remote(settings.url, token) as remote, anyio.create_task_group() as group:
        if turn is not None:
            group.start_soon(_end_with, turn, group.cancel_scope)
        async for rung in doorbells(remote, place):
            for bell in rung.bells:
                click.echo(_line(bell), err=turn is not None)
            place.moved(rung.cursor)
            if turn is not None and rung.bells:
                rang = True
                group.cancel_scope.cancel()
                break
    return rang


async def _end_with(turn: Turn, listening: anyio.CancelScope) -> None:
    await turn.wait_until_over()
    listening.cancel()


def _line(bell: Doorbell) -> str:
    return f"{printable(bell.line)} (read_posts(post_id={bell.post_id}))"
