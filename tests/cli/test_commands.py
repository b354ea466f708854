"""The commands around the server: owners, tokens, migrations, help, completion, and how light they load."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from cli.conftest import Run
from proofs.starting import up
from signalbox.cli import COMMANDS
from signalbox.cli import signalbox as program
from signalbox.cli.token import command as token_command

SECRET = re.compile(r"sbx_[0-9A-Za-z]{36}")


def paths_of_commands() -> list[list[str]]:
    tokens = [["token", name] for name in token_command.commands]
    return [[], *([name] for name in COMMANDS), *tokens]


@pytest.mark.parametrize("path", paths_of_commands(), ids=" ".join)
def test_every_command_has_help_with_each_option_explained(path: list[str]) -> None:
    result = CliRunner().invoke(program, [*path, "--help"])

    assert result.exit_code == 0, result.output
    assert result.output.startswith("Usage: ")
    command: click.Command = program
    for name in path:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    unexplained = [option.name for option in command.params if isinstance(option, click.Option) and not option.help]
    assert unexplained == []


def test_without_arguments_it_shows_help(signalbox: Run) -> None:
    done = signalbox()

    assert done.returncode == 0
    assert all(name in done.stdout for name in COMMANDS)
    assert done.stdout == signalbox("--help").stdout


@pytest.mark.parametrize("arguments", [("ride",), ("up", "--steam"), ("token", "melt"), ("serve", "--port", "x")])
def test_what_is_not_known_is_refused_with_exit_code_2(signalbox: Run, arguments: tuple[str, ...]) -> None:
    done = signalbox(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: ")


def test_an_unknown_setting_is_an_error_that_names_it(signalbox: Run, data: Path) -> None:
    for arguments in (("up", "--data-dir", str(data)), ("call", "whoami"), ("migrate",)):
        done = signalbox(*arguments, SIGNALBOX_PROT="1")

        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "signalbox: unknown setting SIGNALBOX_PROT: SELFHOSTING.md lists those there are\n"
    assert not data.exists()


def test_a_setting_that_does_not_fit_is_an_error_that_names_it(signalbox: Run) -> None:
    done = signalbox("serve", SIGNALBOX_WORKERS="many")

    assert done.returncode == 1
    assert done.stderr.startswith("signalbox: SIGNALBOX_WORKERS: ")


def test_owners_and_tokens_are_made_once_and_shown_once(signalbox: Run, database_url: str) -> None:
    place = {"DATABASE_URL": database_url}
    email = f"ada{os.getpid()}@example.org"
    first = json.loads(signalbox("bootstrap-owner", email, "--json", **place).stdout)
    again = json.loads(signalbox("bootstrap-owner", email.upper(), "--json", **place).stdout)
    assert first.pop("sign_in_url") != again.pop("sign_in_url")
    assert again == first
    assert first.keys() == {"owner_id", "handle", "email"}

    seed = ("seed-token", email, "yard", "claude-1", "--json")
    one = json.loads(signalbox(*seed, "--scope", "read", **place).stdout)
    two = json.loads(signalbox(*seed, "--lead", "--lane", "points", "--tools", "core, work", **place).stdout)
    assert one["actor"] == two["actor"] == f"{first['handle']}/claude-1"
    assert (one["is_admin"], two["is_admin"], two["lane"]) == (False, True, "points")
    assert one["token"] != two["token"]
    plain = signalbox("seed-token", email, "yard", "codex-1", **place).stdout.splitlines()
    assert plain[0] == f"{first['handle']}/codex-1 in yard, member"
    assert SECRET.fullmatch(plain[1])

    listed = json.loads(signalbox("token", "list", "--project", "yard", "--json", **place).stdout)
    mine = [token for token in listed if token["owner_email"] == email]
    assert [(token["actor"].split("/")[1], token["scopes"]) for token in mine] == [
        ("claude-1", ["read"]),
        ("claude-1", ["manage", "read", "write"]),
        ("codex-1", ["manage", "read", "write"]),
    ]
    assert [token.get("tool_groups") for token in mine] == [None, ["core", "work"], None]
    assert "sbx_" not in json.dumps(listed)
    odd = signalbox(*seed, "--tools", "core,everything", **place)
    assert (odd.returncode, odd.stdout) == (2, "")
    assert "no group of tools 'everything'" in odd.stderr


@pytest.mark.parametrize("label", ["No Label", ".hidden", ""])
def test_a_label_that_cannot_be_is_refused_with_exit_code_2(signalbox: Run, database_url: str, label: str) -> None:
    done = signalbox("seed-token", "ada@example.org", "yard", label, DATABASE_URL=database_url)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"{label!r} cannot be a label" in done.stderr


def test_tokens_are_listed_rotated_and_revoked_beside_a_server_and_without_one(
    signalbox: Run, home: tuple[Path, str]
) -> None:
    data, lead = home
    place = {"SIGNALBOX_DATA_DIR": str(data)}

    def token(*arguments: str) -> Any:
        done = signalbox("token", *arguments, "--json", **place)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def whoami(secret: str) -> int:
        done = signalbox("call", "whoami", SIGNALBOX_URL=server.url, SIGNALBOX_TOKEN=secret)
        return done.returncode

    with up(data) as (server, _):
        made = json.loads(signalbox("seed-token", "guard@example.org", "main", "guard", "--json", **place).stdout)
        (row,) = [found for found in token("list") if found["actor"].endswith("/guard")]
        assert whoami(made["token"]) == 0
        rotated = token("rotate", str(row["token_id"]))
        assert (whoami(made["token"]), whoami(rotated["token"])) == (1, 0)
        assert token("revoke", str(rotated["token_id"]))["revoked"] == 1
        assert whoami(rotated["token"]) == 1
        assert whoami(lead) == 0

    assert token("revoke", str(rotated["token_id"]))["revoked"] == 0
    table = signalbox("token", "list", **place)
    assert "revoked" in table.stdout
    assert "sbx_" not in table.stdout
    missing = signalbox("token", "revoke", "999999", **place)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr.splitlines()[-1].startswith("signalbox: not_found: no token 999999")
