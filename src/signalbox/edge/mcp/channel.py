"""`/channel/mcp`: the same server for clients that take a channel, on which doorbells are pushed to a live model.

Such a client must not speak 2026-07-28 here: on that revision it registers no channel. A doorbell says that posts wait,
and no more. Whether it reaches the model, nobody acknowledges: so the first thing pushed to a session is a check, and
only when the model calls `channel_ok` with its id are posts rung, and marked as offered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

import anyio
from starlette.responses import Response

from signalbox.catalog import CHANNEL_CATALOG
from signalbox.db.callers import Session
from signalbox.domain import doorbells
from signalbox.domain.doorbells import Ring
from signalbox.domain.presence import Heartbeats
from signalbox.edge.listeners import Listener, Listeners, News
from signalbox.edge.mcp.endpoint import McpEndpoint
from signalbox.edge.mcp.messages import Exchange, protocol_error
from signalbox.edge.mcp.sessions import McpSession
from signalbox.edge.mcp.streams import Say, Teller
from signalbox.identity import Principal

RUNG: Final = "notifications/claude/channel"
UNSUPPORTED_VERSION: Final = -32000  # none of the codes of 2026-07-28: those would not make a client fall back

SETTLE_SECONDS: Final = 2.0  # from the stream's opening, until the client has registered what takes its events
RING_PAUSE_SECONDS: Final = 2.0  # what comes meanwhile is rung together
RINGS_PER_MINUTE_MAX: Final = 10
RUNG_KEPT_MAX: Final = 1000
CHECK_PAUSE_SECONDS: Final = 60.0
CHECKS_MAX: Final = 5  # of one stream


class Doorbells:
    """What is pushed to one session."""

    def __init__(self, listeners: Listeners, listener: Listener, mcp_session: McpSession, beats: Heartbeats) -> None:
        self._listeners = listeners
        self._listener = listener
        self._session = mcp_session
        self._beats = beats
        self._reach = ExitStack()
        self._due_at: float | None = anyio.current_time() + SETTLE_SECONDS
        self._quiet_until = self._unchecked_until = self._due_at
        self._rung_at: deque[float] = deque(maxlen=RINGS_PER_MINUTE_MAX)
        self._rung: deque[int] = deque(maxlen=RUNG_KEPT_MAX)
        """The last posts that were rung: an older one may come after them, by its lane or when it is overdue."""
        self._checks = 0
        self._is_reachable = False

    @property
    def seconds_left(self) -> float | None:
        """How long until there is something to look after."""
        return None if self._due_at is None else max(0.0, self._due_at - anyio.current_time())

    def close(self) -> None:
        """Take back that the participant can be reached here."""
        self._reach.close()

    async def tell(self, news: News, say: Say) -> None:
        """Push a check or a doorbell, if it is time and there is a reason."""
        if news is News.MOVED:
            self._due_at = self._quiet_until if self._listener.kept.channel_ok else self._unchecked_until
        if self._due_at is None or self._due_at > anyio.current_time():
            return
        self._due_at = None
        if self._listener.kept.channel_ok:
            await self._ring(say)
        elif self._checks < CHECKS_MAX:
            await self._check(say)

    async def _ring(self, say: Say) -> None:
        who = self._listener.who
        if not self._is_reachable:
            self._reach.enter_context(self._beats.reachable(who, "stream"))
            self._is_reachable = True
        rings = await self._listeners.look(self._listener, self._waiting)
        if not rings:
            return
        content, meta = doorbells.words(rings)
        await say(RUNG, {"content": content, "meta": meta})
        doorbells.rung(self._listeners.database, who, rings)
        self._rung.extend(ring.post_id for ring in rings)
        self._rung_at.append(anyio.current_time())
        self._quiet_until = self._rung_at[-1] + RING_PAUSE_SECONDS
        if len(self._rung_at) == RINGS_PER_MINUTE_MAX:
            self._quiet_until = max(self._quiet_until, self._rung_at[0] + 60.0)
        self._due_at = self._quiet_until  # there may be more than one doorbell names

    async def _check(self, say: Say) -> None:
        """Ask the model for a sign: at first, and when posts have come since it gave none."""

        async def look(session: Session, who: Principal) -> tuple[str, list[Ring]]:
            rings = await self._waiting(session, who)
            if not rings and self._checks:
                return "", rings
            return await doorbells.begin_check(session, who, self._session.key, self._session.expires_at), rings

        found = await self._listeners.look(self._listener, look)
        if found is None or not found[0]:
            return
        check_id, rings = found
        await say(RUNG, {"content": doorbells.check_words(check_id, rings), "meta": {"doorbell_check": check_id}})
        self._checks += 1
        self._unchecked_until = anyio.current_time() + CHECK_PAUSE_SECONDS

    async def _waiting(self, session: Session, who: Principal) -> list[Ring]:
        return await doorbells.waiting(session, who, self._rung)


class ChannelEndpoint(McpEndpoint):
    """The ASGI application at `/channel/mcp`."""

    catalog = CHANNEL_CATALOG

    def refusal_of(self, exchange: Exchange) -> Response | None:
        """Refuse the stateless era, in words that make a client fall back to `initialize`."""
        if exchange.is_handshake_era:
            return None
        return protocol_error(UNSUPPORTED_VERSION, "Bad Request: Unsupported protocol version")

    def more_for(self, mcp_session: McpSession) -> Callable[[Listener], Teller]:
        """Make what pushes doorbells to a session."""
        return lambda listener: Doorbells(self.listeners, listener, mcp_session, self.heartbeats)
