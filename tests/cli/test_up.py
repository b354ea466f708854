"""`signalbox up`: from nothing to a served project, again without a change, and stopped without a trace."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from proofs.figures import figure
from proofs.processes import Watched, command_of, family, workers_of
from proofs.starting import first_line, start, up
from support import ServerProcess, clean_environment, free_port

STOP_SECONDS_MAX = 5
GONE_SECONDS_MAX = 10
HELPER_SECONDS_MAX = 2  # Python's own helper of several workers ends a moment after the last of them

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are told from /proc, as Linux has it")
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root runs the database as another user")

TOKEN = re.compile(r"\bsbx_[0-9A-Za-z]{36}\b")

FAKE_CLIENT = """#!/bin/sh
echo "${0##*/}"
for word in "$@"; do echo "$word"; done
echo "token=$SIGNALBOX_TOKEN"
"""


def call(url: str, token: str, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = httpx2.post(f"{url}/api/tools/{tool}", headers={"Authorization": f"Bearer {token}"}, json=arguments)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def stop(server: ServerProcess, number: signal.Signals = signal.SIGTERM) -> float:
    """Stop a server with a signal, and see that it ended well and that nothing of it is left; answers the seconds."""
    watched = Watched([server.process.pid, *family(server.process.pid)])
    started = time.monotonic()
    server.process.send_signal(number)
    assert server.process.wait(STOP_SECONDS_MAX * 2) == 0
    seconds = time.monotonic() - started
    watched.wait_until_gone(HELPER_SECONDS_MAX)
    return seconds


@pytest.fixture
def clients(tmp_path: Path) -> Path:
    """Stand-ins for the clients, which say how they were called."""
    for name in ("claude", "codex", "gemini"):
        program = tmp_path / "clients" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(FAKE_CLIENT)
        program.chmod(0o755)
    return tmp_path / "clients"


def run_in_shell(line: str, clients: Path) -> list[str]:
    environment = clean_environment(PATH=f"{clients}:{os.environ['PATH']}")
    done = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def assert_card_works(card: str, url: str, token: str, clients: Path) -> None:
    """Run every command of the card as it stands there."""
    lines = [line.strip() for line in card.splitlines()]
    (claude,) = [line.removeprefix("Claude Code").strip() for line in lines if line.startswith("Claude Code")]
    (codex,) = [line.removeprefix("Codex").strip() for line in lines if line.startswith("Codex")]
    (gemini,) = [line.removeprefix("Gemini CLI").strip() for line in lines if line.startswith("Gemini")]
    (curl,) = [line for line in lines if line.startswith("curl")]
    header = f"Authorization: Bearer {token}"
    mcp_url = f"{url}/mcp"

    said = run_in_shell(claude, clients)
    assert said[:-1] == ["claude", "mcp", "add", "--transport", "http", "signalbox", mcp_url, "--header", header]
    said = run_in_shell(codex, clients)
    assert said[:4] == ["codex", "mcp", "add", "signalbox"]
    assert said[4:-1] == ["--url", mcp_url, "--bearer-token-env-var", "SIGNALBOX_TOKEN"]
    assert said[-1] == f"token={token}"
    said = run_in_shell(gemini, clients)
    assert said[:-1] == ["gemini", "mcp", "add", "-t", "http", "-s", "user", "-H", header, "signalbox", mcp_url]
    if shutil.which("curl"):
        (answer,) = run_in_shell(curl, clients)
        assert json.loads(answer)["project"] == "main"


def read_card(server: ServerProcess) -> str:
    """Read what `up` prints for people, to its last line."""
    lines = [first_line(server)]
    assert server.process.stdout is not None
    while not lines[-1].lstrip().startswith("curl"):
        lines.append(server.process.stdout.readline())
        assert lines[-1], server.log.read_text()
    return "".join(lines)


@on_linux
def test_up_sets_everything_up_and_the_second_time_changes_nothing(data: Path, clients: Path) -> None:
    server = start("up", data)
    try:
        card = read_card(server)
        (token,) = set(TOKEN.findall(card))
        assert f"Signalbox is ready at {server.url}, project main." in card
        assert_card_works(card, server.url, token, clients)
        progress = server.log.read_text()
        assert "First start: making the database" in progress
        assert "Bringing the schema up to date" in progress
        assert token not in progress
        head = call(server.url, token, "whats_new", advance_cursor=False)["head"]
        figure(f"stop after the first start: {stop(server):.2f} s")
    finally:
        server.stop()

    again = start("up", data)
    try:
        card = read_card(again)
        assert TOKEN.search(card) is None
        assert "has its token already" in card
        assert call(again.url, token, "whats_new", advance_cursor=False)["head"] == head
        stop(again)
    finally:
        again.stop()


@on_linux
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_stops_server_and_database_cleanly(
    home: tuple[Path, str], workers: int, number: signal.Signals
) -> None:
    data, token = home
    server = start("up", data, "--json", "--workers", str(workers))
    try:
        facts = json.loads(first_line(server))
        with httpx2.Client() as client:  # a kept-alive connection that nobody closes
            assert client.post(f"{facts['url']}/api/tools/whoami", headers={"Authorization": f"Bearer {token}"})
            seconds = stop(server, number)
        assert server.process.stdout is not None
        assert server.process.stdout.read() == ""
    finally:
        server.stop()

    figure(f"{number.name} with {workers}: {seconds:.2f} s")
    assert seconds < STOP_SECONDS_MAX
    assert "database system is shut down" in (data / "postgres.log").read_text().splitlines()[-1]
    assert "Traceback" not in server.log.read_text()


@on_linux
def test_kill_9_leaves_no_orphan_and_the_next_up_finds_what_was_acknowledged(home: tuple[Path, str]) -> None:
    data, token = home
    with up(data) as (server, facts):
        watched = Watched([server.process.pid, *family(server.process.pid)])
        assert any("postgres" in command_of(pid) for pid in family(server.process.pid))
        last = [call(facts["url"], token, "claim", sequence="killed") for _ in range(50)][-1]
        server.kill()
        watched.wait_until_gone(GONE_SECONDS_MAX)

    with up(data, port=server.port) as (_, again):
        assert "token" not in again
        assert call(again["url"], token, "claim", sequence="killed")["number"] == last["number"] + 1


def test_json_is_one_line_with_the_token_only_when_it_was_minted(data: Path) -> None:
    flags = ("--owner", "zoe", "--email", "zoe@example.org", "--project", "alpha", "--label", "boss")
    with up(data, *flags) as (server, facts):
        token, sign_in_url = facts.pop("token"), facts.pop("sign_in_url")
        assert sign_in_url.startswith(f"{server.url}/sign-in/link?code=")
        assert facts == {
            "url": server.url,
            "mcp_url": f"{server.url}/mcp",
            "project": "alpha",
            "actor": "zoe/boss",
        }
        whoami = call(facts["url"], token, "whoami")
        assert (whoami["actor"], whoami["is_admin"], whoami["project"]) == ("zoe/boss", True, "alpha")
    assert server.process.returncode == 0

    place = {"SIGNALBOX_DATA_DIR": str(data), "SIGNALBOX_HOST": "127.0.0.2", "SIGNALBOX_WORKERS": "2"}
    port = free_port()
    command = [sys.executable, "-m", "signalbox", "up", "--json", "--project", "alpha", "--label", "boss"]
    with (data.parent / "again.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env=clean_environment(**place, SIGNALBOX_PORT=str(port)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        line = json.loads(process.stdout.readline())
        assert line.pop("sign_in_url") != sign_in_url
        assert line == facts | {"url": f"http://127.0.0.2:{port}", "mcp_url": f"http://127.0.0.2:{port}/mcp"}
        assert call(line["url"], token, "whoami")["actor"] == "zoe/boss"
        assert len(workers_of(process.pid)) == 2
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=STOP_SECONDS_MAX * 2)
    assert (rest, process.returncode) == ("", 0)
