"""Responses that stay open in MCP: changes of the list of tools, and of the documents that were subscribed to.

Each is a listener: proved every second, woken when its project moves. What is told is that something is another one
than before; what it is now, its caller reads.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final, Protocol

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated, ToolsListChanged
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, SubscriptionsListenRequestParams, SubscriptionsListenResult
from pydantic_core import to_json
from starlette.types import Receive, Send

from signalbox.domain import documents
from signalbox.edge.listeners import Listener, Listeners, News
from signalbox.edge.stream import sending_events
from signalbox.errors import Refusal
from signalbox.identity import Principal, Scope

LIST_CHANGED: Final = "notifications/tools/list_changed"
UPDATED: Final = "notifications/resources/updated"

PAUSE_SECONDS: Final = 0.1  # between two looks: who is told reads, and need not be told each time

Say = Callable[[str, Mapping[str, Any] | None], Awaitable[None]]
"""Sends a notification: its method and its parameters."""


class Teller(Protocol):
    """Something that has things to say on a stream of a session."""

    @property
    def seconds_left(self) -> float | None:
        """After so long it wants to be asked again, whatever happens; None where that is enough."""

    async def tell(self, news: News, say: Say) -> None:
        """Say what there is to say; raises a Refusal when the caller may not hear it any more."""

    def close(self) -> None:
        """Have said everything."""


class Subscriptions:
    """Which documents a listener wants to hear of, and what they were like when it heard last."""

    def __init__(self, listeners: Listeners, listener: Listener) -> None:
        self._listeners = listeners
        self._listener = listener
        self._told: dict[str, str] = {}

    seconds_left = None

    def close(self) -> None:
        """Leave everything as it is."""

    async def begin(self, uris: Sequence[str]) -> None:
        """Tell of what changes from now on."""
        prints = await self._listeners.look(self._listener, documents.prints) if uris else None
        self._told = {uri: "" if prints is None else prints.of(uri) for uri in uris}

    async def tell(self, news: News, say: Say) -> None:
        """Tell a session what has changed of what it is subscribed to now, and was not told."""
        subscribed = self._listener.kept.subscriptions
        if news is not News.MOVED or not (subscribed or self._told):
            return
        self._listener.follows = self._listener.follows or bool(subscribed)
        self._told = {uri: print_ for uri, print_ in self._told.items() if uri in subscribed}
        for uri in await self.changed(subscribed):
            await say(UPDATED, {"uri": uri})

    async def changed(self, since: Mapping[str, int] | None = None) -> list[str]:
        """Answer what has changed; what is heard of for the first time has, if the ledger went on from its seq."""
        prints = await self._listeners.look(self._listener, documents.prints)
        if prints is None:
            return []
        self._listener.head = max(self._listener.head, prints.ledger)
        changed = [
            *(uri for uri, told in self._told.items() if prints.of(uri) != told),
            *(uri for uri, seq in (since or {}).items() if uri not in self._told and prints.ledger > seq),
        ]
        self._told = {uri: prints.of(uri) for uri in {**self._told, **(since or {})}}
        return changed


class Streams:
    """Serves the streams of MCP's two eras."""

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners

    async def listen(
        self,
        who: Principal,
        ctx: ServerRequestContext[Any, Any],
        params: SubscriptionsListenRequestParams,
    ) -> SubscriptionsListenResult:
        """Serve one `subscriptions/listen` until its caller goes away or may no longer listen.

        Raises:
            MCPError: it wants to hear of more documents than one may.
        """
        uris = documents.known(params.notifications.resource_subscriptions or ()) if Scope.READ in who.scopes else []
        if len(uris) > documents.SUBSCRIPTIONS_MAX:
            raise MCPError(INVALID_PARAMS, f"subscribe to {documents.SUBSCRIPTIONS_MAX} resources at most")
        wanted = params.notifications.model_copy(update={"resource_subscriptions": uris})
        bus = InMemorySubscriptionBus()
        handler = ListenHandler(bus, max_subscriptions=1)
        with self._listeners.opened(who, follows=bool(uris), pause_seconds=PAUSE_SECONDS) as listener:
            subscriptions = Subscriptions(self._listeners, listener)
            await subscriptions.begin(uris)

            async def publish() -> None:
                while (news := await listener.news(None)) is not News.ENDED:
                    if news is News.CHANGED:
                        await bus.publish(ToolsListChanged())
                    elif uris:
                        with ending(listener):
                            for uri in await subscriptions.changed():
                                await bus.publish(ResourceUpdated(uri))
                handler.close()

            async with anyio.create_task_group() as group:
                group.start_soon(publish)
                result = await handler(ctx, params.model_copy(update={"notifications": wanted}))
                group.cancel_scope.cancel()
        return result

    async def send_events(
        self,
        who: Principal,
        session_key: bytes,
        receive: Receive,
        send: Send,
        more: Callable[[Listener], Teller] | None = None,
    ) -> None:
        """Serve one GET stream of the handshake era, likewise; `more` makes what else is told on it."""
        follows = more is not None
        with self._listeners.opened(who, session_key, follows=follows, pause_seconds=PAUSE_SECONDS) as listener:
            tellers: list[Teller] = [Subscriptions(self._listeners, listener)]
            if more is not None:
                tellers.append(more(listener))
            async with AsyncExitStack() as stack:
                for teller in tellers:
                    stack.callback(teller.close)
                events = await stack.enter_async_context(sending_events(receive, send))

                async def say(method: str, params: Mapping[str, Any] | None) -> None:
                    message = {"jsonrpc": "2.0", "method": method} | ({} if params is None else {"params": params})
                    await events.say(b"event: message\ndata: " + to_json(message))

                while True:
                    waits = [teller.seconds_left for teller in tellers if teller.seconds_left is not None]
                    news = await listener.news(min([events.seconds_left, *waits]))
                    if news is News.ENDED:
                        break
                    if news is News.CHANGED:
                        await say(LIST_CHANGED, None)
                        continue
                    with ending(listener):
                        for teller in tellers:
                            await teller.tell(news, say)
                    await events.keep_alive()


class ending:  # noqa: N801 - it reads as what it does
    """End a listener whose caller may not look any more."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def __enter__(self) -> None:
        """Begin to look."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, Refusal):
            return False
        self._listener.end(error)
        return True
