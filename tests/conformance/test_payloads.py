"""What tests/kit feeds to the hooks is what the real clients say, word for word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.programs import program
from conformance.recording import HOOKS, PAYLOADS, record


@pytest.mark.parametrize("client", HOOKS)
async def test_the_client_says_what_was_recorded(client: str, tmp_path: Path) -> None:
    program(client)

    given = await record(client, tmp_path)

    assert given == json.loads((PAYLOADS / f"{client}.json").read_text())
