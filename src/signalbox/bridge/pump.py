"""From standard input to the server and back: each line is an MCP message, as the client has it.

What a restart of the server breaks is sent again where that is harmless: reads, and acts with a retry key, which this
adds where the tool takes one. A session that the server does not know any more is opened anew.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import anyio
import httpx2
from anyio.abc import TaskGroup

from signalbox.bridge.listening import Place, Rung, doorbells
from signalbox.bridge.remote import AwayError, Remote, messages_in, pause

Message = dict[str, Any]
Say = Callable[[Message], Awaitable[None]]

AWAY_SECONDS_MAX: Final = 30.0  # for so long a request waits for a server that is away
SETTLING_SECONDS: Final = 1.0  # after `initialized`, until the client hears channels
VERSION_META: Final = "io.modelcontextprotocol/protocolVersion"
NAMED: Final = frozenset({"tools/call", "prompts/get"})
CONNECTION_LOST: Final = -32000


class Pump:
    """One client on standard input and output."""

    def __init__(self, remote: Remote, say: Say, place: Place, *, channel: bool) -> None:
        self._remote = remote
        self._say = say
        self._place = place
        self._channel = channel
        self._opening: Message | None = None
        self._session: dict[str, str] = {}
        self._opened = anyio.Event()
        self._is_opening = anyio.Lock()
        self._under_way: dict[Any, anyio.CancelScope] = {}
        self._takes_key: dict[str, bool] = {}
        self._rung: list[Rung] = []

    async def run(self, lines: Any) -> None:
        """Serve until the input ends; raises RefusedError when the token does not hold."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._ring)
            async for line in lines:
                if line.strip():
                    await self._take(group, line)
            group.cancel_scope.cancel()

    async def _take(self, group: TaskGroup, line: str) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            await self._say({"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "not JSON"}})
            return
        method = message.get("method")
        if method == "notifications/cancelled":
            scope = self._under_way.get(message.get("params", {}).get("requestId"))
            if scope is not None:
                scope.cancel()
            return
        if method == "initialize":
            self._opening = message
            await self._forward(message)
            return
        if method == "notifications/initialized":
            await self._forward(message)
            group.start_soon(self._listen)
            self._opened.set()
            return
        group.start_soon(self._forward, message)

    async def _forward(self, message: Message) -> None:
        """Send one message and say its answers; a request always gets one."""
        request_id = message.get("id")
        with anyio.CancelScope() as scope:
            self._under_way[request_id] = scope
            try:
                await self._deliver(message)
            except AwayError as error:
                if request_id is not None:
                    failure = {
                        "code": CONNECTION_LOST,
                        "message": f"{error}: it may have been done, look before you repeat it",
                    }
                    await self._say({"jsonrpc": "2.0", "id": request_id, "error": failure})
            finally:
                self._under_way.pop(request_id, None)

    async def _deliver(self, message: Message) -> None:
        ends_at, attempt = time.monotonic() + AWAY_SECONDS_MAX, 0
        repeatable: bool | None = None
        while True:
            try:
                if repeatable is None:
                    message, repeatable = await self._made_repeatable(message)
                await self._attempt(message)
            except AwayError as error:
                if time.monotonic() > ends_at or (error.was_sent and repeatable is False):
                    raise
            else:
                return
            await anyio.sleep(pause(attempt))
            attempt += 1

    async def _attempt(self, message: Message) -> None:
        """Send a message once and say its answers."""
        response = await self._send(message)
        if response.is_error:
            await self._say_refusal(message, response)
            return
        if message.get("method") == "initialize":
            self._session = {"Mcp-Session-Id": response.headers.get("mcp-session-id", "")}
        answered = message.get("id") is None
        async for answer in messages_in(response):
            answered = answered or answer.get("id") == message.get("id")
            await self._say_answer(message, answer)
        if not answered:
            raise AwayError("the answer broke off", was_sent=True)

    async def _send(self, message: Message) -> httpx2.Response:
        """Send a message once; when the session has ended, another one is opened and the message not taken."""
        session = self._session
        response = await self._remote.post(message, self._headers(message))
        if response.status_code != 404 or self._opening is None or message is self._opening:  # noqa: PLR2004
            return response
        await response.aclose()
        await self._reopen(session)
        raise AwayError("the session had ended", was_sent=False)

    async def _say_refusal(self, message: Message, response: httpx2.Response) -> None:
        """Say what HTTP refused, in the server's own message where it is one."""
        body = (await response.aread()).decode(errors="replace")
        await response.aclose()
        if message.get("id") is None:
            return
        try:
            answer = json.loads(body)
        except ValueError:
            answer = {}
        if not isinstance(answer, dict) or answer.get("id") != message["id"]:
            said = f"{self._remote.url} answers {response.status_code}: {body[:500]}"
            answer = {"jsonrpc": "2.0", "id": message["id"], "error": {"code": CONNECTION_LOST, "message": said}}
        await self._say(answer)

    async def _reopen(self, ended: dict[str, str]) -> None:
        """Open the session anew, as the client once did; of several that find it ended, one does."""
        async with self._is_opening:
            if self._session is not ended or self._opening is None:
                return
            response = await self._remote.post(self._opening, {})
            session = {"Mcp-Session-Id": response.headers.get("mcp-session-id", "")}
            async for answer in messages_in(response):
                self._note_version(session, answer)
            self._session = session
            initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
            await (await self._remote.post(initialized, session)).aclose()

    def _note_version(self, session: dict[str, str], answer: Message) -> None:
        version = answer.get("result", {}).get("protocolVersion")
        if version:
            session["MCP-Protocol-Version"] = version

    def _headers(self, message: Message) -> dict[str, str]:
        params = message.get("params") or {}
        version = (params.get("_meta") or {}).get(VERSION_META)
        if version is None:
            return {} if message.get("method") == "initialize" else dict(self._session)
        headers = {"MCP-Protocol-Version": version, "Mcp-Method": message.get("method", "")}
        name = params.get("name") if message.get("method") in NAMED else params.get("uri")
        return headers | ({"Mcp-Name": name} if isinstance(name, str) else {})

    async def _made_repeatable(self, message: Message) -> tuple[Message, bool]:
        """Give a call a retry key where its tool takes one; answers whether sending it twice is harmless."""
        if message.get("method") != "tools/call":
            return message, message.get("id") is not None
        params = message.get("params") or {}
        name, arguments = params.get("name"), params.get("arguments") or {}
        if not self._takes_key:
            await self._learn(params)
        takes_key = self._takes_key.get(name) if isinstance(name, str) else None
        if not takes_key or not isinstance(arguments, dict):
            return message, takes_key is not None
        arguments = {"idempotency_key": f"bridge-{secrets.token_hex(12)}"} | arguments
        return message | {"params": params | {"arguments": arguments}}, True

    async def _learn(self, params: Message) -> None:
        """Ask which tools take a retry key, in the era of the call at hand; a server that refuses is asked again.

        What is not listed, though it may be called, is not known to be harmless twice.
        """
        meta = {"_meta": params["_meta"]} if "_meta" in params else {}
        listing = {"jsonrpc": "2.0", "id": f"bridge-{secrets.token_hex(4)}", "method": "tools/list", "params": meta}
        response = await self._send(listing)
        if response.is_error:
            await response.aclose()
            return
        async for answer in messages_in(response):
            for tool in answer.get("result", {}).get("tools", ()):
                self._takes_key[tool["name"]] = "idempotency_key" in tool["inputSchema"].get("properties", {})

    async def _say_answer(self, message: Message, answer: Message) -> None:
        """Say an answer, and with it what the bridge has to say: that it rings a channel, or what has rung."""
        result, rung = answer.get("result"), list[Rung]()
        if isinstance(result, dict) and message.get("method") == "initialize":
            self._note_version(self._session, answer)
            if self._channel:
                experimental = result.setdefault("capabilities", {}).setdefault("experimental", {})
                experimental["claude/channel"] = {}
        elif isinstance(result, dict) and message.get("method") == "tools/call" and "content" in result:
            rung, self._rung = self._rung, rung
            lines = [bell.line for one in rung for bell in one.bells]
            if lines:
                text = "\n".join([*lines, "(read_posts shows them; they are words of other participants)"])
                result["content"].append({"type": "text", "text": text})
        with anyio.CancelScope(shield=True):
            await self._say(answer)
            if rung:
                self._place.moved(rung[-1].cursor)

    async def _listen(self) -> None:
        """Say what the server says of its own accord."""
        attempt = 0
        while True:
            try:
                response = await self._remote.listen(dict(self._session))
                if response.status_code == 200:  # noqa: PLR2004
                    attempt = 0
                async for message in messages_in(response):
                    if "method" in message:
                        await self._say(message)
            except AwayError:
                attempt += 1
            await anyio.sleep(pause(attempt))
            attempt += 1

    async def _ring(self) -> None:
        await self._opened.wait()
        await anyio.sleep(SETTLING_SECONDS if self._channel else 0)
        async for rung in doorbells(self._remote, self._place):
            if self._channel:
                with anyio.CancelScope(shield=True):  # what was said and what is kept stay together
                    await self._ring_channel(rung)
            elif rung.bells or self._rung:
                self._rung.append(rung)
                self._place.heard(rung.cursor)
            else:
                self._place.moved(rung.cursor)

    async def _ring_channel(self, rung: Rung) -> None:
        for bell in rung.bells:
            meta = {"from": bell.sender, "post_id": str(bell.post_id)}
            content = f"{bell.line}. read_posts(post_id={bell.post_id}) shows it; ack it once it is dealt with."
            params = {"content": content, "meta": meta}
            await self._say({"jsonrpc": "2.0", "method": "notifications/claude/channel", "params": params})
        self._place.moved(rung.cursor)
