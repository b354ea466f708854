"""`signalbox listen`: one line for each post to this participant, as it comes."""

from __future__ import annotations

import sys

import anyio
import click

from signalbox.bridge.listening import Doorbell, Place, doorbells, place_of
from signalbox.bridge.remote import RefusedError, Remote
from signalbox.cli.output import printable
from signalbox.cli.remote import settings_with_token, url_option
from signalbox.config import Settings
from signalbox.errors import SetupError

REWAKE_CODE = 2  # what a hook of Claude Code with asyncRewake ends with to wake its session


@click.command("listen")
@url_option
@click.option(
    "--once", is_flag=True, help="End with code 2 after the first, printed on standard error: for asyncRewake."
)
@click.option("--name", default="listen", show_default=True, help="Listeners of different names each hear everything.")
def command(url: str | None, name: str, *, once: bool) -> None:
    """Print a line for each post to the participant of SIGNALBOX_TOKEN, each once, also over restarts.

    A monitor of a Claude Code plugin shows each line to its session. Exit code 0 when interrupted, 1 when the token
    does not hold.
    """
    settings = settings_with_token(url)
    assert settings.token is not None, "it was seen to"
    place = place_of(name, settings.url, settings.token)
    try:
        anyio.run(_listen, settings, settings.token, place, once)
    except* RefusedError as refused:
        raise SetupError(f"{settings.url} refuses this token: {refused.exceptions[0]}") from refused
    except* KeyboardInterrupt:
        sys.exit(0)
    if once:
        sys.exit(REWAKE_CODE)


async def _listen(settings: Settings, token: str, place: Place, once: bool) -> None:  # noqa: FBT001 - as anyio.run has it
    async with Remote(settings.url, token) as remote:
        async for rung in doorbells(remote, place):
            for bell in rung.bells:
                click.echo(_line(bell), err=once)
            place.moved(rung.cursor)
            if once and rung.bells:
                return


def _line(bell: Doorbell) -> str:
    return f"{printable(bell.line)} (read_posts(post_id={bell.post_id}))"
