"""The documents of a project as MCP resources: listed, read, and subscribed to by sessions of the handshake era."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from signalbox.domain import documents
from signalbox.edge.mcp.sessions import McpSession
from signalbox.errors import NotFound, Refusal, Unavailable

if TYPE_CHECKING:
    from signalbox.edge.mcp.server import OpenCaller

log = logging.getLogger("signalbox.mcp")

JSON: Final = "application/json"
LISTS_TTL_MS: Final = 3_600_000  # they are the same for everybody, and change with the version
NOT_FOUND_THEN: Final = -32002  # what the handshake era says of a resource that is not there

SESSION_KEY: Final = "signalbox.mcp_session"

Context = ServerRequestContext[Any, Any]


def add_resources(server: Server[Any], open_caller: OpenCaller, *, subscribes: bool) -> None:
    """Let a server answer for the documents; `subscribes` where sessions have a stream to hear on."""

    async def read(ctx: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        async with refusing(ctx, params.uri), open_caller(ctx) as (who, session):
            document = await documents.read(session, who, params.uri)
        text = document.model_dump_json(by_alias=True, exclude_none=True)
        contents = types.TextResourceContents(uri=params.uri, mime_type=JSON, text=text)
        return types.ReadResourceResult(contents=[contents])

    async def subscribe(ctx: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
        async with refusing(ctx, params.uri), open_caller(ctx) as (who, session):
            kept = session_of(ctx)
            await documents.subscribe(session, who, kept.key, params.uri, kept.expires_at)
        return types.EmptyResult()

    async def unsubscribe(ctx: Context, params: types.UnsubscribeRequestParams) -> types.EmptyResult:
        async with refusing(ctx, params.uri), open_caller(ctx) as (who, session):
            await documents.unsubscribe(session, who, session_of(ctx).key, params.uri)
        return types.EmptyResult()

    server.add_request_handler("resources/list", types.PaginatedRequestParams, _list)
    server.add_request_handler("resources/templates/list", types.PaginatedRequestParams, _list_templates)
    server.add_request_handler("resources/read", types.ReadResourceRequestParams, read)
    if subscribes:
        server.add_request_handler("resources/subscribe", types.SubscribeRequestParams, subscribe)
        server.add_request_handler("resources/unsubscribe", types.UnsubscribeRequestParams, unsubscribe)
    server.cache_hints["resources/list"] = CacheHint(LISTS_TTL_MS, "public")
    server.cache_hints["resources/templates/list"] = CacheHint(LISTS_TTL_MS, "public")
    server.cache_hints["resources/read"] = CacheHint(0)


async def _list(_ctx: Context, params: types.PaginatedRequestParams) -> types.ListResourcesResult:
    _see_no_cursor(params)
    return types.ListResourcesResult(
        resources=[
            types.Resource(uri=one.uri, name=one.name, title=one.title, description=one.description, mime_type=JSON)
            for one in documents.DOCUMENTS
        ]
    )


async def _list_templates(_ctx: Context, params: types.PaginatedRequestParams) -> types.ListResourceTemplatesResult:
    _see_no_cursor(params)
    template = types.ResourceTemplate(
        uri_template=documents.LEDGER_TEMPLATE,
        name="ledger_after",
        title="Ledger after an event",
        description="Events after one, oldest first, with the cursor to go on from.",
        mime_type=JSON,
    )
    return types.ListResourceTemplatesResult(resource_templates=[template])


def _see_no_cursor(params: types.PaginatedRequestParams) -> None:
    if params.cursor is not None:
        raise MCPError(INVALID_PARAMS, "there is no such page: the first has everything")


def session_of(ctx: Context) -> McpSession:
    """Answer the handshake-era session of a request; raises MCPError when it names none."""
    session = ctx.request.scope.get(SESSION_KEY) if ctx.request is not None else None
    if not isinstance(session, McpSession):
        raise MCPError(INVALID_REQUEST, "name the session in Mcp-Session-Id: its stream tells what changes")
    return session


@asynccontextmanager
async def refusing(ctx: Context, uri: str) -> AsyncIterator[None]:
    """Turn a refusal into the protocol's error of the era, and what breaks into one that was logged."""
    try:
        yield
    except MCPError:
        raise
    except NotFound as refusal:
        code = NOT_FOUND_THEN if ctx.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS else INVALID_PARAMS
        raise MCPError(code, refusal.message, {"uri": uri}) from refusal
    except Refusal as refusal:
        code = INTERNAL_ERROR if isinstance(refusal, Unavailable) else INVALID_PARAMS
        raise MCPError(code, refusal.message, refusal.as_json()) from refusal
    except Exception as error:  # which the SDK would take for a mistake of the caller
        log.exception("a resource failed")
        raise MCPError(INTERNAL_ERROR, "this is our mistake, and it was logged") from error
