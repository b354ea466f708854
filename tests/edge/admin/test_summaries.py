"""Events in one line: every type has its words, whatever it carries."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from edge.admin.looking import HOSTILE
from signalbox import paths
from signalbox.domain.events import Event
from signalbox.edge.admin.summaries import SUMMARIES, about, summary


def event(event_type: str, **payload: Any) -> Event:
    return Event(id=7, ts=datetime(2030, 1, 1, tzinfo=UTC), actor="ada/claude-1", type=event_type, payload=payload)


def test_every_type_that_the_functions_append_has_its_words() -> None:
    written = re.compile(r"(?:append_event_v\d\(ctx, |(?:move|end)_task_v\d\(ctx, \w+, (?:'\w+'|\w+), )'(\w+)'")
    functions = "\n".join(path.read_text(encoding="utf-8") for path in sorted(paths.FUNCTIONS.glob("*.sql")))
    types = set(written.findall(functions))

    assert {"post", "task_resolve", "task_cancel", "join"} <= types
    assert types - SUMMARIES.keys() == set()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (event("post", post_id=3, to_lane="qa", to_actor="ada/codex-1", ref="PR-1", subject="Plan"),
         "posted 3 to the lane qa and ada/codex-1 about PR-1: “Plan”"),
        (event("post", post_id=4, reply_to=3, thread_id=3, to_actor="ada/codex-1"),
         "posted 4 in reply to 3 to ada/codex-1"),
        (event("post", post_id=5, to_lane="qa", to_lanes=["qa", "ops"], to_actor="ada/x", to_actors=["ada/x"] * 3),
         "posted 5 to the lane qa and 1 more and ada/x and 2 more"),
        (event("post", post_id=6, to_all=True, kind="question"), "asked in 6 to everybody"),
        (event("post", post_id=7, reply_to=6, to_actor="ada/x", answers=6),
         "posted 7 in reply to 6 to ada/x, which answers 6"),
        (event("overdue", post_id=7, silent=["ada/x", "ada/y"], rerouted_to="lead", reached=2),
         "waits too long: post 7 is not acked by ada/x and 1 more, sent on to lead"),
        (event("overdue", post_id=7, to_lane="qa"), "waits too long: post 7 is not acked in the lane qa"),
        (event("expire", post_id=7, unacked=2), "waits no more: post 7 has expired"),
        (event("ack", post_id=7, outcome="accepted", late=[7]), "acked 7 as accepted, late"),
        (event("ack", post_ids=list(range(1, 15)), outcome="done"),
         "acked 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 4 more as done"),
        (event("ack", post_id=3, outcome="declined", note="no time"), "acked 3 as declined: “no time”"),
        (event("configure_lane", lane="vault", access="private"), "configured the lane vault: it is private"),
        (event("configure_lane", lane="vault", description="Quiet."), "configured the lane vault: “Quiet.”"),
        (event("join_lane", lane="vault"), "joined the lane vault"),
        (event("join_lane", lane="vault", participant="ada/x"), "let ada/x into the lane vault"),
        (event("leave_lane", lane="vault"), "left the lane vault"),
        (event("leave_lane", lane="vault", participant="ada/x"), "took ada/x out of the lane vault"),
        (event("lane_invite", lane="vault", participant="ada/x"), "invited ada/x into the lane vault"),
        (event("claim", sequence="adr", number=7, formatted="ADR-007"), "claimed ADR-007 of adr"),
        (event("seed", sequence="adr", current=6, prefix="ADR-", pad=3), "seeded adr at 6"),
        (event("lease", lease_id=1, surface="src/**", renewed=True), "renewed src/**"),
        (event("release", lease_id=1, surface="src/**", released=1), "released src/**"),
        (event("task_create", task_id=1, title="mend", owner="ada/codex-1"),
         "created task 1 for ada/codex-1: “mend”"),
        (event("task_start", task_id=1, owner="ada/claude-1"), "started task 1"),
        (event("task_ship", task_id=1, owner="ada/codex-1"), "shipped task 1 of ada/codex-1"),
        (event("task_block", task_id=2, on=1, reason="waits"), "blocked task 2 on task 1: “waits”"),
        (event("task_resolve", task_id=2, blocker=1), "resolved what task 2 waited on: task 1"),
        (event("task_release", task_id=2, note="half done", **{"from": "ada/codex-1"}),
         "gave back task 2 of ada/codex-1: “half done”"),
        (event("task_release", task_id=2, reason="silent for 240 minutes", **{"from": "ada/claude-1"}),
         "gave back task 2: “silent for 240 minutes”"),
        (event("task_cancel", task_id=2, owner="ada/codex-1", reason="too late"),
         "gave up task 2 of ada/codex-1: “too late”"),
        (event("task_note", task_id=2, note="half done"), "noted on task 2: “half done”"),
        (event("settle", sequence="adr", number=7, formatted="ADR-007", outcome="void", ref="PR-1"),
         "settled ADR-007 of adr as void: PR-1"),
        (event("lease", lease_id=1, surface="src/**", mode="shared"), "leased src/**, shared"),
        (event("lease_wait", surface="src/**"), "waits for src/**"),
        (event("lease_wait", surface="src/**", left=True), "waits no more for src/**"),
        (event("register", lane="qa", status="reading"), "registered in the lane qa: “reading”"),
        (event("admin_provision", participant="ada/codex-1", is_admin=True), "brought in ada/codex-1 as a lead"),
        (event("from_tomorrow", who="ada", many=[1, 2]), "from tomorrow: who ada, many [1, 2]"),
        (event("from_tomorrow"), "from tomorrow"),
    ],
)  # fmt: skip
def test_an_event_is_told_in_one_line(told: Event, words: str) -> None:
    assert summary(told) == words


@pytest.mark.parametrize("event_type", [*SUMMARIES, "from_tomorrow"])
def test_what_was_written_is_shortened_and_nothing_need_be_there(event_type: str) -> None:
    names = "to_lane to_actor subject ref outcome note sequence formatted surface title owner reason"
    full = dict.fromkeys([*names.split(), "participant", "lane", "status", "from", "to"], HOSTILE * 100)

    assert "\n" not in summary(event(event_type, **full))
    assert len(summary(event(event_type, **full))) < 1000
    assert summary(event(event_type))


def test_an_event_names_the_pages_of_what_it_is_about() -> None:
    assert about(event("ack", post_ids=[4, 5])) == [("Post 4", "posts/4"), ("Post 5", "posts/5")]
    assert about(event("task_block", task_id=2, on=1)) == [("Task 2", "tasks/2"), ("Task 1", "tasks/1")]
    assert about(event("register", lane="qa")) == []
