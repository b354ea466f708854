"""MCP on standard input and output, for the participant of one token."""

from __future__ import annotations

from mcp.server.stdio import stdio_server

from signalbox.db.callers import Callers
from signalbox.db.pool import Database
from signalbox.domain import indexing, receipts
from signalbox.domain.presence import Heartbeats
from signalbox.edge.mcp import caller_with_token, create_server
from signalbox.identity import TokenHash


async def serve_stdio(database: Database, known_hash: TokenHash) -> None:
    """Serve until standard input ends.

    Raises:
        Unauthenticated: the token does not hold; nothing was served.
    """
    callers = Callers(database)
    async with callers.session(known_hash) as session:
        await session.who()
    heartbeats = Heartbeats()
    server = create_server(caller_with_token(callers, heartbeats, known_hash))
    async with (
        database.wakeups.listening(),
        heartbeats.beating(database),
        receipts.marking(database),
        indexing.keeping_up(database),
        stdio_server() as (read, write),
    ):
        await server.run(read, write, server.create_initialization_options())
