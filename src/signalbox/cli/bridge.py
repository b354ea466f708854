"""`signalbox bridge`: a remote Signalbox for a client that speaks MCP on standard input and output."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import anyio
import click

from signalbox.bridge.listening import place_of
from signalbox.bridge.pump import Pump
from signalbox.bridge.remote import RefusedError, Remote
from signalbox.config import Settings, load_settings
from signalbox.errors import SetupError
from signalbox.identity import token_hash


@click.command("bridge")
@click.option("--url", help="The server (SIGNALBOX_URL).")
@click.option(
    "--channel", is_flag=True, help="Ring for new posts as a channel of Claude Code; else with the next answer."
)
def command(url: str | None, *, channel: bool) -> None:
    """Forward MCP between standard input and output and the server, as the token in SIGNALBOX_TOKEN.

    It reconnects when the server comes back, and rings for each new post once.
    """
    settings = load_settings(os.environ, url=url)
    if settings.token is None:
        raise click.UsageError("set SIGNALBOX_TOKEN (or SIGNALBOX_TOKEN_FILE) to a token")
    token_hash(settings.token)  # what cannot be a token is not sent anywhere
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
