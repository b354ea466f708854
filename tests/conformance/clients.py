"""Coding agents run to the end of one question, against a model that is written down."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.programs import run
from conformance.scripted import Model, ToolCall
from conformance.test_clients import ALONE

QUESTION = "Go."


@dataclass(frozen=True)
class Client:
    """How a coding agent is asked, and how its model changes files."""

    name: str
    arguments: Callable[[str], tuple[str, ...]]
    """What it is started with, for the address of a model."""
    environment: Callable[[str], dict[str, str]]
    settings: tuple[str, dict[str, Any]] | None
    """A file below the home folder without which it does not start."""
    calls: Callable[[Path, str, str], tuple[ToolCall, ...]]
    """The calls that change `one` to `two` in a file of a folder, in each way it has, and then write another file."""


class Running:
    """A coding agent with a home folder of its own, in a folder that it works in."""

    def __init__(self, client: Client, home: Path, top: Path) -> None:
        self.client = client
        self.home = home
        self.top = top
        self.options: tuple[str, ...] = ()
        home.mkdir()
        if client.settings:
            self.configure(*client.settings)

    def configure(self, name: str, content: dict[str, Any]) -> None:
        """Add to a file of settings below the home folder."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        there = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(there | content))

    async def ask(self, model: Model) -> str:
        """Ask one question; answers what it printed."""
        environment = self.client.environment(model.url) | ALONE | {"HOME": str(self.home)}
        arguments = (*self.client.arguments(model.url), *self.options, QUESTION)
        done = await run(self.client.name, *arguments, cwd=self.top, **environment)
        assert done.returncode == 0, done.stdout
        return done.stdout


def _claude_calls(top: Path, changed: str, added: str) -> tuple[ToolCall, ...]:
    path = str(top / changed)
    return (
        ToolCall("Read", {"file_path": path}),  # it changes no file that it has not read
        ToolCall("Edit", {"file_path": path, "old_string": "one", "new_string": "two"}, changed),
        ToolCall("Write", {"file_path": str(top / added), "content": "x\n"}, added),
    )


def _gemini_calls(top: Path, changed: str, added: str) -> tuple[ToolCall, ...]:
    edit = {"file_path": str(top / changed), "old_string": "one", "new_string": "two", "instruction": "Say two."}
    return (
        ToolCall("replace", edit, changed),
        ToolCall("write_file", {"file_path": changed, "content": "two\n"}, changed),
        ToolCall("write_file", {"file_path": added, "content": "x\n"}, added),
    )


def _codex_calls(_top: Path, changed: str, added: str) -> tuple[ToolCall, ...]:
    folder, _, name = changed.rpartition("/")
    return (
        ToolCall("apply_patch", _patch(f"*** Update File: {changed}", "@@", "-one", "+two"), changed),
        ToolCall("exec_command", _in_shell("", f"*** Update File: {changed}", "@@", "-one", "+two"), changed),
        ToolCall(
            "exec_command", _in_shell(f"cd {folder} && ", f"*** Update File: {name}", "@@", "-one", "+two"), changed
        ),
        ToolCall("apply_patch", _patch(f"*** Add File: {added}", "+x"), added),
    )


def _patch(*lines: str) -> str:
    return "\n".join(["*** Begin Patch", *lines, "*** End Patch", ""])


def _in_shell(before: str, *lines: str) -> dict[str, Any]:
    return {"cmd": f"{before}apply_patch <<'EOF'\n{_patch(*lines)}EOF\n"}


def _codex_arguments(url: str) -> tuple[str, ...]:
    provider = {"name": "here", "base_url": f"{url}/v1", "wire_api": "responses"}
    named = ", ".join(f"{key} = {json.dumps(value)}" for key, value in provider.items())
    settings = ("-c", f"model_providers.here={{{named}}}", "-c", 'model_provider="here"', "-m", "gpt-5.5")
    return ("exec", *settings, "--dangerously-bypass-approvals-and-sandbox", "--dangerously-bypass-hook-trust")


CLIENTS = {
    client.name: client
    for client in (
        Client(
            "claude",
            lambda _url: ("-p", "--permission-mode", "acceptEdits"),
            lambda url: {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "none"},
            None,
            _claude_calls,
        ),
        Client(
            "gemini",
            lambda _url: ("--approval-mode", "auto_edit", "-p"),
            lambda url: {
                "GOOGLE_GEMINI_BASE_URL": url,
                "GEMINI_API_KEY": "none",
                "GEMINI_CLI_TRUST_WORKSPACE": "true",  # else it does not start in a folder that it does not know
            },
            (".gemini/settings.json", {"security": {"auth": {"selectedType": "gemini-api-key"}}}),
            _gemini_calls,
        ),
        Client("codex", _codex_arguments, lambda _url: {}, None, _codex_calls),
    )
}
