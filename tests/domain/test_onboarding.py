"""What a new participant is handed: ready for each client, and the secret in no file that may be committed."""

from __future__ import annotations

import json
import shlex
import tomllib

import pytest

from signalbox import wheel
from signalbox.domain.onboarding import HandOut, hand_out
from signalbox.identity import mint_token

BASE_URL = "https://signalbox.example.org"
URL = f"{BASE_URL}/mcp"
TOKEN, _ = mint_token()
CLIENTS = ["claude", "codex", "gemini", "opencode", "cursor", "vscode"]


@pytest.fixture
def card() -> HandOut:
    return hand_out(BASE_URL, TOKEN, is_lead=False)


def test_there_are_files_for_every_client(card: HandOut) -> None:
    assert list(card.files) == CLIENTS
    assert {name for files in card.files.values() for name in files} == {
        ".mcp.json",
        ".claude/settings.local.json",
        "~/.codex/config.toml",
        ".gemini/settings.json",
        "opencode.json",
        ".cursor/mcp.json",
        ".vscode/mcp.json",
    }


@pytest.mark.parametrize(
    ("client", "path", "way", "authorization"),
    [
        ("claude", ".mcp.json", ("mcpServers", "signalbox"), "Bearer ${SIGNALBOX_TOKEN}"),
        ("gemini", ".gemini/settings.json", ("mcpServers", "signalbox"), "Bearer ${SIGNALBOX_TOKEN}"),
        ("opencode", "opencode.json", ("mcp", "signalbox"), "Bearer {env:SIGNALBOX_TOKEN}"),
        ("cursor", ".cursor/mcp.json", ("mcpServers", "signalbox"), "Bearer ${env:SIGNALBOX_TOKEN}"),
        ("vscode", ".vscode/mcp.json", ("servers", "signalbox"), "Bearer ${input:signalbox-token}"),
    ],
)
def test_each_file_names_the_server_and_where_the_token_comes_from(
    card: HandOut, client: str, path: str, way: tuple[str, str], authorization: str
) -> None:
    server = json.loads(card.files[client][path])[way[0]][way[1]]

    assert server["url"] == URL
    assert server["headers"] == {"Authorization": authorization}


def test_codex_takes_the_token_from_the_environment(card: HandOut) -> None:
    server = tomllib.loads(card.files["codex"]["~/.codex/config.toml"])["mcp_servers"]["signalbox"]

    assert server == {"url": URL, "bearer_token_env_var": "SIGNALBOX_TOKEN"}


def test_vs_code_asks_for_the_token_that_its_header_names(card: HandOut) -> None:
    (question,) = json.loads(card.files["vscode"][".vscode/mcp.json"])["inputs"]

    assert (question["type"], question["id"], question["password"]) == ("promptString", "signalbox-token", True)


def test_the_secret_is_in_the_file_that_is_not_committed_and_in_no_other(card: HandOut) -> None:
    holding = [name for files in card.files.values() for name, text in files.items() if TOKEN in text]

    assert holding == [".claude/settings.local.json"]
    assert json.loads(card.files["claude"][holding[0]]) == {"env": card.env} == {"env": {"SIGNALBOX_TOKEN": TOKEN}}
    assert TOKEN not in card.guide + card.next


def test_commands_are_ready_to_run(card: HandOut) -> None:
    assert set(card.connect_commands) == {"claude", "codex", "gemini"}
    assert all(URL in command and TOKEN in command for command in card.connect_commands.values())


def test_one_command_connects_all_clients_without_a_checkout_and_keeps_the_token_out_of_the_shell(
    card: HandOut,
) -> None:
    program, connect = f"{BASE_URL}/kit/{wheel.file_name()}", ["signalbox", "connect", "--url", BASE_URL]

    assert shlex.split(card.connect_command) == ["uvx", "--from", program, *connect]
    assert {name: shlex.split(command) for name, command in card.other_commands.items()} == {
        "pipx": ["pipx", "run", "--spec", program, *connect],
        "signalbox": connect,
    }
    assert TOKEN not in f"{card.connect_command} {card.other_commands}"
    assert card.agent_command == f"SIGNALBOX_TOKEN={TOKEN} {card.connect_command}"


def test_an_address_that_a_shell_would_read_is_quoted() -> None:
    card = hand_out("http://[::1]:8787", TOKEN, is_lead=False)

    for command in (card.connect_command, *card.other_commands.values()):
        assert command.endswith(" --url 'http://[::1]:8787'")
    assert all("'http://[::1]:8787/mcp'" in command for command in card.connect_commands.values())


def test_a_lead_is_told_what_leads_do(card: HandOut) -> None:
    assert "You are a lead" in hand_out(BASE_URL, TOKEN, is_lead=True).guide
    assert "You are a lead" not in card.guide


def test_what_provisioning_answers_is_of_the_same_card(card: HandOut) -> None:
    assert card.setup["mcp_json"] == json.loads(card.files["claude"][".mcp.json"])
    assert card.setup["env"] == card.env
    assert card.setup["connect_command"] == card.agent_command
    assert json.dumps(card.setup).count(TOKEN) == 2, "in env and in the command: who reads it pays for it"
