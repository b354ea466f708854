"""History: rebuilt from the ledger alone, things stand at every event as the tables said then."""

from __future__ import annotations

import json
import random
import re
from datetime import timedelta
from typing import Any

import pytest

from domain.looking import looking
from domain.stories import NAMES, Story, Told
from domain.yards import Yard
from signalbox import paths
from signalbox.domain.exports import ExportWish, export_lines
from signalbox.domain.history import CHANGES, State

ACTS = 100
NOTHING_OF_THIS = {
    "admin_mint",
    "admin_revoke",
    "admin_rotate",
    "change_member",
    "configure_lane",
    "create_invite",
    "join_lane",
    "lane_invite",
    "lease_wait",
    "leave_lane",
    "override",
    "register",
    "rename_project",
    "revoke_invite",
    "set_liveness",
    "settle",
    "task_note",
}


async def ledger_of(yard: Yard) -> list[dict[str, Any]]:
    """Read the ledger as an export writes it, closed lanes and all."""
    async with looking(yard.database, yard.project.project_id) as page:
        await page.connection.execute("select set_config('signalbox.lanes', '*', false)")
        text = "".join([chunk async for chunk in export_lines(page, yard.project.owner, ExportWish())])
        await page.connection.execute("select set_config('signalbox.lanes', '', false)")
    return [json.loads(line) for line in text.splitlines()]


def compare(state: State, told: Told) -> None:
    assert state.at is not None
    assert abs(state.at - told.at) < timedelta(milliseconds=1)
    for later in (timedelta(), timedelta(minutes=2), timedelta(days=1)):
        at = told.at + later
        assert {
            hold.lease_id: (hold.surface, hold.holder, hold.mode, hold.expires_at) for hold in state.holds(at)
        } == told.holds(at)
    tasks = {
        task.task_id: (task.status, task.owner, set(task.depends_on), dict(task.blockers))
        for task in state.tasks.values()
    }
    assert tasks == told.tasks()
    owed = {owed.post_id: (set(owed.actors), set(owed.anybody_of)) for owed in state.owed()}
    assert owed == told.owed({post_id: actors for post_id, (actors, _) in owed.items()})
    assert state.sequences == dict(told.rows["sequences"])


@pytest.mark.parametrize("seed", range(4))
async def test_things_stand_at_every_event_as_the_tables_said_then(yard: Yard, seed: int) -> None:
    agents = {name: await yard.join(name, lead=name == "lead") for name in NAMES}
    story = Story(yard, agents, random.Random(seed))
    for owner in (*NAMES, None, None):
        await agents["lead"].call("task_create", title="T", **({"owner": owner} if owner else {}))
    for _ in range(ACTS):
        await story.happen()
    events = await ledger_of(yard)
    state = State()
    told = {one.head: one for one in story.told}
    compared = 0
    for event in events:
        state.apply(event)
        if event["id"] in told:
            compare(state, told[event["id"]])
            compared += 1

    assert compared == len(told) > ACTS / 3


def test_every_type_of_event_is_known_to_change_something_of_this_or_nothing() -> None:
    written = set()
    for path in paths.FUNCTIONS.glob("*.sql"):
        source = path.read_text(encoding="utf-8")
        written |= set(re.findall(r"append_event_v1\(\s*\w+, '(\w+)'", source))
        written |= set(re.findall(r"(?:move|end)_task_v1\(\w+, \w+, (?:'\w+'|\w+), '(\w+)'", source))

    assert len(written) > 25
    assert written == CHANGES.keys() | NOTHING_OF_THIS


def event(number: int, event_type: str, actor: str = "ada/one", **payload: Any) -> dict[str, Any]:
    at = f"2026-01-01T00:00:{number:02}.000Z"
    return {"id": number, "ts": at, "type": event_type, "actor": actor, "payload": payload}


def state_of(*events: dict[str, Any]) -> State:
    state = State()
    for one in events:
        state.apply(one)
    return state


def test_what_is_not_known_changes_nothing() -> None:
    state = state_of(
        event(1, "from_the_future", task_id=1, status="done", post_id=3),
        event(2, "task_start", task_id=7, status="in_progress"),
        event(4, "ack", post_id=9),
        event(5, "release", lease_id=3),
        event(6, "expire", post_id=3),
        event(7, "overdue", post_id=3, rerouted_to="ops"),
    )

    assert (state.seq, state.tasks, state.owed(), state.holds()) == (7, {}, [], [])


def test_events_come_in_their_order() -> None:
    state = state_of(event(2, "claim", sequence="adr", formatted="A-1"))

    for number in (1, 2):
        with pytest.raises(ValueError, match=f"event {number} does not come after event 2"):
            state.apply(event(number, "claim", sequence="adr", formatted="A-2"))


def test_an_answer_is_an_ack_of_its_question() -> None:
    asked = event(1, "post", post_id=1, kind="question", to_actors=["bob/x", "eve/y"], to_lane="docs")
    answered = event(2, "post", "bob/x", post_id=2, reply_to=1, answers=1, to_actor="ada/one")
    before, after = state_of(asked), state_of(asked, answered)

    assert [(owed.post_id, set(owed.actors), owed.anybody_of) for owed in before.owed()] == [
        (1, {"bob/x", "eve/y"}, ("lane docs",))
    ]
    assert [(owed.post_id, set(owed.actors), owed.anybody_of) for owed in after.owed()] == [(2, {"ada/one"}, ())]
