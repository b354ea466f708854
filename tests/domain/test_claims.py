"""Sequences: numbers that are never handed out twice, and never skipped."""

from __future__ import annotations

import pytest
from support import Agent

from signalbox.errors import Conflict


async def test_an_unknown_sequence_starts_at_one_and_counts_on(agent: Agent, peer: Agent) -> None:
    first = await agent.call("claim", sequence="adr")
    second = await peer.call("claim", sequence="adr", note="the cache")

    assert first == {"sequence": "adr", "number": 1, "formatted": "1"}
    assert second == {"sequence": "adr", "number": 2, "formatted": "2", "note": "the cache"}


async def test_a_seed_never_goes_back(lead: Agent) -> None:
    await lead.call("seed_sequence", sequence="adr", current=10)

    with pytest.raises(Conflict, match="never goes back"):
        await lead.call("seed_sequence", sequence="adr", current=9)
