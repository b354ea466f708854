"""Five hundred sessions that open at once: all are answered, and the server is well afterwards."""

from __future__ import annotations

import time

import httpx2
import pytest

from proofs.figures import figure
from proofs.wire import at_once, wires
from support import Project, ServerProcess

CALLS = 500


@pytest.mark.parametrize(("edge", "participants"), [("rest", 1), ("rest", 50), ("mcp", 50)])
async def test_500_concurrent_whats_new_do_not_hang_the_server(
    server: ServerProcess, project: Project, edge: str, participants: int
) -> None:
    tokens = [(await project.join(f"agent-{number}")).token for number in range(participants)]

    async with wires(server, tokens * (CALLS // participants), mcp=edge == "mcp") as connections:
        started = time.perf_counter()
        answers = await at_once(wire.call("whats_new", limit=10) for wire in connections)
        figure(f"{CALLS} concurrent whats_new of {participants}: {time.perf_counter() - started:.2f} s")
        whoami = await connections[0].call("whoami")

    assert {answer.code for answer in answers} == {None}
    assert whoami.code is None
    assert httpx2.get(f"{server.url}/readyz").status_code == 200
