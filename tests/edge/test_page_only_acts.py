"""What only pages do: acts that no tool has are out of reach of every token, whatever it is called with."""

from __future__ import annotations

import re
from typing import Final

import httpx2
import pytest

from edge.wire import ask, assert_leaks_nothing, call_rest, ledger_head
from signalbox import paths
from signalbox.catalog import CATALOG
from support import Agent, Project

ACTS: Final = re.findall(r"when '(\w+)' then", (paths.FUNCTIONS / "perform_v1.sql").read_text(encoding="utf-8"))
PAGE_ONLY: Final = sorted(set(ACTS) - CATALOG.tools.keys())


def test_there_are_some_and_they_are_found() -> None:
    assert {"delete_project", "archive_project", "rename_project", "set_liveness", "note_export", "leave"} <= {
        *PAGE_ONLY
    }


@pytest.mark.parametrize("act", PAGE_ONLY)
async def test_no_token_reaches_an_act_that_only_pages_have(
    act: str, web: httpx2.AsyncClient, lead: Agent, project: Project, database_url: str
) -> None:
    head = await ledger_head(database_url, project.project_id)
    over_http = await call_rest(web, lead.token, act, {"name": "x"})
    over_mcp = await ask(web, lead.token, "tools/call", {"name": act, "arguments": {"name": "x"}})
    named_in = await call_rest(web, lead.token, "claim", {"sequence": "adr", "tool": act})
    after = await ledger_head(database_url, project.project_id)

    assert over_http.status_code == 404
    assert "error" in over_mcp.json() or over_mcp.json()["result"]["isError"]
    assert named_in.status_code == 400
    assert_leaks_nothing(over_mcp.text)
    assert after == head
