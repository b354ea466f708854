"""Pages of search: everything once, the newest first together, and how far one search looks."""

from __future__ import annotations

from itertools import chain
from typing import Any

import asyncpg
import pytest

from domain.looking import looking
from domain.searching import EVENTS_MAX, index, pages_of, post_many
from signalbox.domain import search
from signalbox.errors import InvalidArguments
from support import Agent, Project


@pytest.mark.parametrize("indexed", [0, 9, 1000])
async def test_pages_have_everything_once_and_older_ones_later(
    project: Project, agent: Agent, monkeypatch: pytest.MonkeyPatch, indexed: int
) -> None:
    monkeypatch.setattr(search, "RANKED_MAX", 5)
    for number in range(12):
        await agent.call("post", to_lane="docs", body="cache " * (number % 3 + 1))
        if number == indexed:
            await index(project)
    if indexed == EVENTS_MAX:
        await index(project)

    pages = await pages_of(agent, "cache", limit=2)

    assert sorted(chain(*pages)) == list(range(2, 14))
    assert [len(page) for page in pages] == [2, 2, 1, 2, 2, 1, 2]
    assert set(chain(*pages[:3])) == set(range(9, 14))


async def test_what_is_written_meanwhile_moves_no_page(project: Project, agent: Agent) -> None:
    for _ in range(4):
        await agent.call("post", to_lane="docs", body="cache")
    first = await agent.call("search", query="cache", limit=3)
    await agent.call("post", to_lane="docs", body="cache")
    await index(project)
    second = await agent.call("search", query="cache", limit=3, cursor=first["cursor"])

    assert [[hit["event_id"] for hit in page["hits"]] for page in (first, second)] == [[5, 4, 3], [2]]
    assert "cursor" not in second


async def test_far_blocks_of_events_are_reached(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    """Blocks grow from 1,024 to 32,768 and, after 64 of those, to 1,048,576 events."""
    for body in ("cache near", "cache far"):
        await agent.call("post", to_lane="docs", body=body)
    await index(project)
    for seq in (2_000, 70_000, 5_000_000):
        await operator.execute(
            "insert into search_entries select $1, $2, null, to_tsvector('signalbox', 'cache') || array_to_tsvector("
            "array(select format('%s/n%s/%s', $1::bigint, bits, $2::bigint >> bits) "
            "from unnest('{10,15,20}'::int[]) bits))",
            project.project_id,
            seq,
        )
    async with looking(project.database, project.project_id) as page:
        found = await page.connection.fetch(
            "select seq from search_hits_v1($1, 'cach', '{}', 0, 9000000, 10, 10, null)", project.project_id
        )
        missed = await page.connection.fetch(
            "select seq from search_hits_v1($1, 'cach', '{}', 2000, 4999999, 10, 10, null)", project.project_id
        )

    assert sorted(row["seq"] for row in found) == [2, 3, 2_000, 70_000, 5_000_000]
    assert [row["seq"] for row in missed] == [70_000]


async def test_a_phrase_of_common_words_is_searched_step_by_step(
    project: Project, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKS_MAX", 20)
    await post_many(project, agent, ["fast cache", *["cache fast"] * 2199])

    first = await agent.call("search", query='"fast cache"')
    pages = await pages_of(agent, '"fast cache"')

    assert first == {"hits": [], "cursor": "2047.0"}
    assert pages == [[], [], [2]]


async def test_a_search_that_takes_long_goes_on_where_it_stopped(
    project: Project, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words that stand in half of the posts each, and in few of them together: in older ones closer to each other."""
    met = {1, 1100, 1101, 1102, 2050, 2051, 2052, 2053, 2054}
    bodies = [f"fast {'and ' * (n // 20)} cache" if n in met else ("fast", "cache")[n % 2] for n in range(1, 2201)]
    await post_many(project, agent, bodies)
    monkeypatch.setattr(search, "LOOKING_SECONDS", 0)
    pages = await pages_of(agent, "fast cache", limit=2)
    first = await agent.call("search", query="fast cache", limit=2)
    monkeypatch.setattr(search, "LOOKING_SECONDS", 60)
    second = await agent.call("search", query="fast cache", limit=2, cursor=first["cursor"])
    whole = await pages_of(agent, "fast cache", limit=50)
    monkeypatch.setattr(search, "LOOKING_SECONDS", 0)
    later = await agent.call("search", query="fast cache", limit=2, cursor="2201.6.1023")

    assert [len(page) for page in pages] == [2, 2, 1, 2, 1, 1]
    assert [set(chain(*part)) for part in (pages[:3], pages[3:5], pages[5:])] == [
        {2051, 2052, 2053, 2054, 2055},
        {1101, 1102, 1103},
        {2},
    ]
    assert first["cursor"] == "2201.2.2047"
    assert [hit["event_id"] for hit in second["hits"]] == pages[1]
    assert [sorted(page) for page in whole] == [sorted(chain(*pages))]
    assert ([hit["event_id"] for hit in later["hits"]], later["cursor"]) == ([2052, 2051], "1023.0")


async def test_what_lies_between_index_and_tail_is_counted(
    project: Project, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    await agent.call("post", to_lane="docs", body="cache")
    await index(project)
    for _ in range(5):
        await agent.call("post", to_lane="docs", body="cache")
    whole = await agent.call("search", query="cache")
    monkeypatch.setattr(search, "TAIL_EVENTS_MAX", 2)
    partly = await agent.call("search", query="cache")

    assert "unsearched" not in whole
    assert len(whole["hits"]) == 6
    assert partly["unsearched"] == 3
    assert [hit["event_id"] for hit in partly["hits"]] == [7, 6, 2]


async def test_a_tail_of_long_texts_is_cut_by_their_length(agent: Agent) -> None:
    for _ in range(34):
        await agent.call("post", to_lane="docs", body="cache " * 1333)

    found = await agent.call("search", query="cache", limit=50)

    assert len(found["hits"]) == 33  # 32 have 255,936 bytes, and the one with which it is too much
    assert found["unsearched"] == 2  # that post, and who joined


@pytest.mark.parametrize("cursor", ["", "1", "1.1.1.1", "1.1.", "1..1", "-1.0", "9" * 16 + ".0", "1.0001", "x", "1.-1"])
async def test_only_cursors_are_cursors(agent: Agent, cursor: str) -> None:
    with pytest.raises(InvalidArguments, match="cursor"):
        await agent.call("search", query="cache", cursor=cursor)
