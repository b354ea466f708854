"""Whatever is wrong with the server or the set-up: each hook lets work go on, in time, and says so in one line."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kit.conftest import SECONDS_MAX, SLACK_SECONDS, Outcome, Repository, make_repository
from kit.test_guard import about_to_edit
from support import Agent, ServerProcess, clean_environment, free_port

TOKEN = "sbx_" + "a" * 33


def reconcile(repository: Repository, **environment: Any) -> Outcome:
    repository.write("docs/decisions/0001-a.md")
    repository.git("add", "-A")
    return repository.hook("reconcile", "--staged", **environment)


def guard(repository: Repository, **environment: Any) -> Outcome:
    return repository.hook("guard", "claude", given=about_to_edit(repository.top / "a.py"), **environment)


def inbox(repository: Repository, **environment: Any) -> Outcome:
    given = {"session_id": "s", "cwd": str(repository.top), "hook_event_name": "UserPromptSubmit", "prompt": "Go."}
    return repository.hook("inbox", "claude", given=given, **environment)


Hook = Callable[..., Outcome]
HOOKS = (reconcile, guard, inbox)
ANSWERS: dict[str, tuple[int, bytes]] = {
    "nonsense": (200, b"<html>It works!</html>"),
    "another answer": (200, b"[1, 2]"),
    "without what is wanted": (200, b"{}"),
    "broken": (500, b'{"error": {"code": "internal"}}'),
    "refused": (401, b'{"error": {"code": "unauthenticated"}}'),
    "elsewhere": (302, b""),
    "enormous": (200, b'{"numbers": [' + b" " * 3_000_000 + b"]}"),
}


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("location", "http://127.0.0.1:9/")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:  # the hook has read enough
                return

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def alone(tmp_path: Path) -> Repository:
    """A repository without a server."""
    return make_repository(tmp_path / "re po", SIGNALBOX_TOKEN=TOKEN)


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_server_that_answers_something_else_stops_nobody(alone: Repository, hook: Hook, answer: str) -> None:
    with answering(*ANSWERS[answer]) as url:
        assert hook(alone, SIGNALBOX_URL=url).went_on


@pytest.mark.parametrize("hook", HOOKS)
def test_a_closed_port_stops_nobody(alone: Repository, hook: Hook) -> None:
    assert hook(alone, SIGNALBOX_URL=f"http://127.0.0.1:{free_port()}").went_on


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("drip", [None, b"HTTP/1.1 200 OK\r\ncontent-length: 900000\r\n\r\n"])
def test_a_server_that_never_answers_stops_nobody_for_long(alone: Repository, hook: Hook, drip: bytes | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stop = threading.Event()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                if drip:
                    connection.sendall(drip)
                while not stop.wait(0.1):
                    if drip:
                        try:
                            connection.sendall(b" ")
                        except OSError:
                            return

        thread = threading.Thread(target=serve)
        thread.start()
        outcome = hook(alone, SIGNALBOX_URL=f"http://127.0.0.1:{listening.getsockname()[1]}")
        stop.set()
        thread.join()

    assert outcome.went_on
    assert outcome.seconds < SECONDS_MAX + SLACK_SECONDS


@pytest.mark.parametrize("hook", HOOKS)
def test_without_a_token_work_goes_on(alone: Repository, hook: Hook, server: ServerProcess) -> None:
    assert hook(alone, SIGNALBOX_URL=server.url, SIGNALBOX_TOKEN="").went_on


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("config", ["{", "[]", '{"numbered": 3, "guard": 3}', "\0"])
def test_a_broken_config_stops_nobody(tmp_path: Path, hook: Hook, config: str) -> None:
    repository = make_repository(tmp_path / "r", config, SIGNALBOX_TOKEN=TOKEN)

    outcome = hook(repository, SIGNALBOX_URL=f"http://127.0.0.1:{free_port()}")

    assert outcome.went_on


@pytest.mark.parametrize("hook", HOOKS)
def test_without_any_config_a_hook_is_silent(tmp_path: Path, hook: Hook) -> None:
    outcome = hook(make_repository(tmp_path / "r", None))

    assert (outcome.code, outcome.stdout, outcome.stderr) == (0, "", "")


@pytest.mark.parametrize("hook", [guard, inbox])
async def test_without_git_a_hook_asks_all_the_same(
    tmp_path: Path, hook: Hook, server: ServerProcess, agent: Agent, peer: Agent
) -> None:
    await peer.call("lease", surface="a.py")
    await peer.call("post", to_actor=agent.actor, body="Look.")
    environment = {"SIGNALBOX_URL": server.url, "SIGNALBOX_TOKEN": agent.token}

    outcome = hook(Repository(tmp_path), **environment)

    assert outcome.code == 0
    assert outcome.answer


@pytest.mark.parametrize("hook", HOOKS)
def test_without_the_program_git_work_goes_on(alone: Repository, hook: Hook, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    alone.environment["SIGNALBOX_URL"] = f"http://127.0.0.1:{free_port()}"

    assert hook(alone, PATH=str(tmp_path / "bin")).went_on


@pytest.mark.parametrize("name", ["a b/c d.py", "naïve/ü.py", "line\nbreak.py", "x" * 150 + "/" + "y" * 150, "-rf"])
async def test_any_path_is_taken(repository: Repository, peer: Agent, name: str) -> None:
    await peer.call("lease", surface="other.py")

    outcome = repository.hook("guard", "claude", given=about_to_edit(repository.top / name))

    assert (outcome.code, outcome.stdout, outcome.stderr) == (0, "", "")


@pytest.mark.parametrize("given", ["", "{", "[]", "null", '{"tool_input": "x"}', "\udcff"])
@pytest.mark.parametrize("call", [("guard", "claude"), ("inbox", "claude"), ("reconcile", "--client", "claude")])
def test_nonsense_on_standard_input_stops_nobody(alone: Repository, given: str, call: tuple[str, ...]) -> None:
    name, *arguments = call
    given = os.fsencode(given).decode("utf-8", "replace")

    outcome = alone.hook(name, *arguments, given=given, SIGNALBOX_URL=f"http://127.0.0.1:{free_port()}")

    assert (outcome.code, outcome.stdout) == (0, "")
    assert outcome.stderr.count("\n") <= 1


def test_the_environment_of_tests_has_no_signalbox_of_its_own() -> None:
    assert not [name for name in clean_environment() if name.startswith("SIGNALBOX_")]
