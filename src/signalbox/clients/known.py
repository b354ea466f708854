"""The coding agents that can be connected: where each keeps its servers, hooks and instructions.

Two scopes: `user` writes below the home folder and works in every folder; `project` writes into the repository, where a
file that may be committed takes the token from the environment.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from signalbox.clients.edits import Edit
from signalbox.clients.texts import HASH, NotUnderstoodError, at_json, drop_json, set_json

NAME = "signalbox"
TOKEN_VARIABLE = "SIGNALBOX_TOKEN"  # noqa: S105 - the name of the variable, not what is in it


@dataclass(frozen=True)
class Target:
    """What to connect, and where."""

    home: Path
    top: Path | None
    """The repository, if there is one."""
    url: str
    """The server, without a path."""
    token: str
    scope: str
    hooks: Path
    """The folder with the kit's hooks."""
    takes_place: bool = False
    """Whether it takes the place of another server of its name."""

    @property
    def mcp_url(self) -> str:
        """Name the MCP endpoint."""
        return f"{self.url}/mcp"

    @property
    def is_user(self) -> bool:
        """Whether the home folder is written to."""
        return self.scope == "user"

    def place(self, user: str, project: str) -> Path:
        """Choose a file by scope."""
        if self.is_user:
            return self.home / user
        assert self.top is not None, "the scope was checked"
        return self.top / project


@dataclass(frozen=True)
class Client:
    """One coding agent."""

    name: str
    title: str
    program: str
    folders: tuple[str, ...]
    """Where it keeps things below the home folder: one of them says that it is installed."""
    edits: Callable[[Target], list[Edit]]
    instructions: str
    """The file of a repository that it reads."""

    def is_installed(self, home: Path) -> bool:
        """Whether it is there."""
        return shutil.which(self.program) is not None or any((home / folder).is_dir() for folder in self.folders)


def server_edit(target: Target, path: Path, keys: tuple[str, ...], entry: dict[str, Any], *, secret: bool) -> Edit:
    """Name the server in a JSON file; another server of this name is not written over."""

    def put(text: str) -> str:
        there = at_json(text, keys)
        if there is not None and there != entry and not target.takes_place and not _points_here(there, target):
            raise NotUnderstoodError(f"it has another server named {NAME!r}: --replace takes its place")
        return set_json(text, keys, entry)

    return Edit(path, put, lambda text: drop_json(text, keys), secret=secret, what="the server")


def _points_here(entry: Any, target: Target) -> bool:
    return isinstance(entry, dict) and str(entry.get("url", entry.get("httpUrl", ""))).startswith(target.url)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _claude(target: Target) -> list[Edit]:
    if target.is_user:
        entry = {"type": "http", "url": target.mcp_url, "headers": _bearer(target.token)}
        return [server_edit(target, target.home / ".claude.json", ("mcpServers", NAME), entry, secret=True)]
    assert target.top is not None, "the scope was checked"
    entry = {"type": "http", "url": target.mcp_url, "headers": _bearer(f"${{{TOKEN_VARIABLE}}}")}
    local = target.top / ".claude" / "settings.local.json"
    path = ("env", TOKEN_VARIABLE)
    token = Edit(
        local, lambda text: set_json(text, path, target.token), lambda text: drop_json(text, path), secret=True
    )
    return [server_edit(target, target.top / ".mcp.json", ("mcpServers", NAME), entry, secret=False), token]


CODEX_TABLE = re.compile(r"^\s*\[\s*mcp_servers\s*\.\s*[\"']?signalbox[\"']?\s*[.\]]", re.MULTILINE)


def _codex(target: Target) -> list[Edit]:
    lines = [f"[mcp_servers.{NAME}]", f'url = "{target.mcp_url}"']
    if target.is_user:
        lines.append(f'http_headers = {{ Authorization = "Bearer {target.token}" }}')
    else:
        lines.append(f'bearer_token_env_var = "{TOKEN_VARIABLE}"')

    def put(text: str) -> str:
        read_toml(text)
        if CODEX_TABLE.search(HASH.drop(text)):
            raise NotUnderstoodError(
                f"it has another server named {NAME!r}: take it out first (codex mcp remove {NAME})"
            )
        written = HASH.put(text, "\n".join(lines))
        read_toml(written)
        return written

    return [Edit(target.place(".codex/config.toml", ".codex/config.toml"), put, HASH.drop, secret=target.is_user)]


def read_toml(text: str) -> None:
    """See that a text is TOML, where Python can tell (3.11 and later).

    Raises:
        NotUnderstoodError: it is not.
    """
    try:
        import tomllib  # noqa: PLC0415 - Python 3.9 and 3.10 have none
    except ImportError:
        return
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NotUnderstoodError(f"it is not TOML that can be read ({error})") from error


def _gemini(target: Target) -> list[Edit]:
    token = target.token if target.is_user else f"${TOKEN_VARIABLE}"
    entry = {"url": target.mcp_url, "type": "http", "headers": _bearer(token)}
    path = target.place(".gemini/settings.json", ".gemini/settings.json")
    return [server_edit(target, path, ("mcpServers", NAME), entry, secret=target.is_user)]


def _opencode(target: Target) -> list[Edit]:
    token = target.token if target.is_user else f"{{env:{TOKEN_VARIABLE}}}"
    entry = {"type": "remote", "url": target.mcp_url, "enabled": True, "headers": _bearer(token)}
    path = target.place(".config/opencode/opencode.json", "opencode.json")
    edit = server_edit(target, path, ("mcp", NAME), entry, secret=target.is_user)

    def put(text: str) -> str:
        if path.with_suffix(".jsonc").exists():
            raise NotUnderstoodError("opencode.jsonc is beside it, and its comments are not understood: add it by hand")
        return edit.put(text)

    return [replace(edit, put=put)]


def _cursor(target: Target) -> list[Edit]:
    token = target.token if target.is_user else f"${{env:{TOKEN_VARIABLE}}}"
    entry = {"url": target.mcp_url, "headers": _bearer(token)}
    path = target.place(".cursor/mcp.json", ".cursor/mcp.json")
    return [server_edit(target, path, ("mcpServers", NAME), entry, secret=target.is_user)]


def _vscode(target: Target) -> list[Edit]:
    token = target.token if target.is_user else f"${{env:{TOKEN_VARIABLE}}}"
    entry = {"type": "http", "url": target.mcp_url, "headers": _bearer(token)}
    path = target.place(".config/Code/User/mcp.json", ".vscode/mcp.json")
    return [server_edit(target, path, ("servers", NAME), entry, secret=target.is_user)]


CLIENTS = {
    client.name: client
    for client in (
        Client("claude", "Claude Code", "claude", (".claude",), _claude, "CLAUDE.md"),
        Client("codex", "Codex", "codex", (".codex",), _codex, "AGENTS.md"),
        Client("gemini", "Gemini CLI", "gemini", (".gemini",), _gemini, "GEMINI.md"),
        Client(
            "opencode",
            "OpenCode",
            "opencode",
            (".config/opencode", ".opencode"),
            _opencode,
            "AGENTS.md",
        ),
        Client("cursor", "Cursor", "cursor-agent", (".cursor",), _cursor, "AGENTS.md"),
        Client("vscode", "VS Code", "code", (".config/Code",), _vscode, "AGENTS.md"),
    )
}
