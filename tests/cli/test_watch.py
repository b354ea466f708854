"""`signalbox watch`: what it prints, that it goes on where it was cut, and what its exit code says."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cli.conftest import Run
from signalbox.cli.output import printable
from support import Agent, ServerProcess, clean_environment, free_port

pytestmark = pytest.mark.usefixtures("anyio_backend")  # its fixtures are asynchronous, the tests are not

END_SECONDS_MAX = 20
TOKEN = "sbx_" + "0" * 36  # of the right shape, but for the checksum


class Watcher:
    """`signalbox watch` in a process of its own."""

    def __init__(self, directory: Path, url: str, token: str, *arguments: str) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore it
        self.process = subprocess.Popen(
            [sys.executable, "-m", "signalbox", "watch", *arguments],
            env=clean_environment(SIGNALBOX_URL=url, SIGNALBOX_TOKEN=token, PYTHONUNBUFFERED="1"),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._bound = threading.Timer(END_SECONDS_MAX, self.process.kill)
        self._bound.start()

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def end(self, number: signal.Signals | None = None) -> tuple[int, str, str]:
        """Wait for its end, which a signal may bring; answers the exit code and what it said."""
        if number is not None:
            self.process.send_signal(number)
        out, errors = self.process.communicate()
        self._bound.cancel()
        return self.process.returncode, out, errors


Watch = Callable[..., Watcher]


@pytest.fixture
def watch(tmp_path: Path, server: ServerProcess, lead: Agent) -> Iterator[Watch]:
    """Start watching; what is still running at the end is ended."""
    started: list[Watcher] = []

    def begin(*arguments: str, url: str = server.url, token: str = lead.token) -> Watcher:
        started.append(Watcher(tmp_path, url, token, *arguments))
        return started[-1]

    yield begin
    for watcher in started:
        watcher.process.kill()
        watcher.end()


@pytest.fixture
def call(signalbox: Run, server: ServerProcess, lead: Agent) -> Callable[..., None]:
    def run(*arguments: str) -> None:
        done = signalbox("call", *arguments, SIGNALBOX_URL=server.url, SIGNALBOX_TOKEN=lead.token)
        assert done.returncode == 0, done.stdout

    return run


def test_it_prints_what_there_was_and_what_comes_until_it_is_interrupted(
    watch: Watch, call: Callable[..., None], lead: Agent
) -> None:
    call("claim", "sequence=adr")
    watching = watch("--after", "0", "--type", "claim")
    first = watching.line()
    call("claim", "sequence=adr", "note=Grüße")
    second = watching.line()
    code, rest, errors = watching.end(signal.SIGINT)

    assert first.endswith(f"{lead.actor} claimed 1 of adr")
    assert second.endswith("claimed 2 of adr: “Grüße”")
    assert (code, rest, errors) == (0, "", "")


def test_json_is_the_event_on_one_line(watch: Watch, call: Callable[..., None], lead: Agent) -> None:
    watching = watch("--after", "0", "--json", "--type", "post", "--actor", lead.actor, "--ref", "PR-7")
    call("post", "to_lane=docs", "body=a body", "ref=PR-8")
    call("post", "to_lane=docs", "body=a body", "ref=PR-7")
    event = json.loads(watching.line())

    assert (event["type"], event["payload"]["post_id"], event["actor"]) == ("post", 2, lead.actor)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--type", ""), 2, "invalid_arguments: type"),
        (("--after", "-1"), 2, "--after"),
        (("--actor", "nobody"), 1, "not_found: "),
    ],
)
def test_what_the_server_refuses_ends_it(watch: Watch, arguments: tuple[str, ...], code: int, words: str) -> None:
    ended, out, errors = watch(*arguments).end()

    assert (ended, out) == (code, "")
    assert words in errors


def test_a_token_that_does_not_hold_ends_it(watch: Watch, lead: Agent) -> None:
    code, _, errors = watch(token="sbx_1sSUTYyPbQGfIyFsmWBZuxB9oUoG3i3BBmNb").end()
    other = lead.token[:-1] + ("a" if lead.token[-1] != "a" else "b")

    assert code == 1
    assert "unauthenticated" in errors
    assert watch(token=other).end()[0] == 1


def test_nobody_who_answers_ends_it(watch: Watch) -> None:
    code, _, errors = watch(url=f"http://127.0.0.1:{free_port()}").end()

    assert code == 1
    assert "no answer from http://127.0.0.1:" in errors


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """Serve one body after the other, each on a connection that then ends; yields the address and what was asked."""
    asked: list[dict[str, list[str]]] = []
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(parse_qs(urlsplit(self.path).query))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(left.pop(0))

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def frame(number: int, **payload: str) -> bytes:
    event = {"id": number, "ts": "2026-11-27T12:00:00.000Z", "actor": "a/b", "type": "x", "payload": payload}
    return f"id: {number}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def end(code: str) -> bytes:
    return f"event: end\ndata: {json.dumps({'code': code, 'message': 'why'})}\n\n".encode()


def test_it_goes_on_after_the_last_event_that_it_got(watch: Watch) -> None:
    answers = (
        b": open\n\n" + frame(6) + frame(7),  # and cut
        frame(8) + frame(9)[:-20],  # cut in the middle of an event
        b": still here\n\n" + frame(9) + end("unavailable"),
        end("unauthenticated"),
    )
    with answering(*answers) as (url, asked):
        code, out, errors = watch("--json", "--after", "5", url=url).end()

    assert [json.loads(line)["id"] for line in out.splitlines()] == [6, 7, 8, 9]
    assert [query["after"] for query in asked] == [["5"], ["7"], ["8"], ["9"]]
    assert code == 1
    assert "unauthenticated: why" in errors
    assert errors.count("trying again") == 3


def test_what_others_wrote_is_shown_and_does_nothing(watch: Watch) -> None:
    hostile = "\x1b[31mred\x07 \u202eevil \x9b2J\u2028line"
    with answering(frame(1, note=hostile) + end("x")) as (url, _):
        human = watch(url=url).end()[1]
    with answering(frame(1, note=hostile) + end("x")) as (url, _):
        machine = watch("--json", url=url).end()[1]

    assert human.count("\n") == machine.count("\n") == 1
    for text in (human, machine):
        assert not set(hostile) & set("\x1b\x07\u202e\x9b\u2028") & set(text)
    assert "[U+001B]" in human
    assert json.loads(machine)["payload"]["note"] == hostile


@pytest.mark.parametrize("text", ["plain", "Grüße ✓ 👩‍💻", "日本語", "“quoted”"])
def test_text_that_is_only_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_a_reader_that_goes_away_ends_it(watch: Watch, call: Callable[..., None]) -> None:
    watching = watch("--after", "0")
    watching.line()
    assert watching.process.stdout is not None
    watching.process.stdout.close()
    call("claim", "sequence=adr")
    watching.process.wait(END_SECONDS_MAX)

    assert watching.process.returncode == 1
