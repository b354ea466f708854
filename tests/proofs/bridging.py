"""Bridges as clients start them: programs that speak MCP on standard input and output."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.abc

from support import clean_environment

COMMAND = (sys.executable, "-m", "signalbox")
ANSWER_SECONDS_MAX = 20


class Line:
    """A program with lines of JSON on its standard input and output."""

    def __init__(self, process: anyio.abc.Process) -> None:
        self.process = process
        self._buffer = b""
        self.heard: list[dict[str, Any]] = []
        self._id = 0

    async def say(self, **message: Any) -> None:
        assert self.process.stdin is not None
        await self.process.stdin.send((json.dumps({"jsonrpc": "2.0", **message}) + "\n").encode())

    async def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        with anyio.fail_after(ANSWER_SECONDS_MAX):
            while b"\n" not in self._buffer:
                self._buffer += await self.process.stdout.receive()
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a request and answer its answer; what else was said meanwhile is kept in `heard`."""
        self._id += 1
        await self.say(id=self._id, method=method, params=params)
        while (message := await self.hear()).get("id") != self._id:
            self.heard.append(message)
        return message

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = await self.ask("tools/call", name=tool, arguments=arguments)
        found: dict[str, Any] = answer["result"]["structuredContent"]
        return found

    async def rung(self, count: int) -> list[str]:
        """Wait for so many doorbells; answers the ids of their posts."""
        bells = posts_of(self.heard)
        self.heard.clear()
        while len(bells) < count:
            bells += posts_of([await self.hear()])
        return bells

    async def run_up(self) -> None:
        """Wait until it runs: what is no message it answers by itself."""
        assert self.process.stdin is not None
        await self.process.stdin.send(b"?\n")
        assert (await self.hear())["error"]["code"] == -32700

    async def end(self) -> list[str]:
        """End its input, as a client does that ends; answers the posts of the doorbells it still rang."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        await self.process.stdin.aclose()
        with anyio.fail_after(ANSWER_SECONDS_MAX):
            async for chunk in self.process.stdout:
                self._buffer += chunk
            await self.process.wait()
        return posts_of(self.heard + [json.loads(line) for line in self._buffer.splitlines()])

    async def open(self, *, channel: bool = False) -> None:
        """Shake hands."""
        client = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "proof", "version": "1"}}
        answer = await self.ask("initialize", **client)
        assert ("experimental" in answer["result"]["capabilities"]) == channel
        await self.say(method="notifications/initialized")


def posts_of(messages: list[dict[str, Any]]) -> list[str]:
    """The ids of the posts that doorbells among messages are about."""
    return [one["params"]["meta"]["post_id"] for one in messages if one.get("method") == "notifications/claude/channel"]


@asynccontextmanager
async def started(url: str, token: str, home: Path, *options: str) -> AsyncIterator[Line]:
    """Start a bridge, and say nothing yet."""
    environment = clean_environment(SIGNALBOX_URL=url, SIGNALBOX_TOKEN=token, HOME=str(home))
    command = [*COMMAND, "bridge", *options]
    async with await anyio.open_process(command, env=environment, cwd=home, stderr=None) as process:
        try:
            yield Line(process)
        finally:
            if process.returncode is None:
                process.kill()


@asynccontextmanager
async def bridge(url: str, token: str, home: Path, *options: str) -> AsyncIterator[Line]:
    """Start a bridge and shake hands."""
    async with started(url, token, home, *options) as line:
        await line.open(channel="--channel" in options)
        yield line
