"""Connecting clients and undoing it: which files, in which order, and where it is written down."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from signalbox.clients.edits import CannotConnectError, Planned, plan
from signalbox.clients.wishes import Wish

PROTOCOL = "2026-07-28"
ANSWER_SECONDS_MAX = 10
ANSWER_BYTES_MAX = 1_000_000


def connect(wish: Wish) -> list[Planned]:
    """Write everything; answers what was changed.

    Raises:
        CannotConnectError: something is in the way; nothing was changed.
    """
    planned = plan(wish.edits())
    journal = wish.journal()
    journal.facts |= {
        "url": wish.target.url,
        "scope": wish.target.scope,
        "clients": sorted({*journal.facts.get("clients", []), *wish.clients}),
    }
    journal.apply(planned)
    return [one for one in planned if one.changes]


def disconnect(wish: Wish) -> tuple[list[str], list[str]]:
    """Undo what was done in this scope; answers the files, and those that had changed since."""
    journal = wish.journal()
    files = list(journal.entries)
    return files, journal.undo(wish.edits())


def who_am_i(url: str, token: str) -> dict[str, Any]:
    """Ask the server over MCP who a token is.

    Raises:
        CannotConnectError: it does not say.
    """
    meta = {f"io.modelcontextprotocol/{name}": value for name, value in _META.items()}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "whoami", "_meta": meta}}
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": PROTOCOL,
        "Mcp-Method": "tools/call",
        "Mcp-Name": "whoami",
    }
    if not url.startswith(("http://", "https://")):
        raise CannotConnectError(f"{url} is not an address: it begins with https:// or http://")
    request = urllib.request.Request(f"{url}/mcp", json.dumps(message).encode(), headers, method="POST")  # noqa: S310 - just checked
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as response:  # noqa: S310 - just checked
            found = json.loads(response.read(ANSWER_BYTES_MAX))["result"]["structuredContent"]
    except urllib.error.HTTPError as error:
        reason = "the token is not taken: ask for a new one" if error.code in {401, 403} else f"it answers {error.code}"
        raise CannotConnectError(f"{url}: {reason}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotConnectError(
            f"{url} does not answer as Signalbox does: {getattr(error, 'reason', error)}"
        ) from error
    if not isinstance(found, dict) or "actor" not in found:
        raise CannotConnectError(f"{url} does not say who the token is: {json.dumps(found)[:200]}")
    return found


_META: dict[str, Any] = {
    "protocolVersion": PROTOCOL,
    "clientCapabilities": {},
    "clientInfo": {"name": "signalbox connect", "version": "1"},
}
