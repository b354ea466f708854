"""Equal projects, one for each way in, beside a stranger's: the same calls in the same order must come to the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from edge.wire import LEGACY, MODERN, bearer, era_headers, message
from proofs.furnished import Furnished, furnish
from signalbox.db.pool import Database
from support import ServerProcess, make_project

MARK: Final = "zq7secret"
REST: Final = "rest"
HEADERLESS: Final = "handshake era, version not said"
WAYS: Final = (REST, MODERN, LEGACY, HEADERLESS)
STRANGERS_ROWS: Final = 15
ROLES: Final = ("lead", "member")


@dataclass(frozen=True)
class Outcome:
    """What a call came to on one way in; `code` where it was refused."""

    status: int
    code: str | int | None
    fields: dict[str, Any]
    text: str


@dataclass(frozen=True)
class Twin:
    """A furnished project and the tokens of its two callers, whom no generated argument names or ends."""

    furnished: Furnished
    tokens: dict[str, str]


async def make_twin(database: Database) -> Twin:
    furnished = await furnish(await make_project(database))
    lead = await furnished.project.join("caller-lead", lead=True)
    member = await furnished.project.join("caller-member")
    for caller in (lead, member):
        for _ in range(2):
            task = await furnished.lead.call("task_create", title="more", owner=caller.actor)
        await caller.call("task_start", task_id=task["task_id"])
        await caller.call("lease", surface="src/**")
        await furnished.peer.call("post", to_actor=caller.actor, body="look")
    return Twin(furnished, {"lead": lead.token, "member": member.token})


async def make_stranger(database: Database) -> Furnished:
    """Make another tenant whose every text has the mark, with ids that the twins have not come to."""
    stranger = await furnish(await make_project(database), "stranger", MARK)
    for number in range(5, STRANGERS_ROWS + 1):  # it has four tasks by now
        await stranger.peer.call("post", to_actor="stranger", body=f"body {MARK}")
        await stranger.lead.call("task_create", title=f"title {MARK}", owner="stranger")
        await stranger.lead.call("task_start", task_id=number)
    return stranger


class Twins:
    """The projects, and a connection to the server on which they are called."""

    def __init__(self, server: ServerProcess, by_way: dict[str, Twin], stranger: Furnished) -> None:
        self.by_way = by_way
        self.stranger = stranger
        self.web = httpx2.Client(base_url=server.url, timeout=20, trust_env=False)
        self.openapi = self.web.get("/api/openapi.json").json()
        self.listed = {tool["name"]: tool for tool in self._list(by_way[MODERN].tokens["lead"])}

    def _list(self, token: str) -> list[dict[str, Any]]:
        headers = {**era_headers(MODERN, "tools/list", {}), **bearer(token)}
        answer = self.web.post("/mcp", headers=headers, json=message(MODERN, "tools/list", {}))
        tools: list[dict[str, Any]] = answer.json()["result"]["tools"]
        return tools

    def taken(self, tool: str) -> dict[str, Any]:
        """Answer what the OpenAPI document says of a tool's arguments."""
        operation = self.openapi["paths"][f"/api/tools/{tool}"]["post"]
        schema: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]
        return schema

    def answered(self, tool: str) -> dict[str, Any]:
        """Answer what the OpenAPI document says of a tool's answer."""
        operation = self.openapi["paths"][f"/api/tools/{tool}"]["post"]
        schema: dict[str, Any] = operation["responses"]["200"]["content"]["application/json"]["schema"]
        return schema

    def listed_schema(self, tool: str) -> dict[str, Any]:
        """Answer what `tools/list` says of a tool's arguments."""
        schema: dict[str, Any] = self.listed[tool]["inputSchema"]
        return schema

    def call(self, way: str, role: str, tool: str, arguments: Mapping[str, Any]) -> Outcome:
        """Call a tool in the twin of a way in."""
        token = self.by_way[way].tokens[role]
        if way == REST:
            answer = self.web.post(f"/api/tools/{tool}", headers=bearer(token), content=json.dumps(arguments))
        else:
            params = {"name": tool, "arguments": arguments}
            era = LEGACY if way == HEADERLESS else way
            headers = {**era_headers(era, "tools/call", params), **bearer(token)}
            if way == HEADERLESS:
                del headers["MCP-Protocol-Version"]
            answer = self.web.post("/mcp", headers=headers, content=json.dumps(message(era, "tools/call", params)))
        return read(answer)


def read(answer: httpx2.Response) -> Outcome:
    """Read an answer of either edge."""
    whole = answer.json()
    if "result" in whole and "jsonrpc" in whole:
        result = whole["result"]
        fields = result["structuredContent"]
        assert json.loads(result["content"][0]["text"]) == fields
        return Outcome(answer.status_code, fields["code"] if result["isError"] else None, fields, answer.text)
    if ("error" in whole and answer.status_code != 200) or "jsonrpc" in whole:
        return Outcome(answer.status_code, whole["error"]["code"], whole["error"], answer.text)
    return Outcome(answer.status_code, None, whole, answer.text)
