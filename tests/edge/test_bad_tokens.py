"""Tokens that do not hold, and ids of another project: refused the same way everywhere, and nothing is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx2
import pytest

from edge.wire import (
    ACCEPT,
    LEGACY,
    MODERN,
    ask,
    assert_leaks_nothing,
    bearer,
    call_mcp,
    call_rest,
    ledger_head,
    message,
    serving_here,
)
from signalbox.app import create_app
from signalbox.config import Settings
from signalbox.identity import mint_token, token_hash
from support import Agent, Project

REST = "rest"
WAYS = (REST, MODERN, LEGACY)

MALFORMED = {
    "nothing": "",
    "another vendor's": "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "only the prefix": "sbx_",
    "a wrong checksum": "sbx_" + "0" * 36,
    "too short": "sbx_" + "0" * 35,
    "very long": "sbx_" + "0" * 8000,
    "a quote": "sbx_' or 1=1 --",
    "a list": "a,b",
    "two words": "sbx_a sbx_b",
}

WEIRD = {
    "no header": None,
    "an empty header": b"",
    "only the scheme": b"Bearer",
    "the scheme and blanks": b"Bearer    ",
    "another scheme": b"Basic c2J4Ojo=",
    "the token alone": b"@",
    "the token twice": b"Bearer @, Bearer @",
    "a tab": b"Bearer\t@",
    "something after it": b"Bearer @ x",
    "quotes around it": b'Bearer "@"',
    "bytes that are no text": b"Bearer \xff\xfe\x80",
    "letters beyond ASCII": "Bearer sbx_é€".encode(),
    "digits beyond ASCII": "Bearer sbx_{}".format("٣" * 36).encode(),
}


async def answer_of(web: httpx2.AsyncClient, way: str, headers: dict[str, str]) -> httpx2.Response:
    if way == REST:
        return await web.post("/api/tools/whoami", headers=headers)
    wish = {"name": "whoami", "arguments": {}}
    era = {"MCP-Protocol-Version": way, "Mcp-Method": "tools/call", "Mcp-Name": "whoami"}
    return await web.post("/mcp", headers={**ACCEPT, **era, **headers}, json=message(way, "tools/call", wish))


def assert_unauthenticated(answer: httpx2.Response, *private: str) -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated")
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith(('Bearer error="invalid_token", resource_metadata="', 'Bearer resource_metadata="'))
    assert challenge.endswith('scope="read write"')
    assert_leaks_nothing(answer.text, *private)


@pytest.fixture(scope="module")
async def web(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """One application for the whole file: its cases are many."""
    async with serving_here(settings) as client:
        yield client


@pytest.fixture(scope="module")
async def unopened(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """An application whose database was never opened: whatever would ask it fails."""
    transport = httpx2.ASGITransport(app=create_app(settings), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.base_url) as client:
        yield client


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", MALFORMED)
async def test_a_malformed_token_is_refused_without_asking_the_database(
    unopened: httpx2.AsyncClient, case: str, way: str
) -> None:
    assert_unauthenticated(await answer_of(unopened, way, bearer(MALFORMED[case])))


@pytest.mark.parametrize("way", WAYS)
async def test_a_well_formed_token_does_ask_the_database(unopened: httpx2.AsyncClient, way: str) -> None:
    secret, _ = mint_token()

    answer = await answer_of(unopened, way, bearer(secret))

    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")


@pytest.mark.parametrize("way", WAYS)
async def test_every_single_wrong_character_is_noticed(unopened: httpx2.AsyncClient, way: str) -> None:
    secret, _ = mint_token()
    for place in range(4, len(secret), 5):
        other = "a" if secret[place] != "a" else "b"
        changed = secret[:place] + other + secret[place + 1 :]

        assert_unauthenticated(await answer_of(unopened, way, bearer(changed)))


@pytest.mark.parametrize("case", WEIRD)
async def test_a_weird_authorization_header_is_no_token(web: httpx2.AsyncClient, agent: Agent, case: str) -> None:
    value = WEIRD[case]
    headers = [] if value is None else [(b"Authorization", value.replace(b"@", agent.token.encode()))]

    answer = await web.post("/api/tools/whoami", headers=headers)

    assert_unauthenticated(answer, agent.token, "claude-1")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer  "])
async def test_the_scheme_is_read_as_http_reads_it(web: httpx2.AsyncClient, agent: Agent, scheme: str) -> None:
    answer = await web.post("/api/tools/whoami", headers={"Authorization": f"{scheme} {agent.token}"})

    assert answer.json()["actor"] == agent.actor


@pytest.mark.parametrize("way", WAYS)
async def test_a_token_nobody_was_given_is_refused(web: httpx2.AsyncClient, way: str) -> None:
    secret, _ = mint_token()

    assert_unauthenticated(await answer_of(web, way, bearer(secret)))


@pytest.mark.parametrize("way", WAYS)
async def test_a_revoked_token_is_refused_on_the_next_call(
    web: httpx2.AsyncClient, lead: Agent, agent: Agent, way: str
) -> None:
    before = await answer_of(web, way, agent.headers)
    await lead.call("admin_revoke", participant_name="claude-1")

    after = await answer_of(web, way, agent.headers)

    assert before.status_code == 200
    assert_unauthenticated(after, "claude-1", lead.actor)


@pytest.mark.parametrize("way", WAYS)
async def test_a_rotated_token_is_refused_and_the_new_one_holds(
    web: httpx2.AsyncClient, lead: Agent, agent: Agent, way: str
) -> None:
    given = await lead.call("admin_rotate", participant_name="claude-1")

    assert_unauthenticated(await answer_of(web, way, agent.headers))
    assert (await answer_of(web, way, bearer(given["token"]))).status_code == 200


@pytest.mark.parametrize("way", WAYS)
async def test_an_expired_token_is_refused(web: httpx2.AsyncClient, agent: Agent, database_url: str, way: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "update tokens set expires_at = clock_timestamp() where token_hash = $1", token_hash(agent.token)
    )
    await connection.close()

    assert_unauthenticated(await answer_of(web, way, agent.headers), "claude-1")


FOREIGN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("read_posts", {"post_id": 1}),
    ("ack", {"post_id": 1}),
    ("ack", {"post_ids": [1]}),
    ("task_assign", {"task_id": 1, "owner": "claude-1"}),
    ("task_start", {"task_id": 1}),
    ("task_block", {"task_id": 1, "reason": "r"}),
    ("task_resolve", {"task_id": 1}),
    ("task_ship", {"task_id": 1}),
    ("list_tasks", {"task_id": 1}),
    ("admin_rotate", {"participant_name": "hidden"}),
    ("admin_revoke", {"participant_name": "hidden"}),
    ("post", {"to_actor": "hidden", "body": "x"}),
    ("post", {"to_actor": "@/hidden", "body": "x"}),
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("tool", "arguments"), FOREIGN)
async def test_ids_of_another_project_are_not_there(
    web: httpx2.AsyncClient,
    lead: Agent,
    project: Project,
    other_project: Project,
    database_url: str,
    *,
    way: str,
    tool: str,
    arguments: dict[str, Any],
) -> None:
    hidden = await other_project.join("hidden")
    await hidden.call("task_create", title="secret-title", owner="hidden")
    await hidden.call("post", to_actor="hidden", body="secret-body")
    heads = [await ledger_head(database_url, one.project_id) for one in (project, other_project)]
    wish = {
        key: value.replace("@", other_project.handle) if isinstance(value, str) else value
        for key, value in arguments.items()
    }

    if way == REST:
        answer = await call_rest(web, lead.token, tool, wish)
        code = answer.json()["error"]["code"]
    else:
        answer = await ask(web, lead.token, "tools/call", {"name": tool, "arguments": wish}, era=way)
        code = answer.json()["result"]["structuredContent"]["code"]

    assert code == "not_found"
    assert_leaks_nothing(answer.text, "secret", "in another project")
    assert [await ledger_head(database_url, one.project_id) for one in (project, other_project)] == heads
    assert (await call_mcp(web, hidden.token, "whoami"))["isError"] is False


async def test_lists_and_filters_show_nothing_of_another_project(
    web: httpx2.AsyncClient, lead: Agent, other_project: Project
) -> None:
    hidden = await other_project.join("hidden", lane="secret-lane")
    await hidden.call("claim", sequence="secret-sequence")
    await hidden.call("lease", surface="secret-surface")
    await hidden.call("register", lane="secret-lane", status="secret-status")
    await hidden.call("task_create", title="secret-title")
    await hidden.call("post", to_lane="secret-lane", body="secret-body", ref="secret-ref")

    for tool, arguments in (
        ("query_events", {"after": 0}),
        ("query_events", {"ref": "secret-ref"}),
        ("whats_new", {"after": 0}),
        ("read_posts", {"to_lane": "secret-lane"}),
        ("latest_claims", {}),
        ("list_sequences", {}),
        ("who_holds", {"surface": "secret-surface"}),
        ("who_is_active", {"within_seconds": 86400}),
        ("list_tasks", {}),
        ("list_participants", {}),
    ):
        answer = await call_rest(web, lead.token, tool, arguments)
        assert answer.status_code == 200
        assert_leaks_nothing(answer.text, "secret", "hidden", other_project.handle)
