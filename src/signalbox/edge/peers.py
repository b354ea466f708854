"""Who is at the other end: the peer of the connection, and the client that a proxy of ours says it forwards for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

PEER_KEY: Final = "signalbox.peer"


class Peers:
    """Keeps the peer's own address, then takes the forwarded one where the peer is a proxy of ours.

    The server that we run on could do the second; then the first would be lost, and with it what a proxy may vouch for.
    """

    def __init__(self, app: ASGIApp, trusted_proxies: tuple[str, ...]) -> None:
        forwarding: Any = ProxyHeadersMiddleware(app, list(trusted_proxies))  # type: ignore[arg-type] # its own types
        self._app: ASGIApp = forwarding if trusted_proxies else app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        client = scope.get("client")
        if client is not None:
            host = plain_address(client[0])
            scope[PEER_KEY] = host
            scope["client"] = (host, client[1])
        await self._app(scope, receive, send)


@lru_cache(maxsize=1024)  # to read an address costs more than the rest of a request's way through here
def plain_address(host: str) -> str:
    """Write an IPv4 address as one also where a socket for both kinds of address has it as IPv6."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return host if mapped is None else str(mapped)


def is_among(scope: Scope, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Say whether the peer itself, whomever it forwards for, is at one of these addresses."""
    try:
        peer = ip_address(scope.get(PEER_KEY, ""))
    except ValueError:
        return False
    return any(peer in network for network in networks)


def networks_of(addresses: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read addresses and networks, which the settings have proved to be such."""
    return tuple(ip_network(address) for address in addresses)
