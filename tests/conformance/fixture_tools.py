"""The tools that the conformance suite calls by name."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

Context = ServerRequestContext[Any, Any]
Answer = types.CallToolResult | types.InputRequiredResult
Call = Callable[[Context, types.CallToolRequestParams], Awaitable[Answer]]

STATE_KEY = secrets.token_bytes(32)
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="
IMAGE = types.ImageContent(type="image", data=PNG, mime_type="image/png")
ANYTHING: dict[str, Any] = {"type": "object"}
MIRRORED: dict[str, Any] = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}
ADDRESS = {"$anchor": "addressDef", "type": "object", "properties": {"city": {"type": "string"}}}
KEYWORDS: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {"address": ADDRESS},
    "properties": {"address": {"$ref": "#/$defs/address"}, "phone": {"type": "string"}, "email": {"type": "string"}},
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"required": ["phone"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def said(*texts: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text) for text in texts])


def embedded(uri: str, text: str, mime_type: str = "text/plain") -> types.EmbeddedResource:
    return types.EmbeddedResource(
        type="resource", resource=types.TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    )


def always(*content: types.ContentBlock, is_error: bool = False) -> Call:
    """Make a tool that has one answer."""
    result = types.CallToolResult(content=list(content), is_error=is_error)

    async def call(_ctx: Context, _params: types.CallToolRequestParams) -> Answer:
        return result

    return call


def text(words: str) -> types.TextContent:
    return types.TextContent(type="text", text=words)


async def progress(ctx: Context, _params: types.CallToolRequestParams) -> Answer:
    for done in (0, 50, 100):
        await ctx.session.report_progress(done, 100)
    return said("done")


async def logging(ctx: Context, _params: types.CallToolRequestParams) -> Answer:
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.session.send_log_message("info", words, related_request_id=ctx.request_id)
    return said("logged")


async def needs_sampling(ctx: Context, _params: types.CallToolRequestParams) -> Answer:
    needed = types.ClientCapabilities(sampling=types.SamplingCapability())
    if not ctx.session.check_client_capability(needed):
        data = types.MissingRequiredClientCapabilityErrorData(required_capabilities=needed)
        raise MCPError(
            types.MISSING_REQUIRED_CLIENT_CAPABILITY,
            "this tool needs sampling",
            data.model_dump(by_alias=True, mode="json", exclude_none=True),
        )
    return said("you can sample")


def form(message: str, field: str, kind: str = "string") -> types.ElicitRequest:
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=schema))


def sampling(question: str) -> types.CreateMessageRequest:
    message = types.SamplingMessage(role="user", content=text(question))
    return types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=[message], max_tokens=100))


def asking(*, signed: bool = False, **requests: types.InputRequest) -> Call:
    """Make a tool that asks for input until it has all of it; `signed` ones hand out a state and want it back."""

    async def call(_ctx: Context, params: types.CallToolRequestParams) -> Answer:
        if params.input_responses is None or not requests.keys() <= params.input_responses.keys():
            state = sign("asked") if signed else None
            return types.InputRequiredResult(input_requests=requests, request_state=state)
        if signed:
            opened(params.request_state)
        return said("state-ok" if signed else "complete", *(str(given) for given in params.input_responses.values()))

    return call


async def two_rounds(_ctx: Context, params: types.CallToolRequestParams) -> Answer:
    if not params.input_responses:
        return types.InputRequiredResult(
            input_requests={"step1": form("Step 1: What is your name?", "name")}, request_state=sign("one")
        )
    if opened(params.request_state) == "one":
        return types.InputRequiredResult(
            input_requests={"step2": form("Step 2: What is your favorite color?", "color")}, request_state=sign("two")
        )
    return said("both rounds are done")


async def by_capability(ctx: Context, _params: types.CallToolRequestParams) -> Answer:
    able: dict[str, types.InputRequest] = {}
    if ctx.session.check_client_capability(types.ClientCapabilities(sampling=types.SamplingCapability())):
        able["capital"] = sampling("What is the capital of France?")
    if ctx.session.check_client_capability(types.ClientCapabilities(elicitation=types.ElicitationCapability())):
        able["name"] = form("What is your name?", "name")
    return types.InputRequiredResult(input_requests=able)


def sign(state: str) -> str:
    return f"{state}.{hmac.new(STATE_KEY, state.encode(), hashlib.sha256).hexdigest()}"


def opened(signed: str | None) -> str:
    """Answer the state that was signed; anything else is an error of the protocol."""
    state = (signed or "").partition(".")[0]
    if not hmac.compare_digest(sign(state).encode(), (signed or "").encode()):
        raise MCPError(types.INVALID_PARAMS, "requestState is not as it was given")
    return state


NAME = form("What is your name?", "name")
ROOTS = types.ListRootsRequest()
MRTR = "test_input_required_result_"

CALLS: dict[str, Call] = {
    "test_simple_text": always(text("This is a simple text response for testing.")),
    "test_image_content": always(IMAGE),
    "test_audio_content": always(types.AudioContent(type="audio", data=WAV, mime_type="audio/wav")),
    "test_embedded_resource": always(embedded("test://embedded-resource", "This is an embedded resource content.")),
    "test_multiple_content_types": always(
        text("Multiple content types test:"), IMAGE, embedded("test://mixed", '{"test":"data"}', "application/json")
    ),
    "test_error_handling": always(text("This tool intentionally returns an error for testing"), is_error=True),
    "test_tool_with_progress": progress,
    "test_tool_with_logging": logging,
    "test_logging_tool": logging,
    "test_missing_capability": needs_sampling,
    "test_streaming_elicitation": asking(user_name=NAME),
    "test_trigger_tool_change": always(text("the tools changed")),
    "test_trigger_prompt_change": always(text("the prompts did not change")),
    "json_schema_2020_12_tool": always(text("its schema is what counts")),
    "test_header_mirror": always(text("the header was right")),
    f"{MRTR}elicitation": asking(user_name=NAME),
    f"{MRTR}sampling": asking(capital_question=sampling("What is the capital of France?")),
    f"{MRTR}list_roots": asking(client_roots=ROOTS),
    f"{MRTR}request_state": asking(signed=True, confirm=form("Please confirm", "ok", "boolean")),
    f"{MRTR}tampered_state": asking(signed=True, confirm=form("Please confirm", "ok", "boolean")),
    f"{MRTR}multiple_inputs": asking(
        signed=True, user_name=NAME, greeting=sampling("Generate a greeting"), client_roots=ROOTS
    ),
    f"{MRTR}multi_round": two_rounds,
    f"{MRTR}capabilities": by_capability,
}
SCHEMAS = {"json_schema_2020_12_tool": KEYWORDS, "test_header_mirror": MIRRORED}
NOTIFYING = {"test_tool_with_progress", "test_tool_with_logging", "test_logging_tool", "test_streaming_elicitation"}

TOOLS = [
    types.Tool(name=name, description=f"{name}, a fixture.", input_schema=SCHEMAS.get(name, ANYTHING)) for name in CALLS
]
