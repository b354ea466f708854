"""Tasks: lists, one whole, and every step a lead may take in a browser."""

from __future__ import annotations

import logging
import re

import pytest

from edge.admin.browsing import read, words
from edge.admin.looking import HOSTILE, STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team
from signalbox import paths
from signalbox.domain.tasks import STEPS


async def test_without_tasks_the_page_says_what_to_do(team: Team) -> None:
    page = await team.browser.get(f"{team.path}/tasks")

    assert "There is no task yet." in words(page)
    require_sound(page)


async def test_a_task_goes_its_whole_way_in_the_browser(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    tasks = f"{team.path}/tasks"
    other = await team.browser.fill(tasks, tasks, title="the parser")
    made = await team.browser.fill(tasks, tasks, title="the queue", detail="one\ntwo", lane="backend")
    this = str(made.url.path)
    said = [words(other), words(made)]
    said.append(words(await team.browser.fill(this, f"{this}/assign", owner="claude-1")))
    said.append(words(await team.browser.fill(this, f"{this}/start")))
    said.append(words(await team.browser.fill(this, f"{this}/block", reason="needs the parser", on="1")))
    said.append(words(await team.browser.fill(this, f"{this}/resolve", blocker="1")))
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        shipped = await team.browser.fill(this, f"{this}/ship")
    said.append(words(shipped))

    assert this == f"{tasks}/2"
    assert "one\ntwo" in made.text
    notices = ["is there", "is there", "has its owner", "is under way", "waits", "is gone", "is done"]
    assert [notice in text for notice, text in zip(notices, said, strict=True)] == [True] * 7
    assert "task 1 : needs the parser" in said[4]
    assert "shipped task 2" in said[6]
    assert [form.action for form in read(shipped).forms if form.action.startswith(this)] == [f"{this}/note"]
    assert statements_of(caplog) <= STATEMENTS_MAX
    assert (await team.claude.call("list_tasks", status="done"))["tasks"][0]["owner"] == team.claude.actor
    require_sound(shipped)


async def test_a_task_with_all_that_it_may_have_is_made_and_shown(team: Team) -> None:
    tasks = f"{team.path}/tasks"
    for number in (1, 2):
        await team.claude.call("task_create", title=f"title-{number}.", owner="claude-1")
    made = await team.browser.fill(tasks, tasks, title="t", depends_on="#1, 2", priority="high", ref="PR-7")
    listed = words(await team.browser.get(f"{tasks}?ready=true"))
    await team.claude.call("task_start", task_id=1)
    await team.claude.call("task_cancel", task_id=1)
    page = await team.browser.fill(f"{tasks}/3", f"{tasks}/3/resolve", blocker="2")
    ready = words(await team.browser.get(f"{tasks}?ready=true"))

    assert "Priority high" in words(made)
    assert "About PR-7" in words(made)
    assert "1 title-1. assigned waits for it" in words(made)
    assert "about PR-7" not in listed
    assert "1 title-1. cancelled" in words(page)
    assert "waits for it" not in words(page)
    assert "3 t open high nobody yet, about PR-7 , ready" in ready
    require_sound(made)


async def test_a_task_is_given_back_noted_and_given_up_in_the_browser(team: Team) -> None:
    this = f"{team.path}/tasks/1"
    await team.claude.call("task_create", title="t", owner="claude-1")
    given = await team.browser.fill(this, f"{this}/release", note="Half of it is there.")
    noted = await team.browser.fill(this, f"{this}/note", note="one\ntwo")
    ended = await team.browser.fill(this, f"{this}/cancel", reason="nobody needs it")

    said = [words(page) for page in (given, noted, ended)]
    assert ["is open again" in said[0], "is written" in said[1], "is given up" in said[2]] == [True] * 3
    assert f"gave back task 1 of {team.claude.actor}: “Half of it is there.”" in said[0]
    assert "gave up task 1: “nobody needs it”" in said[2]
    assert read(ended).forms[-1].action == f"{this}/note"
    require_sound(ended)


async def test_offered_steps_are_those_that_the_functions_take() -> None:
    taken = {
        step: set(states.split(","))
        for path in sorted(paths.FUNCTIONS.glob("task_*_v1.sql"))
        for states, step in re.findall(r"'\{([a-z_,]+)\}', 'task_(\w+)'", path.read_text(encoding="utf-8"))
    }
    offered = {step: {state for state, steps in STEPS.items() if step in steps} for step in taken}

    assert set(taken) == {"start", "block", "ship", "release"}
    assert offered == taken


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": ""}, "fill this in"),
        ({"title": "t" * 201}, "at most 200 characters"),
        ({"title": "t", "detail": "d" * 4001}, "at most 4000 characters"),
        ({"title": "t", "lane": "l" * 65}, "at most 64 characters"),
        ({"title": "t", "owner": "nobody"}, "no participant 'nobody' in this project"),
        ({"title": "t", "depends_on": "7"}, "no task 7 in this project"),
        ({"title": "t", "depends_on": "1, x"}, "a whole number"),
        ({"title": "t", "ref": "r" * 121}, "at most 120 characters"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
async def test_a_wrong_task_is_shown_again_with_what_is_wrong(team: Team, wrong: dict[str, str], said: str) -> None:
    tasks = f"{team.path}/tasks"
    page = await team.browser.fill(tasks, tasks, **wrong)

    assert page.status_code == 400
    assert said in words(page)
    assert "<details open>" in page.text
    assert (await team.claude.call("list_tasks"))["tasks"] == []


@pytest.mark.parametrize(
    ("step", "fields", "said"),
    [
        ("block", {"reason": ""}, "fill this in"),
        ("block", {"reason": "r", "on": "x"}, "a whole number"),
        ("block", {"reason": "r", "on": "77"}, "no task 77"),
        ("note", {"note": ""}, "fill this in"),
        ("cancel", {"reason": "r" * 501}, "at most 500 characters"),
        ("release", {"note": "n" * 1001}, "at most 1000 characters"),
    ],
)
async def test_a_wrong_step_is_shown_again_by_its_field(
    team: Team, step: str, fields: dict[str, str], said: str
) -> None:
    await team.claude.call("task_create", title="t", owner="claude-1")
    await team.claude.call("task_start", task_id=1)
    page = await team.browser.fill(f"{team.path}/tasks/1", f"{team.path}/tasks/1/{step}", **fields)

    assert page.status_code == 400
    assert said in words(page)
    assert page.text.count('aria-invalid="true"') == 1


async def test_a_step_that_was_taken_meanwhile_is_said_with_the_present_state(team: Team) -> None:
    await team.claude.call("task_create", title="t", owner="claude-1")
    this = f"{team.path}/tasks/1"
    form = next(form for form in read(await team.browser.get(this)).forms if form.action == f"{this}/start")
    await team.claude.call("task_start", task_id=1)
    page = await team.browser.send(form, this)

    assert page.status_code == 409
    assert "task 1 is in_progress" in words(page)


async def test_the_list_is_filtered_and_paged(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(55):
        await team.claude.call("task_create", title=f"title-{number}.", lane=f"lane-{number % 2}")
    await team.claude.call("task_create", title="of-codex", owner="codex-1")
    tasks = f"{team.path}/tasks"
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        first = await team.browser.get(tasks)
    second = await team.browser.get(next(link for link in read(first).links if "before=" in link))
    owned = await team.browser.get(f"{tasks}?owner=codex-1&status=assigned")
    of_lane = await team.browser.get(f"{tasks}?lane=lane-1&status=")
    none = await team.browser.get(f"{tasks}?status=done")

    assert statements_of(caplog) <= STATEMENTS_MAX
    assert "title-6." in words(first)
    assert "title-5." not in words(first)
    assert "title-5." in words(second)
    assert "of-codex" in words(owned)
    assert "title-" not in words(owned)
    assert "title-53." in words(of_lane)
    assert "title-54." not in words(of_lane)
    assert "No task is like that." in words(none)
    require_sound(first)


@pytest.mark.parametrize("query", ["status=gone", "owner=nobody", "before=x"])
async def test_wrong_filters_are_said_and_nothing_is_looked_for(team: Team, query: str) -> None:
    await team.claude.call("task_create", title="t", owner="claude-1")
    page = await team.browser.get(f"{team.path}/tasks?{query}")

    assert page.status_code == 400
    assert "mend the filters" in words(page)


async def test_full_pages_of_hostile_text_are_small_and_inert(team: Team) -> None:
    line = (HOSTILE * 10)[:500]
    await team.claude.call("task_create", title=line[:200], detail=("'" * 3900 + HOSTILE)[:4000], owner="claude-1")
    await team.claude.call("task_start", task_id=1)
    for _ in range(60):
        await team.claude.call("task_create", title=line[:200], lane=line[:64], owner="claude-1")
        await team.claude.call("task_block", task_id=1, reason=line)
    pages = [await team.browser.get(f"{team.path}/{path}") for path in ("tasks", "tasks/1")]

    for page in pages:
        require_sound(page)
        assert "&lt;script&gt;alert(1)" in page.text


@pytest.mark.parametrize("path", ["tasks/1", "tasks/0", "tasks/x", "tasks/99999999999999999999"])
async def test_unknown_tasks_are_not_found(team: Team, path: str) -> None:
    page = await team.browser.get(f"{team.path}/{path}")

    assert page.status_code == 404
