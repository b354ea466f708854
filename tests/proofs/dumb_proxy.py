"""A proxy before PostgreSQL that can lose the answer to an act: it is committed, and the server never hears of it.

It can also cut every connection, and it can stop passing anything on without a word, as a network does that is gone.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

CHUNK_BYTES = 65_536
ACT = b"perform_acts_v1"  # stands in the text of the one statement that acts


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class DumbProxy:
    """Listens on a socket of its own and passes everything on, until it is told to swallow answers."""

    def __init__(self, dsn: str) -> None:
        parts = urlsplit(dsn)
        query = parse_qs(parts.query)
        self._host = query.get("host", [parts.hostname or "127.0.0.1"])[0]
        self._port = int(query.get("port", [str(parts.port or 5432)])[0])
        self._directory = Path(tempfile.mkdtemp(prefix="sbx-", dir="/tmp"))
        login = parts.netloc.rpartition("@")[0]
        self.dsn = urlunsplit(
            parts._replace(
                netloc=f"{login}@" if login else "", query=f"host={quote(str(self._directory), safe='')}&port=5432"
            )
        )
        self._is_mute = False
        self.is_gone = False
        self._links: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, self._directory / ".s.PGSQL.5432")
        return self

    async def __aexit__(self, *_failure: object) -> None:
        self._server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)
        shutil.rmtree(self._directory)

    def mute_acts(self) -> None:
        """From now on let no answer to an act through, nor anything after it on its connection."""
        self._is_mute = True

    def cut(self) -> int:
        """End every connection, whatever is on its way; answers how many there were."""
        for link in self._links:
            link.cancel()
        return len(self._links)

    def leave(self) -> None:
        """Pass nothing on any more, in either direction, nor anything of new connections: they stay open and silent."""
        self.is_gone = True

    def come_back(self) -> None:
        """Pass on what is said from now on; what was said meanwhile is lost."""
        self.is_gone = False
        self.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        try:
            await _Link(self, (reader, writer), await self._upstream()).run()
        finally:
            writer.close()
            self._links.discard(task)

    async def _upstream(self) -> Ends:
        if self._host.startswith("/"):
            return await asyncio.open_unix_connection(f"{self._host}/.s.PGSQL.{self._port}")
        return await asyncio.open_connection(self._host, self._port)

    @property
    def is_mute(self) -> bool:
        return self._is_mute


class _Link:
    """One connection through the proxy."""

    def __init__(self, proxy: DumbProxy, client: Ends, server: Ends) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._acts: set[bytes] = set()
        self._swallows = False

    async def run(self) -> None:
        ways = [asyncio.ensure_future(way) for way in (self._requests(), self._answers())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._server[1].close()

    async def _requests(self) -> None:
        """Pass on message by message, and see which prepared statements are acts and when one is run."""
        reader, writer = self._client[0], self._server[1]
        kind = b""  # the first message has none
        while True:
            length = await reader.readexactly(4)
            body = await reader.readexactly(int.from_bytes(length, "big") - 4)
            if kind == b"P":
                name, text = body.split(b"\0")[:2]
                (self._acts.add if ACT in text else self._acts.discard)(name)
            if kind == b"B" and self._proxy.is_mute and body.split(b"\0")[1] in self._acts:
                self._swallows = True
            if not self._proxy.is_gone:
                writer.write(kind + length + body)
            kind = await reader.readexactly(1)

    async def _answers(self) -> None:
        reader, writer = self._server[0], self._client[1]
        while chunk := await reader.read(CHUNK_BYTES):
            if not self._swallows and not self._proxy.is_gone:
                writer.write(chunk)
