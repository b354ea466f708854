"""What a new participant is handed: how to connect each client, and how to work with the others."""

from __future__ import annotations

import json
import shlex
from functools import cache
from typing import Any

import jinja2

from signalbox import paths

SERVER_NAME = "signalbox"


def mcp_url(base_url: str) -> str:
    """Name the MCP endpoint of a server."""
    return f"{base_url}/mcp"


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(paths.TEMPLATES / "onboarding"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown and plain text for agents, never shown as HTML
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def connect_commands(url: str, token: str) -> dict[str, str]:
    """Answer one ready command per client, by the client's name."""
    header = shlex.quote(f"Authorization: Bearer {token}")
    return {
        "claude": f"claude mcp add --transport http {SERVER_NAME} {url} --header {header}",
        "codex": (
            f"export SIGNALBOX_TOKEN={token}; "
            f"codex mcp add {SERVER_NAME} --url {url} --bearer-token-env-var SIGNALBOX_TOKEN"
        ),
        "gemini": f"gemini mcp add -t http -s user -H {header} {SERVER_NAME} {url}",
    }


def mcp_json(url: str) -> dict[str, Any]:
    """Answer the project file that names the server; the token stays in the environment."""
    headers = {"Authorization": "Bearer ${SIGNALBOX_TOKEN}"}
    return {"mcpServers": {SERVER_NAME: {"type": "http", "url": url, "headers": headers}}}


def setup(url: str, token: str) -> dict[str, Any]:
    """Answer what `admin_provision` and `admin_rotate` hand out beside the token."""
    return {
        "note": "The token is shown once. Run one of connect, or write mcp_json and set env; keep it out of git.",
        "mcp_url": url,
        "env": {"SIGNALBOX_TOKEN": token},
        "mcp_json": mcp_json(url),
        "connect": connect_commands(url, token),
    }


def files(url: str, token: str) -> dict[str, str]:
    """Answer the two files a Claude Code project needs, by path; the second one holds the secret."""
    return {
        ".mcp.json": json.dumps(mcp_json(url), indent=2) + "\n",
        ".claude/settings.local.json": json.dumps({"env": {"SIGNALBOX_TOKEN": token}}, indent=2) + "\n",
    }


def guide(*, is_lead: bool) -> str:
    """Answer the coordination guide, for a project's CLAUDE.md or AGENTS.md."""
    return _templates().get_template("guide.md").render(is_lead=is_lead)


def invite_prompt(base_url: str, project: str, code: str, name: str | None, expires_at: str) -> str:
    """Answer the text that is sent to an invited agent: it can follow it without knowing anything else."""
    return (
        _templates()
        .get_template("invite.md")
        .render(
            join_url=f"{base_url}/join",
            mcp_url=mcp_url(base_url),
            project=project,
            code=code,
            name=name,
            expires_at=expires_at,
        )
    )
