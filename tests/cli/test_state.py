"""`signalbox state`: how things stood, read off a server or off a file, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Run
from support import Agent, ServerProcess

pytestmark = pytest.mark.usefixtures("anyio_backend")  # its fixtures are asynchronous, the tests are not


def event(number: int, event_type: str, **payload: Any) -> str:
    at = f"2026-01-01T00:00:{number:02}.000Z"
    return json.dumps({"id": number, "ts": at, "actor": "ada/one", "type": event_type, "payload": payload})


LEDGER = "\n".join(
    (
        event(1, "lease", lease_id=1, surface="src/\x1b[2J", expires_at="2026-01-01T00:00:04.000+00:00", note="Mine."),
        event(2, "post", post_id=1, to_lane="docs", to_actor="bob/x", subject="Look", kind="question"),
        event(3, "task_create", task_id=1, title="Ship it", status="assigned", owner="bob/x", lane="docs"),
        event(5, "claim", sequence="adr", formatted="ADR-1"),
        event(6, "ack", post_id=1, outcome="done"),
    )
)


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    path = tmp_path / "ledger.jsonl"
    path.write_text(LEDGER + "\n")
    return str(path)


def test_it_is_told_to_people(here: Run, ledger: str) -> None:
    done = here("state", "--at", "3", "--from", ledger)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "Event 3, 2026-01-01 00:00:03Z\n"
        "Held (1)\n  src/[U+001B][2J by ada/one until 2026-01-01 00:00:04Z: Mine.\n\n"
        "Owed (1)\n  question 1 of ada/one by bob/x and anybody of lane docs: Look\n\n"
        "Tasks (1)\n  1 assigned by bob/x in docs: Ship it\n\n"
        "Sequences (0)\n\n"
    )


def test_it_is_told_to_programs(here: Run, ledger: str) -> None:
    asked = [("--at", "2"), ("--at", "4"), ()]
    told = [json.loads(here("state", "--json", "--from", ledger, *at).stdout) for at in asked]

    assert [one["seq"] for one in told] == [2, 3, 6]
    assert told[0]["owed"] == [
        {
            "post_id": 1,
            "author": "ada/one",
            "actors": ["bob/x"],
            "anybody_of": ["lane docs"],
            "is_question": True,
            "subject": "Look",
        }
    ]
    assert (told[2]["holds"], told[2]["owed"], told[2]["sequences"]) == ([], [], {"adr": "ADR-1"})
    assert told[2]["tasks"][0].items() >= {"task_id": 1, "status": "assigned", "waits_on": []}.items()


def test_an_event_that_is_not_there_yet_is_said(here: Run, ledger: str) -> None:
    done = here("state", "--at", "9", "--from", ledger)

    assert (done.returncode, done.stderr) == (0, "the last event there is 6\n")


@pytest.mark.parametrize("broken", ["no json", "[]", '{"id": 1}', event(6, "t"), '{"id": "x", "ts": "y"}'])
def test_what_is_no_ledger_is_said(here: Run, ledger: str, broken: str) -> None:
    with Path(ledger).open("a") as file:
        file.write(broken + "\n")
    done = here("state", "--from", ledger)

    assert (done.returncode, done.stdout) == (1, "")
    assert "line 6 is no event of a ledger" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_is_read_off_a_server_too(signalbox: Run, server: ServerProcess, lead: Agent) -> None:
    place = {"SIGNALBOX_URL": server.url, "SIGNALBOX_TOKEN": lead.token}
    signalbox("call", "lease", "surface=src/app.py", **place)
    signalbox("call", "release", "surface=src/app.py", **place)

    held = [json.loads(signalbox("state", "--json", "--at", at, **place).stdout)["holds"] for at in ("2", "3")]

    assert [[hold["surface"] for hold in holds] for holds in held] == [["src/app.py"], []]


def test_it_needs_a_token_or_a_file(here: Run) -> None:
    done = here("state")

    assert done.returncode == 2
    assert "SIGNALBOX_TOKEN" in done.stderr
