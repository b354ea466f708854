"""The tools as JSON over HTTP, and the OpenAPI document that says how."""

from __future__ import annotations

import json
import typing
from contextlib import nullcontext
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from signalbox import __version__
from signalbox.catalog import CATALOG
from signalbox.config import Settings
from signalbox.db.callers import Callers
from signalbox.domain import editor_hooks
from signalbox.domain.presence import Heartbeats
from signalbox.edge.http import JSON_ERRORS, bearer, note, note_caller, read_body, while_caller_waits
from signalbox.edge.schemas import full_schema
from signalbox.edge.turns import Turns
from signalbox.errors import REFUSALS, InvalidArguments
from signalbox.identity import ToolGroup
from signalbox.tool import Tool


class RestEdge:
    """`POST /api/tools/{name}` and `GET /api/openapi.json`."""

    def __init__(self, callers: Callers, heartbeats: Heartbeats, turns: Turns, settings: Settings) -> None:
        self._callers = callers
        self._turns = turns
        self._heartbeats = heartbeats
        self._settings = settings

    async def call(self, request: Request) -> Response:
        """Run the tool that the path names with the arguments in the body."""
        token_hash = bearer(request.headers)
        await self._turns.mine(self._callers.project_of(token_hash))
        body = await read_body(request.scope, request.receive, self._settings.request_bytes_max)
        name = request.path_params["name"]
        async with self._callers.session(token_hash) as session:
            who = await session.who(for_act=name in CATALOG.tools and CATALOG.tools[name].proves_caller)
            note_caller(request.scope, who)
            tool = CATALOG.get(name)
            note(request.scope, tool=tool.name)
            reach = self._heartbeats.reachable(who, "wait") if tool.waits else nullcontext()
            async with while_caller_waits(request.receive):
                with reach:
                    result = await CATALOG.call(tool.name, session, who, arguments_in(body))
            self._heartbeats.saw(who, "hook" if tool.group is ToolGroup.HOOKS else None)
        return Response(result.model_dump_json(by_alias=True, exclude_none=True), media_type="application/json")

    async def claude_hook(self, request: Request) -> Response:
        """Answer a hook of Claude Code: its JSON in the body, the rules for numbered files in the query."""
        token_hash = bearer(request.headers)
        await self._turns.mine(self._callers.project_of(token_hash))
        given = arguments_in(await read_body(request.scope, request.receive, self._settings.request_bytes_max))
        arguments = _hook_arguments(given) | {"numbered": request.query_params.getlist("numbered")}
        note(request.scope, tool="editor_hook")
        async with self._callers.session(token_hash) as session:
            who = await session.who()
            note_caller(request.scope, who)
            result = (
                await CATALOG.call("editor_hook", session, who, arguments)
                if arguments["event"] in typing.get_args(editor_hooks.Event)
                else editor_hooks.HookAnswer()
            )
            self._heartbeats.saw(who, "hook")
        return Response(result.model_dump_json(by_alias=True, exclude_none=True), media_type="application/json")

    async def openapi(self, _request: Request) -> Response:
        """Describe the API."""
        return JSONResponse(openapi(self._settings.base_url))


def _hook_arguments(given: dict[str, Any]) -> dict[str, Any]:
    """Pick what `editor_hook` takes from the JSON of a hook of Claude Code; what is not there is left out."""
    tool_input = given.get("tool_input")
    fields = tool_input if _concerns(given) and isinstance(tool_input, dict) else {}
    picked = {
        "event": given.get("hook_event_name"),
        "session": given.get("session_id"),
        "cwd": given.get("cwd"),
        "path": fields.get("file_path", fields.get("notebook_path")),
        "stopping_again": given.get("stop_hook_active"),
    }
    return {"event": None} | {name: value for name, value in picked.items() if value is not None}


def _concerns(given: dict[str, Any]) -> bool:
    """Say whether a tool changes a file; once it has, whether that file is new: numbers of others' files are theirs."""
    response = given.get("tool_response")
    is_new = not isinstance(response, dict) or response.get("type", "create") == "create"
    if given.get("hook_event_name") == "PostToolUse":
        return given.get("tool_name") == "Write" and is_new
    return given.get("tool_name") in editor_hooks.EDITS


def arguments_in(body: bytes) -> dict[str, Any]:
    """Read a tool's arguments; an empty body is none.

    Raises:
        InvalidArguments: it is not a JSON object.
    """
    try:
        arguments = json.loads(body) if body.strip() else {}
    except JSON_ERRORS:
        raise InvalidArguments("the body is not JSON that can be read") from None
    if not isinstance(arguments, dict):
        raise InvalidArguments("the body must be a JSON object of arguments")
    return arguments


@cache
def openapi(base_url: str) -> dict[str, Any]:
    """Write the OpenAPI 3.1 document, from the catalog."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Signalbox",
            "version": __version__,
            "summary": "The coordination tools over plain HTTP.",
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": base_url}],
        "security": [{"token": []}],
        "paths": {
            "/api/events": {"get": _events_operation()},
            **{f"/api/tools/{tool.name}": {"post": _operation(tool)} for tool in CATALOG},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "sbx_…"}},
            "schemas": {"Refusal": _refusal_schema()},
            "responses": {f"Refused{status}": _refusal_response(status) for status in _STATUSES},
        },
    }


_STATUSES = {status: refusal.__doc__ or "" for status, refusal in REFUSALS.items()} | {
    413: "The body is larger than the server takes."
}


def _operation(tool: Tool) -> dict[str, Any]:
    required = not {"required", "anyOf", "oneOf"}.isdisjoint(full_schema(tool.args))
    return {
        "operationId": tool.name,
        "summary": tool.title,
        "description": tool.description,
        "x-scope": tool.scope.value,
        "requestBody": {
            "required": required,
            "content": {"application/json": {"schema": full_schema(tool.args)}},
        },
        "responses": {
            "200": {
                "description": "Done.",
                "content": {"application/json": {"schema": full_schema(tool.result)}},
            },
            **{str(status): {"$ref": f"#/components/responses/Refused{status}"} for status in _STATUSES},
        },
    }


def _events_operation() -> dict[str, Any]:
    tool = CATALOG.tools["query_events"]
    asked: dict[str, Any] = full_schema(tool.args)["properties"]
    return {
        "operationId": "events",
        "summary": "The ledger, once or live",
        "description": (
            "As query_events. Where text/event-stream is accepted the answer stays open: it goes on after the event "
            "`after`, or Last-Event-ID, or from now, and takes actor, type, sequence, ref and tag. The id of each "
            "event is its seq; `event: end` says why the stream ends."
        ),
        "x-scope": tool.scope.value,
        "parameters": [
            {"name": name, "in": "query", "schema": _without_null(schema)} for name, schema in asked.items()
        ],
        "responses": {
            "200": {
                "description": "Done.",
                "content": {
                    "application/json": {"schema": full_schema(tool.result)},
                    "text/event-stream": {"schema": {"type": "string"}},
                },
            },
            **{str(status): {"$ref": f"#/components/responses/Refused{status}"} for status in _STATUSES},
        },
    }


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query has no null: what is not given is left out."""
    kept = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
    return {**rest, **kept[0]} if len(kept) == 1 else rest


def _refusal_schema() -> dict[str, Any]:
    fields = {"code": {"type": "string"}, "message": {"type": "string"}}
    error = {"type": "object", "properties": fields, "required": ["code", "message"]}
    return {"type": "object", "properties": {"error": error}, "required": ["error"]}


def _refusal_response(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Refusal"}
    return {"description": _STATUSES[status], "content": {"application/json": {"schema": schema}}}
