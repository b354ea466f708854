"""What is said in closed lanes: nowhere to be read by others, and of a secret one not even that it is there."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from closed import MARK, Closed, asked, closed_scene, questions, say_all, shown, shown_to
from domain.looking import looking
from signalbox.catalog import CATALOG
from signalbox.errors import Refusal
from signalbox.tool import Effect
from support import Agent, Project

MOVES = re.compile(
    r'"?(?:head|ledger|cursor|since_event_id|last_seen(?:_at)?|waiting_seconds|since|until|expires_in_seconds|upto)"?'
    r"(?:=|\": ?|: ?)(?:datetime\.datetime\([^)]*\)+|\"[^\"]*\"|\d+)"
)
"""What says that something happened, and when; the rest must not."""


@pytest.fixture
async def scene(project: Project) -> Closed:
    return await closed_scene(project)


def still(answers: dict[str, str]) -> dict[str, str]:
    return {name: MOVES.sub("", answer) for name, answer in answers.items()}


def test_nothing_that_reads_is_left_out() -> None:
    assert {tool.name for tool in CATALOG if tool.effect is Effect.READS} <= {tool for tool, _ in questions("x")}


@pytest.mark.parametrize("which", ["secret", "private"])
async def test_what_is_said_in_a_closed_lane_changes_nothing_that_others_read(scene: Closed, which: str) -> None:
    lane = getattr(scene, which)
    before = {**await asked(scene.outsider, questions(lane)), **await shown(scene.outsider, lane)}
    await say_all(scene, lane)
    after = {**await asked(scene.outsider, questions(lane)), **await shown(scene.outsider, lane)}

    assert {name for name, answer in after.items() if MARK in answer and MARK not in name} == set()
    assert {name for name, answer in after.items() if scene.secret in answer and lane not in name} == set()
    assert after["lane members"] == "[]"
    then, now = still(before), still(after)
    assert [(name, then[name], now[name]) for name in then if then[name] != now[name]] == []


@pytest.mark.parametrize("which", ["secret", "private"])
async def test_who_is_in_it_reads_all_of_it(scene: Closed, which: str) -> None:
    """So the check above can fail: every read that could show something does."""
    lane = getattr(scene, which)
    await say_all(scene, lane)
    seen = {**await asked(scene.member, questions(lane)), **await shown(scene.member, lane)}
    marked = {name.partition(" ")[0] for name, answer in seen.items() if MARK in answer}

    assert marked >= {
        *(
            "query_events",
            "whats_new",
            "read_posts",
            "post_status",
            "list_tasks",
            "who_is_active",
            "list_lanes",
            "search",
        ),
        *("board", "thread", "export_lane", "export_thread", "event"),
        *("signalbox://inbox", "signalbox://board", "signalbox://ledger", "signalbox://ledger?after=0"),
    }
    assert "maker" in seen["lane members"]


@pytest.mark.parametrize("setting", ["", "{}", "{common}", "{vault,SECRET}"])
async def test_no_statement_shows_a_closed_lane_to_whom_the_setting_does_not(scene: Closed, setting: str) -> None:
    """Everything is read as somebody who is in it: only the setting, which authentication makes, says otherwise."""
    who = await scene.member.principal()
    for lane in scene.lanes:
        await say_all(scene, lane)
    async with looking(scene.project.database, scene.project.project_id) as page:
        await page.connection.execute(
            "select set_config('signalbox.lanes', $1, false)", setting.replace("SECRET", scene.secret)
        )
        seen = await shown_to(page, who, scene.secret)
        for tool, arguments in questions(scene.secret):
            try:
                answer = repr(await CATALOG.call(tool, page, who, arguments))
            except Refusal as refusal:
                answer = repr(refusal.as_json())
            seen[f"{tool} {arguments}"] = answer
        await page.connection.execute("select set_config('signalbox.lanes', '', false)")
    shown_there = {name for name, answer in seen.items() if MARK in answer.replace(name, "") and MARK not in name}

    assert bool(shown_there) is (setting == "{vault,SECRET}"), shown_there


def lane_arguments() -> list[tuple[str, str]]:
    """Name every argument of a tool that a lane may be given for."""
    return [
        (tool.name, name) for tool in CATALOG for name in tool.args.model_fields if re.search(r"lane|reroute", name)
    ]


OTHERS: dict[str, dict[str, Any]] = {
    "post": {"body": "b", "to_lane": "common", "ack_within_seconds": 60},
    "task_create": {"title": "t"},
    "admin_provision": {"participant_name": "newcomer"},
    "configure_lane": {"access": "private"},
    "search": {"query": "all"},
    "reset_cursor": {"to": 0},
}
"""What else a tool needs to be called with."""


NAMED_BY_ID = {"post_id", "post_ids", "reply_to", "thread", "task_id", "on", "blocker", "depends_on"}
REQUIRED: dict[str, dict[str, Any]] = OTHERS | {
    "post": {"body": "b"},
    "task_assign": {"owner": "outsider"},
    "task_block": {"reason": "r", "task_id": 1},
    "task_resolve": {"task_id": 1},
    "task_note": {"note": "n"},
}


def id_arguments() -> list[tuple[str, str]]:
    """Name every argument of a tool that an id of a post or a task may be given for."""
    return [(tool.name, name) for tool in CATALOG for name in tool.args.model_fields if name in NAMED_BY_ID]


async def probed(agent: Agent, tool: str, argument: str, name: str | int, **more: Any) -> str:
    """Give a lane or an id for an argument, and answer what was heard but for that."""
    listed = "list" in str(CATALOG.tools[tool].args.model_fields[argument].annotation)
    others = OTHERS if isinstance(name, str) else REQUIRED
    arguments = others.get(tool, {}) | {argument: [name] if listed else name} | more
    try:
        answer = await agent.call(tool, **arguments)
    except Refusal as refusal:
        answer = {type(refusal).__name__: refusal.as_json()}
    return json.dumps(answer).replace(str(name), "<name>")


async def test_a_secret_lane_is_answered_like_one_that_is_not_there(scene: Closed) -> None:
    await say_all(scene, scene.secret)
    made_up = f"ops~{'0' * 6}"
    told_apart = []
    for tool, argument in lane_arguments():
        for more in variants(tool):
            true = await probed(scene.outsider, tool, argument, scene.secret, **more)
            false = await probed(scene.outsider, tool, argument, made_up, **more)
            told_apart += [(tool, argument, more, true, false)] if true != false or "InvalidArguments" in true else []

    assert told_apart == []


def variants(tool: str) -> list[dict[str, Any]]:
    """Further ways to call a tool with a lane."""
    if tool == "configure_lane":
        return [
            {},
            {"access": None, "description": "d"},
            {"access": "secret"},
            {"access": "open"},
            {"access": None, "invite": ["maker"]},
            {"access": None, "remove": ["maker"]},
            {"access": None, "remove": ["nobody"]},
        ]
    return [{}]


async def test_what_was_said_in_a_closed_lane_is_answered_like_what_was_not_said(scene: Closed) -> None:
    await say_all(scene, "vault")
    posts = (await scene.member.call("read_posts", to_lane="vault"))["posts"]
    tasks = (await scene.member.call("list_tasks", lane="vault"))["tasks"]
    told_apart = []
    for tool, argument in id_arguments():
        for hidden in {posts[0]["post_id"], tasks[0]["task_id"]}:
            true = await probed(scene.outsider, tool, argument, hidden)
            false = await probed(scene.outsider, tool, argument, 777)
            told_apart += [(tool, argument, hidden, true, false)] if true != false or "InvalidArguments" in true else []

    assert told_apart == []


@pytest.mark.parametrize(
    ("condition", "argument"),
    [({"on": "post"}, "lane"), ({"on": "task"}, "lane"), ({"on": "ack"}, "post_id"), ({"on": "event"}, "tag")],
    ids=str,
)
async def test_waiting_for_what_is_behind_the_door_is_waiting_for_nothing(
    scene: Closed, condition: dict[str, Any], argument: str
) -> None:
    await say_all(scene, scene.secret)
    inside = (await scene.member.call("read_posts", to_lane=scene.secret))["posts"][0]["post_id"]
    there, nowhere = {"lane": (scene.secret, "ops~000000"), "post_id": (inside, 777), "tag": (MARK, "none")}[argument]
    heard = []
    for value in (there, nowhere):
        asked_for = {"for": [condition | {argument: value}], "after": 0, "timeout_seconds": 0}
        heard.append((await asked(scene.outsider, [("wait", asked_for)])).popitem()[1].replace(str(value), "<value>"))

    assert heard[0] == heard[1]
