"""`signalbox call`: one tool of a server, over plain HTTP."""

from __future__ import annotations

import http.client
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Final

import click

from signalbox.cli.output import say
from signalbox.config import load_settings
from signalbox.identity import token_hash

TIMEOUT_SECONDS: Final = 60


@click.command("call")
@click.argument("tool")
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--url", help="The server (SIGNALBOX_URL).")
@click.option("--json", "as_json", is_flag=True, help="Print the answer on one line.")
def command(tool: str, arguments: tuple[str, ...], url: str | None, *, as_json: bool) -> None:
    """Call TOOL with the token in SIGNALBOX_TOKEN, and print its answer.

    KEY=VALUE gives a value as the tool takes it: text, number or true/false. KEY:=JSON gives any JSON.
    """
    settings = load_settings(os.environ, url=url)
    if settings.token is None:
        raise click.UsageError("set SIGNALBOX_TOKEN (or SIGNALBOX_TOKEN_FILE) to a token")
    body = dict(_argument(tool, argument) for argument in arguments)
    token_hash(settings.token)  # what cannot be a token is not sent anywhere
    status, answer = _post(f"{settings.url}/api/tools/{urllib.parse.quote(tool, safe='')}", settings.token, body)
    click.echo(json.dumps(answer, ensure_ascii=False, indent=None if as_json else 2))
    if status != http.client.OK:
        sys.exit(2 if status == http.client.BAD_REQUEST else 1)


def _argument(tool: str, text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip(":"):
        raise click.UsageError(f"{text!r} is not KEY=VALUE")
    if key.endswith(":"):
        try:
            return key[:-1], json.loads(value)
        except ValueError:
            raise click.UsageError(f"{text!r}: what follows := must be JSON") from None
    return key, _typed(tool, key, value)


def _typed(tool: str, key: str, value: str) -> Any:
    """Read a value as the tool's schema says; what does not fit goes as text, and the server says why."""
    from signalbox.catalog import CATALOG  # noqa: PLC0415 - only when there is an argument to read
    from signalbox.edge.schemas import compact_schema  # noqa: PLC0415

    known = CATALOG.tools.get(tool)
    kind = compact_schema(known.args)["properties"].get(key, {}).get("type") if known else None
    if kind in {"integer", "boolean", "array"}:
        try:
            return json.loads(f"[{value}]" if kind == "array" and not value.startswith("[") else value)
        except ValueError:
            return value
    return value


def _post(url: str, token: str, body: dict[str, Any]) -> tuple[int, Any]:
    request = urllib.request.Request(  # noqa: S310 - settings allow http and https only
        url,
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _refusal_in(error)
    except ValueError:
        say(f"signalbox: what {url} answers is not JSON: is this a Signalbox server?")
        sys.exit(1)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        say(f"signalbox: no answer from {url}: {getattr(error, 'reason', error)}")
        sys.exit(1)


def _refusal_in(error: urllib.error.HTTPError) -> Any:
    try:
        return json.load(error)
    except ValueError:
        return {"error": {"code": f"http_{error.code}", "message": f"{error.reason}: is this a Signalbox server?"}}
