"""What the kit adds around a client: its hooks, git's hook, the config of the hooks, and the instruction block."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from signalbox.clients.edits import Edit
from signalbox.clients.known import Target
from signalbox.clients.texts import HASH, MARKDOWN, NotUnderstoodError, at_json, drop_json, set_json

CLAUDE_EDITS = "Edit|MultiEdit|Write|NotebookEdit"
CODEX_PATCHES = "apply_patch"
CODEX_SHELL = "Bash"  # its models also write apply_patch into the shell; nothing is said after such a patch
GEMINI_EDITS = "write_file|replace"
SECONDS = 5
SHELL = "#!/bin/sh"
HOOK_FILES = ("signalbox_reconcile.py", "signalbox_guard.py", "signalbox_inbox.py")


def _hook(target: Target, name: str, *arguments: str) -> str:
    return shlex.join(["python3", str(target.hooks / f"signalbox_{name}.py"), *arguments])


def _claude_hooks(target: Target, before: str, after: str) -> dict[str, list[dict[str, Any]]]:
    def entry(command: str, matcher: str | None = None) -> dict[str, Any]:
        hook = {"type": "command", "command": command, "timeout": SECONDS}
        return ({"matcher": matcher} if matcher else {}) | {"hooks": [hook]}

    inbox = _hook(target, "inbox", "claude")
    return {
        "SessionStart": [entry(inbox)],
        "UserPromptSubmit": [entry(inbox)],
        "Stop": [entry(inbox)],
        "PreToolUse": [entry(_hook(target, "guard", "claude"), before)],
        "PostToolUse": [entry(_hook(target, "reconcile", "--client", "claude"), after)],
    }


def _gemini_hooks(target: Target) -> dict[str, list[dict[str, Any]]]:
    def entry(command: str, matcher: str | None = None) -> dict[str, Any]:
        hook = {"type": "command", "command": command, "timeout": SECONDS * 1000}
        return ({"matcher": matcher} if matcher else {}) | {"hooks": [hook]}

    inbox = _hook(target, "inbox", "gemini")
    return {
        "SessionStart": [entry(inbox)],
        "BeforeAgent": [entry(inbox)],
        "AfterAgent": [entry(inbox)],
        "BeforeTool": [entry(_hook(target, "guard", "gemini"), GEMINI_EDITS)],
        "AfterTool": [entry(_hook(target, "reconcile", "--client", "gemini"), GEMINI_EDITS)],
    }


def _is_ours(entry: Any) -> bool:
    return any(name in json.dumps(entry) for name in HOOK_FILES)


def hooks_edit(path: Path, wanted: dict[str, list[dict[str, Any]]], *, secret: bool) -> Edit:
    """Add hooks to those that are there already."""

    def put(text: str) -> str:
        for event, entries in wanted.items():
            others = [entry for entry in at_json(text, ("hooks", event)) or [] if not _is_ours(entry)]
            text = set_json(text, ("hooks", event), others + entries)
        return text

    def drop(text: str) -> str:
        for event in wanted:
            there = at_json(text, ("hooks", event)) or []
            others = [entry for entry in there if not _is_ours(entry)]
            if others and others != there:
                text = set_json(text, ("hooks", event), others)
            elif there and not others:
                text = drop_json(text, ("hooks", event))
        return text

    return Edit(path, put, drop, secret=secret, what="hooks")


def hooks_of(client: str, target: Target) -> list[Edit]:
    """Answer the hooks of a client that has any."""
    if client == "claude":
        path = target.place(".claude/settings.json", ".claude/settings.local.json")
        return [hooks_edit(path, _claude_hooks(target, CLAUDE_EDITS, CLAUDE_EDITS), secret=not target.is_user)]
    if client == "codex":
        hooks = _claude_hooks(target, f"{CODEX_PATCHES}|{CODEX_SHELL}", CODEX_PATCHES)
        return [hooks_edit(target.place(".codex/hooks.json", ".codex/hooks.json"), hooks, secret=False)]
    if client == "gemini":
        path = target.place(".gemini/settings.json", ".gemini/settings.json")
        return [hooks_edit(path, _gemini_hooks(target), secret=target.is_user)]
    return []


def instructions_edit(path: Path, block: str) -> Edit:
    """Put the instruction block into a file that agents read."""
    return Edit(path, lambda text: MARKDOWN.put(text, block), MARKDOWN.drop, what="instructions")


def git_hook_edit(target: Target, path: Path) -> Edit:
    """Let git's pre-commit hook check numbered files; a hook that is there keeps its lines, ours come last."""
    call = _hook(target, "reconcile", "--staged")

    def put(text: str) -> str:
        shell = text.splitlines()[0] if text else SHELL
        if not (shell.startswith("#!") and shell.split("/")[-1].split()[-1] in {"sh", "bash", "zsh", "dash"}):
            raise NotUnderstoodError(f"it is no shell script: call {call} from it, and connect with --no-hooks")
        return HASH.put(text or f"{SHELL}\n", f"{call} || exit 1")

    def drop(text: str) -> str:
        left = HASH.drop(text)
        return "" if left.strip() == SHELL else left

    return Edit(path, put, drop, executable=True, what="the pre-commit hook")


def config_edit(path: Path, url: str) -> Edit:
    """Name the server for the hooks; a config that names one keeps it."""

    def put(text: str) -> str:
        if at_json(text, ("url",)) is None:
            text = set_json(text, ("url",), url)
        if at_json(text, ("numbered",)) is None:
            text = set_json(text, ("numbered",), {})
        return text

    return Edit(path, put, lambda text: drop_json(text, ("url",)), what="the config of the hooks")


def token_edit(path: Path, token: str) -> Edit:
    """Keep the token in git's own folder, which is never tracked: the hooks read it there."""
    return Edit(path, lambda _text: f"{token}\n", lambda _text: "", secret=True, what="the token of the hooks")
