"""The product with the conformance suite's fixtures beside its own tools: `python -m conformance.fixtures --port N`.

Door, authentication, endpoint and transport are the product's. Nothing but handlers is added to its MCP server.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

import mcp_types as types
import uvicorn

from conformance.fixture_contents import add_contents
from conformance.fixture_tools import CALLS, NOTIFYING, SCHEMAS, TOOLS, Answer, Context
from signalbox.app import create_app
from signalbox.cli.logs import set_up_logs
from signalbox.config import load_settings
from signalbox.edge.listeners import News
from signalbox.edge.mcp import McpEndpoint


def add_fixtures(endpoint: McpEndpoint) -> None:
    """Let the endpoint's server answer for the fixtures too; what is not theirs goes where it went."""
    server = endpoint.server
    own_list = server.get_request_handler("tools/list")
    own_call = server.get_request_handler("tools/call")
    assert own_list is not None
    assert own_call is not None
    listed, called = own_list.handler, own_call.handler

    async def list_tools(ctx: Context, params: types.PaginatedRequestParams) -> types.ListToolsResult:
        own: Any = await listed(ctx, params)
        return types.ListToolsResult(tools=[*own.tools, *TOOLS])

    async def call_tool(ctx: Context, params: types.CallToolRequestParams) -> Answer:
        if params.name == "test_trigger_tool_change":
            endpoint.listeners.mark_all(News.CHANGED)  # as when the caller's role has changed
        if params.name in CALLS:
            return await CALLS[params.name](ctx, params)
        answer: Any = await called(ctx, params)
        return answer  # type: ignore[no-any-return]

    server.add_request_handler("tools/list", types.PaginatedRequestParams, list_tools)
    server.add_request_handler("tools/call", types.CallToolRequestParams, call_tool)
    server.get_tool_input_schema = SCHEMAS.get
    add_contents(server)
    endpoint.streamed_tools |= NOTIFYING


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    settings = load_settings(os.environ, port=parser.parse_args().port)
    set_up_logs(settings)
    app = create_app(settings)
    add_fixtures(app.state.mcp)
    uvicorn.run(app, port=settings.port, loop="uvloop", http="httptools", log_config=None, timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
