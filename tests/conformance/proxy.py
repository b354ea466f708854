"""A proxy on loopback that sees the head of each request, and adds a bearer token for programs that can send none.

Host, Origin and all else pass as they came, and the answer is passed on byte by byte as it comes. A connection carries
one request: so nothing but the first head has to be understood, and whoever hangs up on one side hangs up on the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from urllib.parse import urlsplit

CHUNK_BYTES = 65_536

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def before(url: str, *, token: str | None = None, heads: list[str] | None = None) -> AsyncIterator[str]:
    """Stand before the server at `url` for as long as the block lasts; answers the URL of this proxy.

    With a `token`, requests carry it instead of their own; `heads` takes the head of each request as it came.
    """
    upstream = urlsplit(url)
    links: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        links.add(link)
        try:
            server = await asyncio.open_connection(upstream.hostname, upstream.port)
            with closing(server[1]):
                await _pass_on((reader, writer), server, token, heads if heads is not None else [])
        finally:
            writer.close()
            links.discard(link)

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield upstream._replace(netloc=f"127.0.0.1:{listener.sockets[0].getsockname()[1]}").geturl()
    finally:
        listener.close()
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)


async def _pass_on(client: Ends, server: Ends, token: str | None, heads: list[str]) -> None:
    try:
        head = await client[0].readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return  # opened, and closed without a word
    heads.append(head.decode("latin-1"))
    server[1].write(rewritten(head, token))
    ways = [asyncio.ensure_future(_pipe(client[0], server[1])), asyncio.ensure_future(_pipe(server[0], client[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


def rewritten(head: bytes, token: str | None) -> bytes:
    """Answer the head of a request on a connection that ends after it; with this token, if there is one."""
    added = [b"Connection: close"]
    if token is not None:
        added.append(b"Authorization: Bearer " + token.encode())
    replaced = tuple(line.partition(b":")[0].lower() + b":" for line in added)
    kept = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(replaced)]
    return b"\r\n".join([*kept, *added, b"", b""])


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
