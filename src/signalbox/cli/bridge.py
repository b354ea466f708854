"""`signalbox bridge`: a remote Signalbox for a client that speaks MCP on standard input and output."""

from __future__ import annotations

import json
import sys
from typing import Any

import anyio
import click

from signalbox.bridge.listening import place_of
from signalbox.bridge.pump import Pump
from signalbox.bridge.remote import RefusedError, Remote
from signalbox.cli.remote import settings_with_token, url_option
from signalbox.config import Settings
from signalbox.errors import SetupError


@click.command("bridge")
@url_option
@click.option(
    "--channel", is_flag=True, help="Ring for new posts as a channel of Claude Code; else with the next answer."
)
def command(url: str | None, *, channel: bool) -> None:
    """Forward MCP between standard input and output and the server, as the token in SIGNALBOX_TOKEN.

    It reconnects when the server comes back, and rings for each new post once.
    """
    settings = settings_with_token(url)
    assert settings.token is not None, "it was seen to"
    try:
        anyio.run(_bridge, settings, settings.token, channel)
    except* RefusedError as refused:
        raise SetupError(f"{settings.url} refuses this token: {refused.exceptions[0]}") from refused


async def _bridge(settings: Settings, token: str, channel: bool) -> None:  # noqa: FBT001 - anyio.run passes no names
    turn = anyio.Lock()

    async def say(message: dict[str, Any]) -> None:
        async with turn:
            sys.stdout.write(json.dumps(message, ensure_ascii=False, separators=(",", ":")) + "\n")
            sys.stdout.flush()

    async with Remote(settings.url, token) as remote:
        pump = Pump(remote, say, place_of("bridge", settings.url, token), channel=channel)
        await pump.run(anyio.wrap_file(sys.stdin))
