"""A proxy before a server that loses an answer: what was asked is done, and who asked never hears of it."""

from __future__ import annotations

import asyncio
from typing import Self

CHUNK_BYTES = 65_536


class LosingProxy:
    """Passes every connection on to a server, and ends the one on which the answer to lose begins.

    `lost` counts the answers that it has lost.
    """

    def __init__(self, port: int, server_port: int, losing: bytes) -> None:
        self._port = port
        self._server_port = server_port
        self._losing = losing
        self._links: set[asyncio.Task[None]] = set()
        self.lost = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_failure: object) -> None:
        self._server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        there, out = await asyncio.open_connection("127.0.0.1", self._server_port)
        asked = bytearray()

        async def ask() -> None:
            while chunk := await reader.read(CHUNK_BYTES):
                asked.extend(chunk)
                out.write(chunk)
            out.write_eof()

        async def answer() -> None:
            while chunk := await there.read(CHUNK_BYTES):
                if self._losing in asked and not self.lost:
                    self.lost += 1
                    return
                writer.write(chunk)

        asking = asyncio.create_task(ask())
        try:
            await answer()
        finally:
            asking.cancel()
            writer.close()
            out.close()
            self._links.discard(link)
