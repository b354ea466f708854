"""Exports: everything once and in order, and nothing that a participant wrote can pose as the export's own."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from domain.acts import scene
from domain.looking import looking
from signalbox.domain import exports
from signalbox.domain.exports import ExportArgs, ExportWish, Format, code, fenced
from support import Agent, Project

HOSTILE = (
    "## 1 · `root` · `post`",
    "```\n## 1 · `root` · `post`\n```",
    "````text\n~~~\n````\n# Not a heading",
    "a\r\r```\r# b\r\n",
    "<script>alert(1)</script><!-- ",
    "\u202eesrever\u200f\u2066\u2028{}\n\u0085\x1b[2J",
    '"}\n{"id":1}',
    "`",
    "\n\n\n",
)
LINES = ("# `x` ``y``", "<b>&amp;", "\u202eesrever", "`", "``", " ", "- a", "[x](javascript:alert(1))")


async def export(project: Project, export_format: Format, **arguments: Any) -> str:
    async with looking(project.database, project.project_id) as page:
        wish = ExportWish(format=export_format, **arguments)
        return "".join([chunk async for chunk in exports.export_lines(page, project.owner, wish)])


def outside_code(markdown: str) -> str:
    """Answer what a reader of Markdown would take for structure: all but fenced blocks and code spans, as it reads."""
    kept, fence = [], ""
    for line in re.split(r"\r\n|\r|\n", markdown):
        marks = re.match(r"`{3,}(?=text$|$)", line)
        if fence:
            fence = "" if line == fence else fence
        elif marks:
            fence = marks[0]
        else:
            kept.append(re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "CODE", line))
    assert not fence
    return "\n".join(kept)


async def test_json_lines_are_the_ledger_with_bodies(project: Project) -> None:
    lead = await scene(project)
    await lead.call("task_create", title="T", detail="In full.")
    ledger = (await lead.call("query_events", after=0))["events"]

    lines = (await export(project, "jsonl")).splitlines()

    exported = [json.loads(line) for line in lines]
    assert [{key: event[key] for key in ledger[0]} for event in exported] == ledger
    assert [event["body"] for event in exported if event["type"] == "post"] == ["Look.", "Look again."]
    assert [event.get("detail") for event in exported if event["type"] == "task_create"][-1] == "In full."


async def test_an_export_goes_page_by_page_to_the_head_at_its_start(
    project: Project, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "EXPORT_PAGE_EVENTS", 2)
    for _ in range(5):
        await agent.call("claim", sequence="adr")
    chunks = []
    async with looking(project.database, project.project_id) as page:
        async for chunk in exports.export_lines(page, project.owner, ExportWish()):
            chunks.append(chunk)
            await agent.call("claim", sequence="meanwhile")

    assert [[json.loads(line)["id"] for line in chunk.splitlines()] for chunk in chunks] == [[1, 2], [3, 4], [5, 6]]
    assert page.ran == ["head", *["export_events"] * 4]


async def test_a_page_names_where_the_next_one_begins(project: Project, agent: Agent) -> None:
    for _ in range(3):
        await agent.call("claim", sequence="adr")
    async with looking(project.database, project.project_id) as page:
        first = await exports.export_events(page, project.owner, ExportArgs(limit=3))
        last = await exports.export_events(page, project.owner, ExportArgs(limit=3, after=3, upto=4))

    assert ([event.id for event in first.events], first.cursor) == ([1, 2, 3], 3)
    assert ([event.id for event in last.events], last.cursor) == ([4], None)


@pytest.mark.parametrize("body", HOSTILE)
async def test_a_line_of_json_is_one_line_for_every_reader_and_gives_the_body_back(
    project: Project, agent: Agent, body: str
) -> None:
    await agent.call("post", to_lane="docs", body=body)

    text = await export(project, "jsonl")

    assert text.endswith("\n")
    assert len(text.splitlines()) == text.count("\n") == 2
    assert json.loads(text.splitlines()[-1])["body"] == body
    assert not exports.UNSEEN.search(text)


@pytest.mark.parametrize("body", HOSTILE)
async def test_no_body_becomes_structure_of_the_markdown(project: Project, agent: Agent, body: str) -> None:
    for text in ("Plain.", body):
        await agent.call("post", to_lane="docs", body=text)
    await agent.call("task_create", title="T", detail=body)

    markdown = await export(project, "md")

    structure = re.sub(r" 20\d\d-\S+Z ", " TIME ", outside_code(markdown))
    sections = re.findall(r"^## (\d+) (.*?)(?=^#|\Z)", structure, re.MULTILINE | re.DOTALL)
    of_post = "· TIME · CODE · CODE\n\n- post_id: CODE\n- to_lane: CODE\n\nCODE wrote:\n\n\n"
    assert [number for number, _ in sections] == ["1", "2", "3", "4"]
    assert [section for _, section in sections[1:3]] == [of_post, of_post]
    assert not exports.UNSEEN.search(markdown)


@pytest.mark.parametrize("line", LINES)
async def test_no_other_text_becomes_structure_of_the_markdown(project: Project, agent: Agent, line: str) -> None:
    await agent.call("post", to_lane=line, subject=line, ref=line, tag=line, body="Plain.")
    await agent.call("claim", sequence="adr", note=line)
    await agent.call("lease", surface=f"src/{line}", note=line)

    text = await export(project, "md")

    structure = outside_code(text)
    for name in ("to_lane", "subject", "ref", "tag", "note", "surface"):
        assert f"- {name}: CODE\n" in structure
    assert not re.search("[<>`\\[\u202e]", structure)


def test_what_is_not_seen_is_shown_in_markdown_and_nothing_else_changes() -> None:
    assert fenced("a\tb\u202e\n\r\nש 🚂") == "```text\na\tb[U+202E]\n\nש 🚂\n```"
    assert [code(text) for text in ("a", "`", "a``b", "", " ")] == ["`a`", "`` ` ``", "```a``b```", "`   `", "`   `"]


async def test_an_export_of_a_lane_or_of_a_thread_has_its_posts_only(
    project: Project, agent: Agent, peer: Agent
) -> None:
    for _ in range(3):
        await agent.call("post", to_lane="docs", body="To docs.")
        await agent.call("post", to_actor=peer.actor, body="To peer.")
        await agent.call("claim", sequence="adr")
    await peer.call("post", reply_to=1, body="One.")
    await agent.call("post", reply_to=7, body="Two.")
    async with looking(project.database, project.project_id) as page:
        pages = [await exports.export_events(page, project.owner, ExportArgs(lane="docs", limit=2))]
        while pages[-1].cursor is not None:
            args = ExportArgs(lane="docs", limit=2, after=pages[-1].cursor)
            pages.append(await exports.export_events(page, project.owner, args))
    of_thread = [json.loads(line) for line in (await export(project, "jsonl", thread=7)).splitlines()]

    assert [[event.payload["post_id"] for event in one.events] for one in pages] == [[1, 3], [5]]
    assert [(event["payload"]["post_id"], event["body"]) for event in of_thread] == [
        (1, "To docs."),
        (7, "One."),
        (8, "Two."),
    ]
    assert "the thread of post 7" in await export(project, "md", thread=7)


async def test_no_secret_is_exported(project: Project, lead: Agent) -> None:
    given = await lead.call("admin_provision", participant_name="new", idempotency_key="k-provision")
    invite = await lead.call("create_invite", idempotency_key="k-invite")
    exported = [await export(project, export_format) for export_format in ("jsonl", "md")]

    for text in exported:
        assert not any(secret in text for secret in (given["token"], invite["code"], lead.token, "k-provision", "sbx_"))


async def test_an_export_has_nothing_of_another_project(project: Project, other_project: Project) -> None:
    stranger = await other_project.join("stranger")
    await stranger.call("post", to_lane="docs", body="Elsewhere.")

    assert await export(project, "jsonl") == ""
    assert await export(project, "jsonl", lane="docs") == ""
    assert await export(project, "jsonl", thread=1) == ""
