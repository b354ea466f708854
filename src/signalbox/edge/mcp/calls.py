"""A tool's call, answered without the SDK: the way nearly every message takes.

What is taken here is only what the SDK would have run, too: a well-formed `tools/call` of a tool there is, whose
headers agree with its body. Everything else is None and goes to the SDK, which says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mcp.shared.inbound import InboundModernRoute, classify_inbound_request
from mcp_types import CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY, INTERNAL_ERROR, SERVER_INFO_META_KEY
from pydantic_core import to_json

from signalbox import __version__
from signalbox.domain.onboarding import SERVER_NAME
from signalbox.edge.mcp.messages import Exchange
from signalbox.tool import Catalog, Tool

JSON: Final = "application/json"
PARAMS: Final = frozenset({"name", "arguments", "_meta"})

_SERVER = {SERVER_INFO_META_KEY: {"name": SERVER_NAME, "title": "Signalbox", "version": __version__}}
MODERN_FIELDS: Final = b',"resultType":"complete","_meta":' + to_json(_SERVER)


@dataclass(frozen=True)
class Call:
    """A call that can be run."""

    tool: Tool
    arguments: Mapping[str, Any]
    request_id: str | int
    is_modern: bool
    progress_token: str | int | None = None

    @property
    def seconds_wished(self) -> float:
        """For how long it may be kept waiting, as its arguments say."""
        wished = self.arguments.get(self.tool.waits or "", 0)
        return wished if isinstance(wished, int | float) else 0

    def progress(self, seconds: float) -> bytes:
        """Write the notification that it is still under way."""
        params = {"progressToken": self.progress_token, "progress": seconds}
        return to_json({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})

    def answer(self, fields: str, *, is_error: bool) -> bytes:
        """Write the answer; `fields` is the tool's answer, or the refusal, as a JSON object."""
        return b"".join(
            (
                b'{"jsonrpc":"2.0","id":',
                to_json(self.request_id),
                b',"result":{"content":[{"type":"text","text":',
                to_json(fields),
                b'}],"structuredContent":',
                fields.encode(),
                b',"isError":true' if is_error else b',"isError":false',
                MODERN_FIELDS if self.is_modern else b"",
                b"}}",
            )
        )

    def failed(self, message: str) -> bytes:
        """Write the answer of a tool that broke."""
        error = {"code": INTERNAL_ERROR, "message": message}
        return to_json({"jsonrpc": "2.0", "id": self.request_id, "error": error})


def call_in(exchange: Exchange, catalog: Catalog) -> Call | None:
    """Find the call in an exchange."""
    message, params = exchange.message, exchange.params
    if exchange.method != "tools/call" or "id" not in message or exchange.repeats_a_header:
        return None
    name, arguments = params.get("name"), params.get("arguments")
    tool = catalog.tools.get(name) if isinstance(name, str) else None
    if tool is None or not params.keys() <= PARAMS or not isinstance(arguments, dict | None):
        return None
    if not _is_meta(params.get("_meta")) or not _speaks_json(exchange.headers):
        return None
    if not exchange.is_handshake_era:
        route = classify_inbound_request(message, headers=exchange.headers)
        if not isinstance(route, InboundModernRoute):
            return None
    progress_token = (params.get("_meta") or {}).get("progressToken")
    return Call(tool, arguments or {}, message["id"], not exchange.is_handshake_era, progress_token)


def _speaks_json(headers: Mapping[str, str]) -> bool:
    """Say whether both bodies are JSON, in the plain forms that clients send; the SDK judges the others."""
    return headers.get("content-type", "").partition(";")[0].strip() == JSON and JSON in headers.get("accept", "")


def _is_meta(meta: object) -> bool:
    """Say whether `_meta` has the shapes of the protocol, as far as anybody reads it."""
    if meta is None:
        return True
    return (
        isinstance(meta, dict)
        and type(meta.get("progressToken")) in {str, int, type(None)}
        and isinstance(meta.get(CLIENT_CAPABILITIES_META_KEY), dict | None)
        and isinstance(meta.get(CLIENT_INFO_META_KEY), dict | None)
    )
