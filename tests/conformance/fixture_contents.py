"""The prompts and resources that the conformance suite asks for by name."""

from __future__ import annotations

import json
import re
from typing import Any

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from conformance.fixture_tools import IMAGE, PNG, Context, embedded, form, text

TEMPLATE = re.compile(r"^test://template/([^/]+)/data$")
PROMPTS = {
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    "test_input_required_result_prompt": (),
}


async def list_prompts(_ctx: Context, _params: types.PaginatedRequestParams) -> types.ListPromptsResult:
    return types.ListPromptsResult(
        prompts=[
            types.Prompt(
                name=name,
                description=f"{name}, a fixture.",
                arguments=[types.PromptArgument(name=each, required=True) for each in arguments],
            )
            for name, arguments in PROMPTS.items()
        ]
    )


async def get_prompt(
    _ctx: Context, params: types.GetPromptRequestParams
) -> types.GetPromptResult | types.InputRequiredResult:
    if params.name not in PROMPTS:
        raise MCPError(types.INVALID_PARAMS, f"there is no prompt {params.name!r}")
    if params.name == "test_input_required_result_prompt" and not params.input_responses:
        wanted = form("What context should the prompt use?", "context")
        return types.InputRequiredResult(input_requests={"user_context": wanted})
    given = params.arguments or {}
    content: types.ContentBlock = text(f"{params.name}: {json.dumps(given)}")
    if params.name == "test_prompt_with_image":
        content = IMAGE
    if "resourceUri" in given:
        content = embedded(given["resourceUri"], "Embedded resource content for testing.")
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content)])


async def list_resources(_ctx: Context, _params: types.PaginatedRequestParams) -> types.ListResourcesResult:
    return types.ListResourcesResult(
        resources=[
            types.Resource(name="static-text", uri="test://static-text", mime_type="text/plain"),
            types.Resource(name="static-binary", uri="test://static-binary", mime_type="image/png"),
        ]
    )


async def list_templates(_ctx: Context, _params: types.PaginatedRequestParams) -> types.ListResourceTemplatesResult:
    template = types.ResourceTemplate(name="template", uri_template="test://template/{id}/data")
    return types.ListResourceTemplatesResult(resource_templates=[template])


async def read_resource(_ctx: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    uri = params.uri
    templated = TEMPLATE.match(uri)
    contents: types.TextResourceContents | types.BlobResourceContents
    if uri == "test://static-text":
        contents = types.TextResourceContents(uri=uri, mime_type="text/plain", text="This is a static text resource.")
    elif uri == "test://static-binary":
        contents = types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PNG)
    elif templated:
        data = json.dumps({"id": templated[1], "templateTest": True})
        contents = types.TextResourceContents(uri=uri, mime_type="application/json", text=data)
    else:
        raise MCPError(types.INVALID_PARAMS, "there is no such resource", {"uri": uri})
    return types.ReadResourceResult(contents=[contents])


async def complete(_ctx: Context, _params: types.CompleteRequestParams) -> types.CompleteResult:
    return types.CompleteResult(completion=types.Completion(values=[]))


async def nothing(_ctx: Context, _params: types.RequestParams) -> types.EmptyResult:
    return types.EmptyResult()


def add_contents(server: Server[Any]) -> None:
    """Register prompts, resources, completion and the level of logging."""
    server.add_request_handler("prompts/list", types.PaginatedRequestParams, list_prompts)
    server.add_request_handler("prompts/get", types.GetPromptRequestParams, get_prompt)
    server.add_request_handler("resources/list", types.PaginatedRequestParams, list_resources)
    server.add_request_handler("resources/templates/list", types.PaginatedRequestParams, list_templates)
    server.add_request_handler("resources/read", types.ReadResourceRequestParams, read_resource)
    server.add_request_handler("resources/subscribe", types.SubscribeRequestParams, nothing)
    server.add_request_handler("resources/unsubscribe", types.UnsubscribeRequestParams, nothing)
    server.add_request_handler("completion/complete", types.CompleteRequestParams, complete)
    server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, nothing)
    for method in ("prompts/list", "resources/list", "resources/templates/list", "resources/read"):
        server.cache_hints[method] = CacheHint(60_000)
