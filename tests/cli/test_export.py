"""`signalbox export` and its mirror: everything once, whenever it was killed, and nothing of anybody else's."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import httpx2
import pytest

from cli.conftest import Run
from support import Agent, Project, ServerProcess, free_port

pytestmark = pytest.mark.usefixtures("anyio_backend")  # its fixtures are asynchronous, the tests are not


class Exporter:
    """`signalbox export` with one token at one server, and what that token does meanwhile."""

    def __init__(self, run: Run, url: str, token: str, directory: Path) -> None:
        self._run = run
        self.url = url
        self.token = token
        self.directory = directory

    def __call__(self, *arguments: str, url: str | None = None, token: str | None = None) -> CompletedProcess[str]:
        place = {"SIGNALBOX_URL": url or self.url, "SIGNALBOX_TOKEN": token or self.token}
        done: CompletedProcess[str] = self._run("export", *arguments, **place)
        return done

    def mirror(self, **place: Any) -> CompletedProcess[str]:
        return self("--mirror", "mirror", **place)

    def act(self, tool: str, **arguments: Any) -> None:
        answer = httpx2.post(
            f"{self.url}/api/tools/{tool}", json=arguments, headers={"Authorization": f"Bearer {self.token}"}
        )
        assert answer.status_code == 200, answer.text

    @property
    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.directory / "mirror").iterdir() if path.is_file()}

    @property
    def ids(self) -> list[int]:
        return [json.loads(line)["id"] for line in self.files["ledger.jsonl"].splitlines()]


@pytest.fixture
def export(here: Run, server: ServerProcess, lead: Agent, tmp_path: Path) -> Exporter:
    return Exporter(here, server.url, lead.token, tmp_path)


def test_what_was_asked_for_is_printed(export: Exporter) -> None:
    for lane in ("docs", "ops"):
        export.act("post", to_lane=lane, body="Look: ✓ \u202e")
    whole, of_lane, document, text = (
        export(*arguments)
        for arguments in (
            (),
            ("--lane", "ops"),
            ("--format", "json", "--after", "2"),
            ("--thread", "1", "--format", "md"),
        )
    )

    assert [json.loads(line)["id"] for line in whole.stdout.splitlines()] == [1, 2, 3]
    assert [json.loads(line)["id"] for line in of_lane.stdout.splitlines()] == [3]
    assert [event["id"] for event in json.loads(document.stdout)["events"]] == [3]
    assert "the thread of post 1" in text.stdout
    assert {done.returncode for done in (whole, of_lane, document, text)} == {0}


def test_a_file_is_written_once_it_is_whole(export: Exporter) -> None:
    done = export("-o", "ledger.jsonl")

    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads((export.directory / "ledger.jsonl").read_text())["id"] == 1
    assert export("-o", "nowhere/ledger.jsonl").returncode == 1
    assert sorted(path.name for path in export.directory.iterdir()) == ["ledger.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--thread", "9"), 1, "no post 9"),
        (("--lane", "a\nb"), 2, "lane"),
        (("--format", "xml"), 2, "xml"),
        (("--mirror", "m", "--lane", "docs"), 2, "--mirror is of the whole ledger"),
        (("--mirror", "m", "-o", "f"), 2, "--mirror is of the whole ledger"),
    ],
)
def test_what_is_refused_is_said(export: Exporter, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = export(*arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_nobody_there_is_said(export: Exporter) -> None:
    done = export(url=f"http://127.0.0.1:{free_port()}")

    assert done.returncode == 1
    assert "did not answer" in done.stderr


def test_a_mirror_grows_with_the_ledger_and_changes_only_where_that_did(export: Exporter) -> None:
    (export.directory / "mirror" / ".git").mkdir(parents=True)
    first = export.mirror()
    before = {path: path.stat().st_mtime_ns for path in (export.directory / "mirror").iterdir()}
    again = export.mirror()
    after = {path: path.stat().st_mtime_ns for path in (export.directory / "mirror").iterdir()}
    export.act("lease", surface="src/app.py", note="The `cache`.")
    export.act("task_create", title="Ship it")
    kept = export.files["ledger.jsonl"]
    third = export.mirror()

    assert [done.returncode for done in (first, again, third)] == [0, 0, 0]
    assert before == after
    assert ["1 new events" in first.stderr, "up to date" in again.stderr, "2 new events" in third.stderr] == [True] * 3
    assert export.files["ledger.jsonl"].startswith(kept)
    assert export.ids == [1, 2, 3]
    state = export.files["state.md"].decode()
    assert state.startswith("# State after event 3\n\n20")
    assert "- `src/app.py` by `" in state
    assert "Z: ``The `cache`.``\n" in state
    assert "- 1 open: `Ship it`" in state


def test_a_mirror_that_was_killed_half_way_is_mended(export: Exporter) -> None:
    export.act("claim", sequence="adr")
    export.mirror()
    whole = export.files
    ledger, state = (export.directory / "mirror" / name for name in ("ledger.jsonl", "state.md"))
    for cut in (1, 20, len(whole["ledger.jsonl"]) - 3, len(whole["ledger.jsonl"])):
        ledger.write_bytes(whole["ledger.jsonl"][:-cut])
        assert export.mirror().returncode == 0
        assert export.files == whole
    ledger.write_bytes(whole["ledger.jsonl"] + b'{"id":3,"ts"')
    state.write_text("# State after event 1\n")
    (export.directory / "mirror" / ".state.md.part").write_text("half")

    assert export.mirror().returncode == 0
    assert export.files == whole


@pytest.mark.parametrize("kind", ["something else", "another version", "a line that is none"])
def test_a_directory_that_is_no_mirror_is_left_alone(export: Exporter, kind: str) -> None:
    directory = export.directory / "mirror"
    if kind == "something else":
        directory.mkdir()
        (directory / "ledger.jsonl").write_text("mine")
    else:
        export.mirror()
        (directory / "signalbox.json").write_text('{"signalbox_mirror": 2}') if kind == "another version" else (
            directory / "ledger.jsonl"
        ).write_text("mine\n")
    before = export.files
    done = export.mirror()

    assert done.returncode == 1
    assert "empty directory" in done.stderr
    assert export.files == before


def test_a_mirror_of_another_ledger_is_left_alone(export: Exporter, stranger: Agent) -> None:
    export.act("claim", sequence="adr")
    export.mirror()
    before = export.files
    shorter = export.mirror(token=stranger.token)
    export.token, own = stranger.token, export.token
    for _ in range(3):
        export.act("claim", sequence="adr")
    longer = export.mirror()
    export.token = own

    assert [done.returncode for done in (shorter, longer)] == [1, 1]
    assert all("mirrors another ledger" in done.stderr for done in (shorter, longer))
    assert export.files == before


@pytest.fixture
async def stranger(other_project: Project) -> Agent:
    return await other_project.join("stranger")


def test_two_mirrors_at_once_are_one(export: Exporter) -> None:
    export.mirror()
    with (export.directory / "mirror" / "signalbox.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = export.mirror()

    assert done.returncode == 1
    assert "another export writes to" in done.stderr


class HalfAnExport(BaseHTTPRequestHandler):
    """A server that is cut off in the middle, in one way or another."""

    protocol_version = "HTTP/1.1"
    body = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Disposition", "attachment")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(self.body), self.body))
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(params=["in a line", "between lines", "with a word"])
def half(request: pytest.FixtureRequest) -> Iterator[str]:
    event = b'{"id":1,"ts":"2026-01-01T00:00:00.000Z","actor":"a","type":"t","payload":{}}\n'
    tail = {"in a line": b'{"id":2', "between lines": b"", "with a word": b'{"error":{"code":"unauthenticated"}}\n'}
    HalfAnExport.body = event + tail[request.param]
    server = ThreadingHTTPServer(("127.0.0.1", 0), HalfAnExport)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_an_export_that_is_cut_off_is_none(export: Exporter, half: str) -> None:
    done = export("-o", "ledger.jsonl", url=half)
    mirrored = export.mirror(url=half)

    assert [done.returncode, mirrored.returncode] == [1, 1]
    assert "to the end" in done.stderr
    assert not (export.directory / "ledger.jsonl").exists()
    assert "state.md" not in export.files
    assert os.environ.get("SIGNALBOX_TOKEN") is None
