"""An answer that is lost on the way: repeating the call with its idempotency_key changes nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path

import pytest

from proofs.dumb_proxy import DumbProxy
from proofs.furnished import Furnished, all_rows, furnish, mutates
from proofs.wire import request, wires
from signalbox.catalog import CATALOG
from support import Project, ServerProcess, serving

# What keeps nothing but a cursor, or may have nothing to do, leaves no event to wait for.
MUTATING = [tool.name for tool in CATALOG if mutates(tool) and tool.name not in {"wait", "sync", "reset_cursor"}]
ACT_SECONDS_MAX = 10


def closed_after_the_request(connection: socket.socket, message: bytes) -> None:
    connection.sendall(message)


def reset_after_the_request(connection: socket.socket, message: bytes) -> None:
    connection.sendall(message)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closed_within_the_request(connection: socket.socket, message: bytes) -> None:
    connection.sendall(message[:-5])


def closed_within_the_answer(connection: socket.socket, message: bytes) -> None:
    connection.sendall(message)
    connection.settimeout(ACT_SECONDS_MAX)
    assert connection.recv(10).startswith(b"HTTP/1.1")


LOSSES = (closed_after_the_request, reset_after_the_request, closed_within_the_request, closed_within_the_answer)


def lose(lose_it: Callable[[socket.socket, bytes], None], port: int, message: bytes) -> None:
    """Send a request on a connection of its own, and do not read the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=ACT_SECONDS_MAX) as connection:
        lose_it(connection, message)


async def head_of(mine: Furnished) -> int:
    return int((await mine.lead.call("whats_new", advance_cursor=False, limit=1))["head"])


async def wait_for_event(mine: Furnished, head_before: int) -> None:
    async with asyncio.timeout(ACT_SECONDS_MAX):
        while await head_of(mine) == head_before:  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("tool", MUTATING)
async def test_every_act_whose_answer_was_lost_is_done_once_however_often_it_is_repeated(
    server: ServerProcess, database_url: str, project: Project, tool: str
) -> None:
    mine = await furnish(project)
    arguments = mine.arguments(CATALOG.tools[tool]) | {"idempotency_key": "again"}
    head_before = await head_of(mine)
    with socket.create_connection(("127.0.0.1", server.port), timeout=ACT_SECONDS_MAX) as connection:
        connection.sendall(request(server.port, mine.lead.token, tool, arguments))
        await wait_for_event(mine, head_before)  # an act whose caller is gone before its turn would not be done
    done = await all_rows(database_url, project.project_id)

    async with wires(server, [mine.lead.token]) as (rest,), wires(server, [mine.lead.token], mcp=True) as (mcp,):
        repeated = [await wire.call(tool, **arguments) for wire in (rest, mcp, rest)]

    assert repeated[0].code is None, repeated[0]
    assert repeated[1:] == repeated[:1] * 2
    assert await head_of(mine) == head_before + 1
    assert await all_rows(database_url, project.project_id) == done


@pytest.mark.parametrize("lose_it", LOSSES, ids=lambda lose_it: lose_it.__name__)
@pytest.mark.parametrize("edge", ["rest", "mcp"])
async def test_an_act_is_done_once_wherever_the_connection_was_cut(
    server: ServerProcess, project: Project, edge: str, lose_it: Callable[[socket.socket, bytes], None]
) -> None:
    mine = await furnish(project)
    mcp = edge == "mcp"
    head_before = await head_of(mine)
    async with wires(server, [mine.lead.token], mcp=mcp) as (wire,):
        for number in range(1, 11):
            arguments = {"sequence": "port", "note": "cut", "idempotency_key": f"cut-{number}"}
            lose(lose_it, server.port, request(server.port, mine.lead.token, "claim", arguments, mcp=mcp))
            first, second = [await wire.call("claim", **arguments) for _ in range(2)]

            assert first["number"] == number
            assert second == first
            assert await head_of(mine) == head_before + number
        assert (await wire.call("whoami")).code is None


@asynccontextmanager
async def aside(server: AbstractContextManager[ServerProcess]) -> AsyncIterator[ServerProcess]:
    """Start and stop a server in a thread, for its database's proxy runs in this one."""
    try:
        yield await asyncio.to_thread(server.__enter__)
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)


@pytest.mark.parametrize("tool", ["claim", "post", "lease"])
async def test_an_act_is_done_once_when_the_server_is_killed_between_commit_and_answer(
    database_url: str, project: Project, tmp_path: Path, tool: str
) -> None:
    mine = await furnish(project)
    arguments = mine.arguments(CATALOG.tools[tool]) | {"idempotency_key": "killed"}
    async with (
        DumbProxy(database_url) as proxy,
        aside(serving(proxy.dsn, tmp_path)) as server,
        wires(server, [mine.lead.token]) as (wire,),
    ):
        assert (await wire.call("whoami")).code is None
        head_before = await head_of(mine)
        proxy.mute_acts()
        call = asyncio.ensure_future(wire.call(tool, **arguments))
        await wait_for_event(mine, head_before)
        assert not call.done()
        os.kill(server.process.pid, signal.SIGKILL)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await call
    done = await all_rows(database_url, project.project_id)

    with serving(database_url, tmp_path) as server:
        async with wires(server, [mine.lead.token]) as (wire,):
            repeated = await wire.call(tool, **arguments)

    assert repeated.code is None, repeated
    assert await head_of(mine) == head_before + 1
    assert await all_rows(database_url, project.project_id) == done
