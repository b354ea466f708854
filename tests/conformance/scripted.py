"""A model that says what a test has written for it, on loopback, as three vendors speak: no model is asked anything.

It calls one tool after another, one a turn, and then says that it is done. What a client sends it, it keeps: what the
client's hooks have told the agent is in there.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DONE = "All is done."
Event = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class ToolCall:
    """A tool that the model calls, by the client's own name of it."""

    name: str
    arguments: dict[str, Any] | str
    """A text, where a tool takes text."""
    edits: str = ""
    """The file that it changes."""


@dataclass
class Model:
    """What the model will say, and what it was told."""

    calls: tuple[ToolCall, ...]
    meanwhile: Callable[[], None]
    """What happens while it works: before it says for the first time that it is done."""
    url: str = ""
    answering: list[dict[str, Any]] = field(default_factory=list)
    """What it was asked by the agent, in the order it came: the bodies of the requests that offer tools."""

    def next_call(self, body: dict[str, Any], said: int) -> ToolCall | None:
        """Choose the call that follows on so many; none for a question that brings no tools, such as for a title."""
        offered = json.dumps(body.get("tools", []))
        if said < len(self.calls):
            return self.calls[said] if f'"{self.calls[said].name}"' in offered else None
        self.meanwhile()
        self.meanwhile = _nothing
        return None


def _nothing() -> None:
    """Let nothing happen."""


def _anthropic(model: Model, body: dict[str, Any]) -> Iterator[Event]:
    parts = [part for message in body["messages"] for part in message["content"] if isinstance(part, dict)]
    said = sum(part.get("type") == "tool_use" for part in parts)
    call = model.next_call(body, said)
    usage = {"input_tokens": 1, "output_tokens": 1}
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": []}
    yield "message_start", {"message": head | {"stop_reason": None, "stop_sequence": None, "usage": usage}}
    if call is None:
        block: dict[str, Any] = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": DONE}
    else:
        block = {"type": "tool_use", "id": f"toolu_{said}", "name": call.name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(call.arguments)}
    yield "content_block_start", {"index": 0, "content_block": block}
    yield "content_block_delta", {"index": 0, "delta": delta}
    yield "content_block_stop", {"index": 0}
    reason = {"stop_reason": "tool_use" if call else "end_turn", "stop_sequence": None}
    yield "message_delta", {"delta": reason, "usage": usage}
    yield "message_stop", {}


def _gemini(model: Model, body: dict[str, Any]) -> Iterator[Event]:
    parts = [part for content in body["contents"] for part in content["parts"]]
    call = model.next_call(body, sum("functionCall" in part for part in parts))
    part = {"functionCall": {"name": call.name, "args": call.arguments}} if call else {"text": DONE}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    content = {"role": "model", "parts": [part]}
    yield "", {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": usage}


def _openai(model: Model, body: dict[str, Any]) -> Iterator[Event]:
    said = sum(str(item.get("type")).endswith("_call") for item in body["input"])
    call = model.next_call(body, said)
    item: dict[str, Any] = {"type": "message", "role": "assistant", "id": "m_1"}
    if call is None:
        item["content"] = [{"type": "output_text", "text": DONE, "annotations": []}]
    elif isinstance(call.arguments, str):
        item = {"type": "custom_tool_call", "call_id": f"call_{said}", "name": call.name, "input": call.arguments}
    else:
        arguments = json.dumps(call.arguments)
        item = {"type": "function_call", "call_id": f"call_{said}", "name": call.name, "arguments": arguments}
    yield "response.created", {"response": {"id": "r_1"}}
    yield "response.output_item.done", {"output_index": 0, "item": item}
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    yield "response.completed", {"response": {"id": "r_1", "usage": usage}}


SPEECHES = {"/v1/messages": _anthropic, ":streamGenerateContent": _gemini, "/responses": _openai}


@contextmanager
def speaking(*calls: ToolCall, meanwhile: Callable[[], None] = _nothing) -> Iterator[Model]:
    """Let a model speak for as long as the block lasts; its `url` is what a client takes as its vendor's."""
    model = Model(calls, meanwhile)

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            path = self.path.partition("?")[0]
            speech = next((speech for end, speech in SPEECHES.items() if path.endswith(end)), None)
            self.send_response(404 if speech is None else 200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            if speech is None:
                return
            if body.get("tools"):
                model.answering.append(body)
            for name, event in speech(model, body):
                named = f"event: {name}\n" if name else ""
                data = json.dumps(({"type": name} if name else {}) | event)
                self.wfile.write(f"{named}data: {data}\n\n".encode())

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing: pytest shows what matters."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    model.url = f"http://127.0.0.1:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever)
    thread.start()
    try:
        yield model
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
