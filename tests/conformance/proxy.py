"""A proxy on loopback that adds a bearer token to each request, for programs that can send none.

Host, Origin and all else pass as they came, and the answer is passed on byte by byte as it comes. A connection carries
one request: so nothing but the first head has to be understood, and whoever hangs up on one side hangs up on the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

CHUNK_BYTES = 65_536
REPLACED = (b"authorization:", b"connection:")

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def adding_token(url: str, token: str) -> AsyncIterator[str]:
    """Stand before the server at `url` for as long as the block lasts; answers the URL of this proxy."""
    upstream = urlsplit(url)
    links: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        links.add(link)
        try:
            server = await asyncio.open_connection(upstream.hostname, upstream.port)
            await _pass_on((reader, writer), server, token)
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


async def _pass_on(client: Ends, server: Ends, token: str) -> None:
    try:
        head = await client[0].readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        server[1].close()
        return  # opened, and closed without a word
    server[1].write(with_token(head, token))
    ways = [asyncio.ensure_future(_pipe(client[0], server[1])), asyncio.ensure_future(_pipe(server[0], client[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        server[1].close()


def with_token(head: bytes, token: str) -> bytes:
    """Answer the head of a request with this token, on a connection that ends after it."""
    lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(REPLACED)]
    return b"\r\n".join([*lines, b"Authorization: Bearer " + token.encode(), b"Connection: close", b"", b""])


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
