"""One HTTP exchange at `/mcp`: what its message is, before anybody answers it, and how an answer is sent."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from mcp_types import HEADER_MISMATCH, INVALID_REQUEST, PARSE_ERROR, PROTOCOL_VERSION_META_KEY
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from signalbox.edge.http import parse_json
from signalbox.edge.stream import accepts

VERSION_HEADER: Final = "mcp-protocol-version"
SESSION_HEADER: Final = "mcp-session-id"
LISTEN: Final = "subscriptions/listen"
EVENTS: Final = ("text/event-stream", "text/*", "*/*")


class Exchange:
    """A request and the way back: read once, asked many times."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.verb: str = scope["method"]
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.repeats_a_header = len(self.headers) < len(scope["headers"])
        self.body = b""
        self.message: dict[str, Any] = {}
        self.fault: Response | None = None
        """The answer to a body that is no message, or not the one that the headers announce."""

    def take(self, body: bytes) -> None:
        """Read the body."""
        self.body = body
        message = parse_json(body)
        self.fault = fault_of(message) or contradiction(message, self.headers)
        if self.fault is None:
            self.message = message

    @cached_property
    def is_handshake_era(self) -> bool:
        """Whether it belongs to the era of `initialize`: its version header is missing, or of then."""
        version = self.headers.get(VERSION_HEADER)
        return version is None or version in HANDSHAKE_PROTOCOL_VERSIONS

    @property
    def method(self) -> str | None:
        """The method of its message."""
        return self.message.get("method")

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of its message."""
        return self.message.get("params") or {}

    @cached_property
    def session_id(self) -> str | None:
        """The session it names. `initialize` is about to have one, whatever it names."""
        if self.method == "initialize" or not self.is_handshake_era:
            return None
        return self.headers.get(SESSION_HEADER)

    @property
    def accepts_events(self) -> bool:
        """Whether the answer may be a stream of events."""
        return accepts(self.headers, *EVENTS)

    async def reply(self, response: Response) -> None:
        """Answer with a response."""
        await response(self.scope, self.receive, self.send)

    async def reply_json(self, body: bytes) -> None:
        """Answer with JSON that is written already."""
        length = (b"content-length", str(len(body)).encode())
        await self.send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json"), length]}
        )
        await self.send({"type": "http.response.body", "body": body})

    def replayed(self) -> Receive:
        """Give the body, which was read, once more, and then what comes after it."""
        given = False

        async def replayed() -> Message:
            nonlocal given
            if given:
                return await self.receive()
            given = True
            return {"type": "http.request", "body": self.body, "more_body": False}

        return replayed


def fault_of(message: Any) -> Response | None:
    """Answer a body that is no JSON-RPC message, in one line; the SDK would answer with a dump of its models."""
    if message is None:
        return protocol_error(PARSE_ERROR, "the body is not JSON that can be read")
    if not _is_message(message):
        return protocol_error(INVALID_REQUEST, "the body must be one JSON-RPC 2.0 request or notification")
    return None


def contradiction(message: dict[str, Any], headers: Mapping[str, str]) -> Response | None:
    """Answer a body that names its version of the protocol under a header that names none or an older one.

    The SDK goes by the header alone: it would take such a request for one of the era before, and check no more headers.
    """
    meta = (message.get("params") or {}).get("_meta")
    named = meta.get(PROTOCOL_VERSION_META_KEY) if isinstance(meta, dict) else None
    header = headers.get(VERSION_HEADER)
    if named is None or named == header or (header is not None and header not in HANDSHAKE_PROTOCOL_VERSIONS):
        return None
    words = "the MCP-Protocol-Version header must name the version that the body's _meta names"
    return protocol_error(HEADER_MISMATCH, words, request_id=message.get("id"))


def _is_message(message: Any) -> bool:
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        return False
    known_id = type(message.get("id", 0)) in {int, str}
    if "method" not in message:
        return known_id and ("result" in message or "error" in message)
    return known_id and isinstance(message["method"], str) and isinstance(message.get("params"), dict | None)


def protocol_error(code: int, message: str, status: int = 400, request_id: str | int | None = None) -> Response:
    """Answer with an error of the protocol."""
    fields = {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}
    return JSONResponse(fields, status_code=status)
