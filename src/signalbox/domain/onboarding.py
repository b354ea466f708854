"""What a new participant is handed: how to connect each client, and how to work with the others."""

from __future__ import annotations

import json
import shlex
from functools import cache
from typing import Any, Final

import jinja2
from pydantic import BaseModel, ConfigDict

from signalbox import paths, wheel

SERVER_NAME: Final = "signalbox"
TOKEN_VARIABLE: Final = "SIGNALBOX_TOKEN"  # noqa: S105 - the name of the variable, not what is in it
UVX: Final = "uvx --from"
PIPX: Final = "pipx run --spec"
NEXT: Final = (
    f"Run connect_command ({PIPX!r} in place of {UVX!r} without uv), restart your session, call whoami, "
    "see that guide is in CLAUDE.md or AGENTS.md."
)


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


def connect_command(base_url: str, runner: str = UVX) -> str:
    """Answer the command that connects every client of a machine on which there is no Signalbox.

    What it runs is this server's own version. It asks for the token, so that no shell keeps it.
    """
    program = shlex.quote(f"{base_url}/kit/{wheel.file_name()}")
    return f"{runner} {program} {_connect(base_url)}"


def _connect(base_url: str) -> str:
    return f"signalbox connect --url {shlex.quote(base_url)}"


def connect_commands(base_url: str, token: str) -> dict[str, str]:
    """Answer one ready command per client, by the client's name; they want nothing but the client."""
    url = shlex.quote(mcp_url(base_url))
    header = shlex.quote(f"Authorization: Bearer {token}")
    return {
        "claude": f"claude mcp add --transport http {SERVER_NAME} {url} --header {header}",
        "codex": (
            f"export {TOKEN_VARIABLE}={token}; "
            f"codex mcp add {SERVER_NAME} --url {url} --bearer-token-env-var {TOKEN_VARIABLE}"
        ),
        "gemini": f"gemini mcp add -t http -s user -H {header} {SERVER_NAME} {url}",
    }


def mcp_json(url: str) -> dict[str, Any]:
    """Answer the project file that names the server; the token stays in the environment."""
    return {"mcpServers": {SERVER_NAME: {"type": "http", "url": url, "headers": _header(f"${{{TOKEN_VARIABLE}}}")}}}


def _header(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _written(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"


def client_files(url: str, token: str) -> dict[str, dict[str, str]]:
    """Answer the files that each client needs, by path; one that may be committed takes the token from elsewhere.

    The one that holds the secret is Claude Code's own local file, which it keeps out of git.
    """
    opencode = {"type": "remote", "url": url, "headers": _header(f"{{env:{TOKEN_VARIABLE}}}")}
    cursor = {"url": url, "headers": _header(f"${{env:{TOKEN_VARIABLE}}}")}
    question = {
        "type": "promptString",
        "id": "signalbox-token",
        "description": "Signalbox token (sbx_…)",
        "password": True,
    }
    vscode = {"type": "http", "url": url, "headers": _header("${input:signalbox-token}")}
    return {
        "claude": {
            ".mcp.json": _written(mcp_json(url)),
            ".claude/settings.local.json": _written({"env": {TOKEN_VARIABLE: token}}),
        },
        "codex": {
            "~/.codex/config.toml": (
                f'[mcp_servers.{SERVER_NAME}]\nurl = "{url}"\nbearer_token_env_var = "{TOKEN_VARIABLE}"\n'
            )
        },
        "gemini": {".gemini/settings.json": _written(mcp_json(url))},
        "opencode": {
            "opencode.json": _written({"$schema": "https://opencode.ai/config.json", "mcp": {SERVER_NAME: opencode}})
        },
        "cursor": {".cursor/mcp.json": _written({"mcpServers": {SERVER_NAME: cursor}})},
        "vscode": {".vscode/mcp.json": _written({"inputs": [question], "servers": {SERVER_NAME: vscode}})},
    }


class HandOut(BaseModel):
    """All that whoever gets a token needs, ready to use; it holds the secret, and is shown once."""

    model_config = ConfigDict(frozen=True)

    token: str
    mcp_url: str
    env: dict[str, str]
    connect_command: str
    """For uv; it asks for the token: for people."""
    other_commands: dict[str, str]
    """The same without uv, by the program that is there."""
    connect_commands: dict[str, str]
    files: dict[str, dict[str, str]]
    guide: str
    next: str = NEXT

    @property
    def agent_command(self) -> str:
        """The command for whom nobody can ask: an agent, whose shell keeps no history."""
        return f"{TOKEN_VARIABLE}={self.token} {self.connect_command}"

    @property
    def setup(self) -> dict[str, Any]:
        """What `admin_provision` and `admin_rotate` hand out beside the token."""
        return {
            "note": "The token is shown once. Run connect_command, or write mcp_json and set env; keep it out of git.",
            "mcp_url": self.mcp_url,
            "env": self.env,
            "mcp_json": mcp_json(self.mcp_url),
            "connect_command": self.agent_command,
        }


def hand_out(base_url: str, token: str, *, is_lead: bool) -> HandOut:
    """Answer how to connect each client, what it needs in files, and how to work with the others."""
    url = mcp_url(base_url)
    return HandOut(
        token=token,
        mcp_url=url,
        env={TOKEN_VARIABLE: token},
        connect_command=connect_command(base_url),
        other_commands={"pipx": connect_command(base_url, PIPX), "signalbox": _connect(base_url)},
        connect_commands=connect_commands(base_url, token),
        files=client_files(url, token),
        guide=guide(is_lead=is_lead),
    )


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
            uvx=UVX,
            pipx=PIPX,
        )
    )
