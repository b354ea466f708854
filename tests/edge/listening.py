"""What the tests of open streams share: opening one, and reading its events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import uvicorn

from signalbox.app import create_app
from signalbox.config import Settings
from support import Agent

SECONDS_MAX = 10
EVENTS = {"Accept": "text/event-stream"}


@dataclass(frozen=True)
class Sent:
    """One event of a stream."""

    kind: str
    id: str
    data: Any


@asynccontextmanager
async def stream(
    url: str,
    headers: Mapping[str, str],
    message: Mapping[str, Any] | None = None,
    *,
    silence_seconds_max: float = SECONDS_MAX,
) -> AsyncIterator[AsyncIterator[Sent]]:
    """Open a stream of a server, with a POST if there is a message; yields its events once it is open."""
    async with httpx2.AsyncClient(timeout=silence_seconds_max) as client:
        content = None if message is None else json.dumps(message)
        verb = "GET" if message is None else "POST"
        async with client.stream(verb, url, headers={**EVENTS, **headers}, content=content) as answer:
            if answer.status_code != 200:
                raise AssertionError(f"{answer.status_code}: {(await answer.aread()).decode()}")
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["x-accel-buffering"] == "no"
            lines = answer.aiter_lines()
            if message is None:
                assert (await anext(lines)).startswith(":")
            yield _events(lines)


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[Sent]:
    fields: dict[str, str] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if line and name:
            fields[name] = value
        elif "data" in fields:
            yield Sent(fields.get("event", "message"), fields.get("id", ""), json.loads(fields["data"]))
            fields = {}


class _Here(uvicorn.Server):
    """A server in this process, which leaves its signals alone and says when it has started."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.has_started = asyncio.Event()

    async def startup(self, *given: Any, **named: Any) -> None:
        await super().startup(*given, **named)
        self.has_started.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served_here(settings: Settings) -> AsyncIterator[str]:
    """Serve in this process, where a test can change its clocks; yields the address."""
    app = create_app(settings)
    config = uvicorn.Config(app, port=0, lifespan="on", log_config=None, timeout_graceful_shutdown=1)
    server = _Here(config)
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(SECONDS_MAX):
            await server.has_started.wait()
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        for streams in app.state.open_streams:
            streams.end_all()
        server.should_exit = True
        await serving


States = dict[str, tuple[str, str | None]]


async def states_of(agent: Agent, post_id: int) -> States:
    """Look up how the deliveries of a post stand, and by which transport they were offered."""
    project_id = (await agent.principal()).project_id
    async with agent.database.connection() as connection:
        await connection.execute("select set_config('signalbox.project_ids', $1, false)", str(project_id))
        rows = await connection.fetch(
            "select m.actor, d.state, d.offered_via from deliveries d "
            "join members m using (project_id, participation_id) where d.project_id = $1 and d.post_id = $2",
            project_id,
            post_id,
        )
    return {row["actor"]: (row["state"], row["offered_via"]) for row in rows}


async def until_states(agent: Agent, post_id: int, states: States) -> None:
    """Wait until the deliveries of a post stand so: what was observed is written a moment later."""
    while await states_of(agent, post_id) != states:  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.05)
