"""`POST /join`: an invite's code for a token, its refusals, and the bound on trying."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from edge.wire import MODERN, call_mcp, call_rest, ledger_head, serving_here
from signalbox import wheel
from signalbox.config import Settings
from support import Agent, Project, serving

PROMISED = {
    "ok",
    "project",
    "project_name",
    "participant",
    "created",
    "token",
    "connect_command",
    "files",
    "guide",
    "next",
}


async def invite(lead: Agent, **wish: Any) -> str:
    made = await lead.call("create_invite", **wish)
    code: str = made["code"]
    return code


async def join(web: httpx2.AsyncClient, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = await web.post("/join", json=body)
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()


async def set_in_database(database_url: str, statement: str, *arguments: object) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(statement, *arguments)
    await connection.close()


async def test_a_code_becomes_a_token_that_works(web: httpx2.AsyncClient, lead: Agent, project: Project) -> None:
    code = await invite(lead, lane="backend")

    status, answer = await join(web, code=code, name="gemini-1")

    assert status == 200
    assert answer.keys() >= PROMISED
    assert answer["ok"] is True
    assert (answer["project"], answer["project_name"]) == ("main", "main")
    assert (answer["participant"], answer["created"]) == ("gemini-1", True)
    assert (await call_rest(web, answer["token"], "whoami")).json()["actor"] == f"{project.handle}/gemini-1"
    me = (await call_mcp(web, answer["token"], "whoami", era=MODERN))["structuredContent"]
    assert (me["is_admin"], me["lane"]) == (False, "backend")


async def test_what_is_handed_out_is_ready_to_use(web: httpx2.AsyncClient, lead: Agent, settings: Settings) -> None:
    _, answer = await join(web, code=await invite(lead), name="gemini-1")

    url, token = f"{settings.base_url}/mcp", answer["token"]
    assert answer["connect_command"] == (
        f"SIGNALBOX_TOKEN={token} uvx --from {settings.base_url}/kit/{wheel.file_name()} "
        f"signalbox connect --url {settings.base_url}"
    )
    assert url in answer["files"][".mcp.json"]
    assert token not in answer["files"][".mcp.json"], "this file is committed"
    assert token in answer["files"][".claude/settings.local.json"]
    assert answer.keys() == PROMISED | {"actor", "mcp_url"}, "one command and one client's files, not those of all"
    assert "whats_new" in answer["guide"]
    assert token not in answer["guide"]


async def test_the_prompt_of_an_invite_says_all_its_holder_needs(lead: Agent, settings: Settings) -> None:
    made = await lead.call("create_invite", participant_name="gemini-1")

    assert made["redeem_url"] == f"{settings.base_url}/join"
    for needed in (made["code"], made["redeem_url"], "gemini-1", "curl", "connect_command", "pipx run --spec"):
        assert needed in made["invite_prompt"]


async def test_an_invite_for_somebody_needs_no_name(web: httpx2.AsyncClient, lead: Agent) -> None:
    code = await invite(lead, participant_name="gemini-1", is_admin=True)

    status, answer = await join(web, code=code)

    assert (status, answer["participant"]) == (200, "gemini-1")
    assert (await call_rest(web, answer["token"], "whoami")).json()["is_admin"] is True


async def test_a_missing_name_is_asked_for_and_the_code_stays_valid(web: httpx2.AsyncClient, lead: Agent) -> None:
    code = await invite(lead)

    assert await join(web, code=code) == (400, {"ok": False, "error": "name_required"})
    assert (await join(web, code=code, name="gemini-1"))[0] == 200


async def test_a_taken_name_is_refused_and_the_code_stays_valid(
    web: httpx2.AsyncClient, lead: Agent, agent: Agent
) -> None:
    code = await invite(lead)

    assert await join(web, code=code, name="claude-1") == (409, {"ok": False, "error": "name_taken"})
    assert (await join(web, code=code, name="gemini-1"))[0] == 200
    assert (await call_rest(web, agent.token, "whoami")).json()["actor"] == agent.actor


@pytest.mark.parametrize(
    "name", ["", "A", "a/b", "a b", "-a", "a\n", "é", "a" * 65, "\0", 5, True, ["a"], {"a": 1}, "mallory/lead"]
)
async def test_a_name_that_is_none_is_refused(web: httpx2.AsyncClient, lead: Agent, name: object) -> None:
    code = await invite(lead)

    assert await join(web, code=code, name=name) == (400, {"ok": False, "error": "name_invalid"})
    assert (await join(web, code=code, name="gemini-1"))[0] == 200


@pytest.mark.parametrize("code", ["", "0" * 24, "x", "' or 1=1 --", "0" * 3000, None, 5, ["0"], {"$ne": 1}, "é" * 24])
async def test_a_code_that_is_none_is_not_there(web: httpx2.AsyncClient, code: object) -> None:
    assert await join(web, code=code, name="gemini-1") == (404, {"ok": False, "error": "invalid"})


async def test_an_expired_code_is_gone(web: httpx2.AsyncClient, lead: Agent, database_url: str) -> None:
    code = await invite(lead)
    await set_in_database(
        database_url,
        "update invites set expires_at = clock_timestamp() where code_hash = $1",
        hashlib.sha256(code.encode()).digest(),
    )

    assert await join(web, code=code, name="gemini-1") == (410, {"ok": False, "error": "expired"})


async def test_a_used_code_is_gone(web: httpx2.AsyncClient, lead: Agent) -> None:
    code = await invite(lead, uses=2)

    outcomes = [(await join(web, code=code, name=name))[0] for name in ("one", "two", "three")]

    assert outcomes == [200, 200, 410]
    assert await join(web, code=code, name="three") == (410, {"ok": False, "error": "exhausted"})


async def test_the_last_use_is_taken_once(web: httpx2.AsyncClient, lead: Agent) -> None:
    code = await invite(lead, uses=3)

    answers = await asyncio.gather(*(join(web, code=code, name=f"racer-{number}") for number in range(12)))

    assert sorted(status for status, _ in answers) == [200] * 3 + [410] * 9


async def test_a_code_is_hashed_at_rest_and_in_no_event_or_log(
    web: httpx2.AsyncClient, lead: Agent, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    code = await invite(lead)
    with caplog.at_level(logging.DEBUG):
        _, answer = await join(web, code=code, name="gemini-1")
    connection = await asyncpg.connect(database_url)
    tables = ("invites", "tokens", "events", "idempotency_keys")
    rows = [str(await connection.fetch(f"select to_jsonb(t) from {table} t")) for table in tables]
    await connection.close()

    hexed = {secret.encode().hex() for secret in (code, answer["token"])}
    for text in (*rows, caplog.text):
        assert code not in text
        assert answer["token"] not in text
        assert not [secret for secret in hexed if secret in text]


async def test_a_refused_code_writes_nothing(
    web: httpx2.AsyncClient, lead: Agent, project: Project, database_url: str
) -> None:
    code = await invite(lead)
    head = await ledger_head(database_url, project.project_id)

    await join(web, code=code)
    await join(web, code=code, name="lead")
    await join(web, code="0" * 24, name="x")

    assert await ledger_head(database_url, project.project_id) == head


async def test_trying_is_bounded_and_says_when_to_come_back(settings: Settings, lead: Agent) -> None:
    code = await invite(lead)
    async with serving_here(settings.model_copy(update={"join_per_minute": 3})) as web:
        statuses = [(await join(web, code="0" * 24))[0] for _ in range(3)]
        answer = await web.post("/join", json={"code": code, "name": "gemini-1"})

    assert statuses == [404, 404, 404]
    assert (answer.status_code, answer.json()) == (429, {"ok": False, "error": "rate_limited"})
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("trusted", "last"),
    [
        pytest.param("", 429, id="nobody is trusted"),
        pytest.param("192.0.2.99", 429, id="another is trusted"),
        pytest.param("127.0.0.1", 404, id="this peer is trusted"),
    ],
)
def test_a_forwarded_address_counts_only_from_a_trusted_peer(
    database_url: str, tmp_path: Path, trusted: str, last: int
) -> None:
    asked = serving(database_url, tmp_path, SIGNALBOX_JOIN_PER_MINUTE="3", SIGNALBOX_TRUSTED_PROXIES=trusted)
    with asked as server, httpx2.Client(base_url=server.url) as client:
        statuses = [
            client.post("/join", json={"code": "x"}, headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code
            for number in range(4)
        ]

    assert statuses == [404, 404, 404, last]
