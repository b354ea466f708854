"""Search: by words, filtered and ranked, whatever is typed, and the same whether it is indexed yet or not."""

from __future__ import annotations

import re
from itertools import chain
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.looking import looking
from domain.searching import hits, index
from signalbox.db.pool import Database
from signalbox.domain.search import FOUND_BEGINS, FOUND_ENDS, SearchArgs, find
from signalbox.errors import Conflict, InvalidArguments, NotFound
from support import Agent, Project, make_project

ODD = (
    "foo-bar",
    '"unbalanced',
    "'",
    "\\",
    ":*",
    "a & | ! ( b",
    "<-> <2>",
    "🚂",
    "日本語",
    "x",
    "the",
    "to be or not to be",
    "or",
    "-",
    "--",
    '-"',
    "\x02\x03\x1b[2J",
    "\u202e",
    "w" * 1000,
    "a " * 500,
    "- " * 500,
    "-| " * 300,
    '-" ' * 300,
    "-a " * 300,
    '"' * 1000,
    "a or " * 200,
    "&lt;b&gt; <b>",
)


@pytest.fixture(params=["as it stands", "indexed"])
async def filled(request: pytest.FixtureRequest, project: Project, agent: Agent, peer: Agent) -> Agent:
    """An agent that has written this and that; `seq` of each is its place here, plus two who joined."""
    for subject, body, ref, tag in (
        ("Retry policy", "The deploy in src/app.py failed: see PR-12 of <Cache>.", "PR-12", "bug"),  # 3
        (None, "Nothing was retried.", None, None),  # 4
    ):
        await agent.call("post", to_lane="docs", to_actor=peer.actor, subject=subject, body=body, ref=ref, tag=tag)
    await peer.call("post", reply_to=1, body="I retry the deploy.")  # 5
    await peer.call("task_create", title="Fix the cache", detail="In src/cache/app.py it retries.", lane="docs")  # 6
    await peer.call("claim", sequence="adr", note="How often to retry")  # 7
    await peer.call("lease", surface="src/app.py")  # 8
    await peer.call("lease", surface="src/app.py")  # 9
    await peer.call("release", surface="src/app.py")  # 10
    await agent.call("register", lane="backend", status="On retries")  # 11
    await peer.call("ack", post_id=2)
    await agent.call("ack", post_id=3, note="Retry it once.")
    if request.param == "indexed":
        assert await index(project) >= 13
    return agent


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("retry", {3, 4, 5, 6, 7, 11, 13}),
        ("RETRIES policy", {3}),
        ("policy or nothing", {3, 4}),
        ("retry -deploy", {4, 6, 7, 11, 13}),
        ("retry - deploy", {3, 5}),
        ('"retry the deploy"', {5}),
        ('"the retry deploy"', set()),
        ("app.py", {3, 6, 8}),
        ("src/app.py", {3, 8}),
        ("cache/app", {6}),
        ("pr-12", {3}),
        ("12", {3}),
        ("cache", {3, 6}),
        ("adr", {7}),
        ("nobody", set()),
        ("-nobody", {3, 4, 5, 6, 7, 8, 11, 13}),
    ],
)
async def test_words_are_found_wherever_somebody_wrote_them(filled: Agent, query: str, found: set[int]) -> None:
    assert set(await hits(filled, query)) == found


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"kind": "post"}, {3, 4, 5}),
        ({"kind": "task"}, {6}),
        ({"kind": "event"}, {7, 11, 13}),
        ({"actor": "codex-1"}, {5, 6, 7}),
        ({"lane": "docs"}, {3, 4, 6}),
        ({"lane": "backend"}, {11}),
        ({"lane": "doc"}, set()),
        ({"tag": "bug"}, {3}),
        ({"tag": "it's \\ & b"}, set()),
        ({"ref": "PR-12"}, {3}),
        ({"thread": 1}, {3, 5}),
        ({"thread": 3}, {3, 5}),
        ({"thread": 9}, set()),
        ({"lane": "docs", "kind": "task", "actor": "codex-1"}, {6}),
        ({"since": "2001-01-01"}, {3, 4, 5, 6, 7, 11, 13}),
        ({"since": "2999-01-01"}, set()),
        ({"until": "2001-01-01"}, set()),
    ],
)
async def test_filters_hold(filled: Agent, filters: dict[str, Any], found: set[int]) -> None:
    assert set(await hits(filled, "retry", **filters)) == found


async def test_times_are_places_in_the_ledger(filled: Agent) -> None:
    events = (await filled.call("query_events", after=0))["events"]
    at = {event["id"]: event["ts"] for event in events}

    found = set(await hits(filled, "retry", since=at[5], until=at[7]))

    assert {5, 6, 7} <= found <= {number for number, ts in at.items() if at[5] <= ts <= at[7]}


async def test_a_hit_says_what_it_is_and_why_it_was_found(filled: Agent) -> None:
    found = {hit["event_id"]: hit for hit in (await filled.call("search", query="src/app.py"))["hits"]}
    task = (await filled.call("search", query="cache retries", kind="task"))["hits"]

    assert found[3].items() >= {"post_id": 1, "type": "post", "title": "Retry policy", "actor": filled.actor}.items()
    assert "**src**/**app**.**py** failed" in found[3]["text"]
    assert found[8].keys() == {"event_id", "type", "title", "actor", "ts"}
    assert [(hit["task_id"], hit["title"], hit["text"]) for hit in task] == [
        (1, "Fix the cache", "In src/**cache**/app.py it **retries**.")
    ]


async def test_the_best_come_first_and_of_equals_the_newest(project: Project, agent: Agent) -> None:
    for subject, body in (("Cache", "One."), (None, "A cache."), (None, "Cache, cache!"), (None, "A cache.")):
        await agent.call("post", to_lane="docs", subject=subject, body=body)
    ranked = await hits(agent, "cache")
    await index(project)

    assert ranked == [2, 4, 5, 3]
    assert await hits(agent, "cache") == ranked


@pytest.mark.parametrize("query", ODD)
async def test_whatever_is_typed_is_answered(filled: Agent, query: str) -> None:
    answer = await filled.call("search", query=query)

    assert answer["hits"] == [] or query not in {"🚂", "日本語", "w" * 1000}


@pytest.mark.parametrize("query", ["", "a\0b", "a" * 1001, "\ud800", "x" * 10_240])
async def test_what_cannot_be_searched_for_is_refused(agent: Agent, query: str) -> None:
    with pytest.raises(InvalidArguments, match="query"):
        await agent.call("search", query=query)


async def test_somebody_nobody_knows_is_not_found(project: Project, agent: Agent) -> None:
    await project.join(project.handle)

    with pytest.raises(NotFound, match="no participant 'nobody'"):
        await agent.call("search", query="cache", actor="nobody")
    with pytest.raises(Conflict, match="could be"):
        await agent.call("search", query="cache", actor=project.handle)


words = st.one_of(
    st.sampled_from(["deploy", "src/app.py", "foo-bar", "foo_bar", "a.b", "x", "PR-12", "-5", "1.5", "🚂", "né"]),
    st.text(min_size=1, max_size=12).filter(lambda text: "\0" not in text and text.isprintable()),
)
marks = st.sampled_from([" ", " ", " ", " or ", " -", '"', ' "', "", "\n", "&", "|", "'", "\\", "(", "<->"])
queries = st.lists(st.tuples(marks, words), min_size=1, max_size=6).map(lambda parts: "".join(chain(*parts)))


@given(
    bodies=st.lists(st.lists(words, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=5),
    typed=st.lists(queries, min_size=1, max_size=5),
)
async def test_the_index_finds_what_reading_it_all_finds(
    database: Database, bodies: list[str], typed: list[str]
) -> None:
    project = await make_project(database)
    agent = await project.join("writer")
    for body in bodies:
        await agent.call("post", to_lane="docs", body=body)
    asked = [*typed, *(body[:1000] for body in bodies)]
    before = [await agent.call("search", query=query) for query in asked]
    await index(project)
    after = [await agent.call("search", query=query) for query in asked]

    assert after == before


spaces = st.sampled_from([" ", "\n", "\t", "/", "\u2028", "<b>"])


@given(body=st.lists(st.tuples(words, spaces), min_size=1, max_size=60))
async def test_a_headline_is_a_piece_of_the_text(database: Database, body: list[tuple[str, str]]) -> None:
    project = await make_project(database)
    agent = await project.join("writer")
    text = "".join(chain(*body)) + " needle " + "".join(chain(*reversed(body)))
    await agent.call("post", to_lane="docs", body=text)
    who = await agent.principal()
    async with looking(database, project.project_id) as page:
        (hit,) = (await find(page, who, SearchArgs(query="needle"))).hits

    assert hit.text is not None
    assert re.sub(f"[{FOUND_BEGINS}{FOUND_ENDS}]", "", hit.text) in text
    assert f"{FOUND_BEGINS}needle{FOUND_ENDS}" in hit.text


async def test_nothing_of_another_project_is_found(
    project: Project, other_project: Project, agent: Agent, database: Database
) -> None:
    stranger = await other_project.join("stranger")
    await stranger.call("post", to_lane="docs", subject="cache", body="cache", ref="PR-1", tag="t")
    await index(other_project)
    await index(project)

    for filters in ({}, {"lane": "docs"}, {"thread": 1}, {"ref": "PR-1"}, {"tag": f"{other_project.project_id}/n10/0"}):
        assert await hits(agent, "cache", **filters) == []
    async with looking(database, project.project_id) as page:
        for tenant, found in ((project.project_id, 0), (other_project.project_id, 0)):
            rows = await page.connection.fetch(
                "select * from search_hits_v1($1, 'cach', '{}', 0, 1000, 10, 10, null)", tenant
            )
            assert len(rows) == found
        for setting in ("", None, str(project.project_id)):
            await page.connection.execute("select set_config('signalbox.project_ids', $1, false)", setting)
            assert not await page.connection.fetch(
                "select * from search_hits_v1($1, 'cach', '{}', 0, 1000, 10, 10, null)", other_project.project_id
            )


async def test_only_its_functions_read_the_index(database: Database) -> None:
    async with database.connection() as connection:
        for statement in ("select * from search_entries", "update search_progress set seq = 0"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


async def test_what_was_said_in_a_closed_lane_is_found_by_its_insiders_only(
    project: Project, agent: Agent, peer: Agent, lead: Agent
) -> None:
    lane = (await agent.call("configure_lane", lane="yard", access="secret", invite=[peer.actor]))["lane"]
    await peer.call("join_lane", lane=lane)
    await agent.call("post", to_lane="docs", body="cache one")
    await agent.call("post", to_lane=lane, subject="cache", body="cache two")
    await peer.call("task_create", title="cache three", lane=lane)
    found = []
    for _ in range(2):
        for caller in (agent, peer, lead):
            found.append(sorted(await hits(caller, "cache")))
            found.append(sorted(await hits(caller, "cache", lane=lane)))
        await index(project)
    async with looking(project.database, project.project_id) as page:
        owner = [hit.event_id for hit in (await find(page, project.owner, SearchArgs(query="cache"))).hits]

    first = min(found[0])
    assert found == [[first, first + 1, first + 2], [first + 1, first + 2]] * 2 + [[first], []] + found[:6]
    assert owner == [first]


async def test_who_leaves_a_closed_lane_finds_nothing_of_it_any_more(
    project: Project, agent: Agent, peer: Agent
) -> None:
    await agent.call("configure_lane", lane="yard", access="private", invite=[peer.actor])
    await peer.call("join_lane", lane="yard")
    await agent.call("post", to_lane="yard", body="cache")
    await index(project)
    before = await hits(peer, "cache")
    await peer.call("leave_lane", lane="yard")

    assert (len(before), await hits(peer, "cache")) == (1, [])
