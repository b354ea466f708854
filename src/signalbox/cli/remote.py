"""What commands share that read of a server with a token: asking, and what becomes of a refusal."""

from __future__ import annotations

import http.client
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Final, NoReturn

import click

from signalbox.cli.output import printable, say
from signalbox.config import Settings, load_settings
from signalbox.identity import token_hash

SILENCE_SECONDS_MAX: Final = 60
PIECE_BYTES: Final = 65_536

url_option = click.option("--url", help="The server (SIGNALBOX_URL).")


def settings_with_token(url: str | None) -> Settings:
    """Read the settings; there must be a token that could be one."""
    settings = load_settings(os.environ, url=url)
    if settings.token is None:
        raise click.UsageError("set SIGNALBOX_TOKEN (or SIGNALBOX_TOKEN_FILE) to a token")
    token_hash(settings.token)  # what cannot be a token is not sent anywhere
    return settings


@contextmanager
def opened_export(settings: Settings, **asked: object) -> Iterator[IO[bytes]]:
    """Open an export; what the server refuses, or does not finish, ends the command with a word on it."""
    query = urllib.parse.urlencode({name: value for name, value in asked.items() if value is not None})
    request = urllib.request.Request(  # noqa: S310 - settings allow http and https only
        f"{settings.url}/api/export?{query}", headers={"Authorization": f"Bearer {settings.token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=SILENCE_SECONDS_MAX) as response:  # noqa: S310
            if "Content-Disposition" not in response.headers:
                fail(f"what {settings.url} answers is no export: is this a Signalbox server?")
            yield response
    except urllib.error.HTTPError as error:
        with error:
            refusal = _refusal_in(error)
        fail(f"{refusal['code']}: {refusal['message']}", 2 if error.code == http.client.BAD_REQUEST else 1)
    except (OSError, http.client.HTTPException) as error:  # urllib's errors are the first
        fail(f"{settings.url} did not answer to the end: {getattr(error, 'reason', error) or type(error).__name__}")


def pieces(response: IO[bytes]) -> Iterator[bytes]:
    """Read a response piece by piece, to its end."""
    while piece := response.read(PIECE_BYTES):
        yield piece


def lines(response: IO[bytes]) -> Iterator[bytes]:
    """Read a response line by line, to its end; a line that does not end comes as it is."""
    rest = b""
    for piece in pieces(response):
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest


def _refusal_in(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        refusal = json.load(error)["error"]
        return {"code": str(refusal["code"]), "message": str(refusal["message"])}
    except (ValueError, KeyError, TypeError):
        return {"code": f"http_{error.code}", "message": f"{error.reason}: is this a Signalbox server?"}


def fail(message: str, code: int = 1) -> NoReturn:
    """End the command."""
    say(f"signalbox: {printable(message)}")
    sys.exit(code)
