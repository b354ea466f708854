"""`signalbox call`: how arguments are read, what the exit code says, and what it does when nobody answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from cli.conftest import Run
from support import Agent, ServerProcess, free_port

pytestmark = pytest.mark.usefixtures("anyio_backend")  # its fixtures are asynchronous, the tests are not


class Caller:
    """`signalbox call` with one token at one server."""

    def __init__(self, run: Run, url: str, token: str) -> None:
        self._run = run
        self.place = {"SIGNALBOX_URL": url, "SIGNALBOX_TOKEN": token}

    def __call__(self, *arguments: str) -> CompletedProcess[str]:
        done: CompletedProcess[str] = self._run("call", *arguments, **self.place)
        return done

    def answer(self, *arguments: str) -> dict[str, Any]:
        done = self(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def call(signalbox: Run, server: ServerProcess, lead: Agent) -> Caller:
    return Caller(signalbox, server.url, lead.token)


def test_values_are_read_as_the_tool_takes_them(call: Caller) -> None:
    assert call.answer("claim", "sequence=2026", "note=12")["note"] == "12"
    assert call.answer("task_create", "title=true")["status"] == "open"
    assert call.answer("list_tasks", "limit=1")["tasks"][0]["title"] == "true"
    assert call.answer("read_posts", "to_me=true", "limit=3")["posts"] == []
    assert call.answer("post", "to_lane=a=b", "body=one\ntwo = 2")["post_id"] == 1
    assert call.answer("read_posts", 'to_lane:="a=b"')["posts"][0]["body"] == "one\ntwo = 2"
    assert call.answer("query_events", "after:=0", "limit:=1")["events"][0]["id"] == 1


@pytest.mark.parametrize("ids", ["post_ids=1,2", "post_ids=[1, 2]", "post_ids:=[1, 2]"])
def test_a_list_is_given_with_commas_or_as_json(call: Caller, ids: str) -> None:
    done = call("ack", ids)

    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["message"].startswith("no post 1, 2 ")


def test_json_is_one_line_and_without_it_people_read_it(call: Caller) -> None:
    assert call("whoami", "--json").stdout.count("\n") == 1
    assert call("whoami").stdout.startswith("{\n  ")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("claim",), 2, "invalid_arguments"),
        (("claim", "sequence=NO"), 2, "invalid_arguments"),
        (("claim", "sequense=adr"), 2, "invalid_arguments"),
        (("list_tasks", "limit=many"), 2, "invalid_arguments"),
        (("list_tasks", "task_id=7"), 1, "not_found"),
        (("clam", "sequence=adr"), 1, "not_found"),
        (("no such tool?",), 1, "not_found"),
    ],
)
def test_a_refusal_is_printed_and_the_exit_code_says_whose_mistake_it_is(
    call: Caller, arguments: tuple[str, ...], exit_code: int, code: str
) -> None:
    done = call(*arguments, "--json")

    assert (done.returncode, done.stderr) == (exit_code, "")
    assert json.loads(done.stdout)["error"]["code"] == code


@pytest.mark.parametrize("arguments", [("claim", "adr"), ("claim", "=adr"), ("claim", ":=1"), ("claim", "note:={")])
def test_what_is_no_argument_is_refused_before_anything_is_sent(call: Caller, arguments: tuple[str, ...]) -> None:
    call.place["SIGNALBOX_URL"] = "http://127.0.0.1:1"

    done = call(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert repr(arguments[1]) in done.stderr


@pytest.mark.parametrize("token", ["sbx_nonsense", "sbx_" + "0" * 36, "ключ", "two words"])
def test_a_token_that_does_not_hold_is_refused(call: Caller, token: str) -> None:
    call.place["SIGNALBOX_TOKEN"] = token

    done = call("whoami")

    assert done.returncode == 1
    assert "unauthenticated" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_token_may_stand_in_a_file(call: Caller, lead: Agent, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{call.place.pop('SIGNALBOX_TOKEN')}\n")
    call.place["SIGNALBOX_TOKEN_FILE"] = str(file)
    assert call.answer("whoami")["actor"] == lead.actor

    call.place["SIGNALBOX_TOKEN_FILE"] = str(tmp_path / "nowhere")
    done = call("whoami")
    assert done.returncode == 1
    assert (
        done.stderr == f"signalbox: SIGNALBOX_TOKEN_FILE: cannot read {tmp_path}/nowhere: No such file or directory\n"
    )


def test_without_a_token_it_says_how_to_give_one(signalbox: Run) -> None:
    done = signalbox("call", "whoami")

    assert done.returncode == 2
    assert "set SIGNALBOX_TOKEN (or SIGNALBOX_TOKEN_FILE)" in done.stderr


def test_without_a_server_it_says_where_it_looked(call: Caller) -> None:
    call.place["SIGNALBOX_URL"] = f"http://127.0.0.1:{free_port()}"

    done = call("whoami")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"signalbox: no answer from {call.place['SIGNALBOX_URL']}/api/tools/whoami: [Errno 111] Connection refused\n"
    )


class Page(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<h1>It works!</h1>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def other_server() -> Iterator[str]:
    """Some web server that is none of ours."""
    with HTTPServer(("127.0.0.1", 0), Page) as other:
        thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{other.server_port}"
        other.shutdown()
        thread.join()


def test_an_answer_of_another_server_is_told(call: Caller, other_server: str) -> None:
    call.place["SIGNALBOX_URL"] = other_server

    done = call("whoami")

    assert done.returncode == 1
    assert "is this a Signalbox server?" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
