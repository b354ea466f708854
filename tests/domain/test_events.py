"""The ledger: read by exact filters, and followed without missing or repeating anything."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from domain.racing import answers, head, ledger, spread, together
from signalbox.db.pool import Database
from signalbox.errors import InvalidArguments, NotFound
from support import Agent, Project


async def claims(agent: Agent, count: int, sequence: str = "adr") -> None:
    """Make some events."""
    for _ in range(count):
        await agent.call("claim", sequence=sequence)


async def ids(agent: Agent, **filters: Any) -> list[int]:
    return [event["id"] for event in (await agent.call("query_events", **filters))["events"]]


def seen(page: dict[str, Any]) -> list[int]:
    return [event["id"] for event in page["events"]]


async def test_events_are_numbered_from_one_without_a_gap(agent: Agent, workers: list[Database]) -> None:
    callers = spread(agent, workers, 24)
    await together([caller.call("claim", sequence="adr") for caller in callers])
    await together([caller.call("release", surface="nothing") for caller in callers])
    await together([caller.call("lease", surface=f"f{number}") for number, caller in enumerate(callers)])

    events = await ledger(agent)
    assert [event["id"] for event in events] == list(range(1, await head(agent) + 1))
    assert [event["ts"] for event in events] == sorted(event["ts"] for event in events)


async def test_a_reader_who_follows_the_ledger_misses_nothing(agent: Agent, workers: list[Database]) -> None:
    writers = spread(agent, workers[1:], 21)
    followed: list[int] = []

    async def follow() -> None:
        while len(followed) < 21:
            page = await agent.call("query_events", after=followed[-1] if followed else 0, type="claim")
            followed.extend(seen(page))

    start = await head(agent)
    await together([follow(), *(writer.call("claim", sequence="adr") for writer in writers)])

    assert followed == list(range(start + 1, start + 22))


async def test_an_event_has_five_fields(agent: Agent) -> None:
    await claims(agent, 1)

    (event,) = (await agent.call("query_events", type="claim"))["events"]

    assert set(event) == {"id", "ts", "actor", "type", "payload"}
    assert event["ts"].endswith("Z")


async def test_without_a_cursor_the_newest_come_first(agent: Agent) -> None:
    await claims(agent, 5)
    last = await head(agent)

    assert await ids(agent, limit=2) == [last, last - 1]
    assert await ids(agent, last_n=3, limit=1) == [last, last - 1, last - 2]
    assert await ids(agent, before=last - 1, limit=2) == [last - 2, last - 3]
    assert "cursor" not in await agent.call("query_events")


async def test_after_a_cursor_the_oldest_come_first(agent: Agent) -> None:
    await claims(agent, 5)
    last = await head(agent)

    page = await agent.call("query_events", after=last - 3, limit=2)
    rest = await agent.call("query_events", after=page["cursor"], limit=2)
    end = await agent.call("query_events", after=rest["cursor"], limit=2)

    assert (seen(page), page["cursor"]) == ([last - 2, last - 1], last - 1)
    assert (seen(rest), rest["cursor"]) == ([last], last)
    assert end == {"events": [], "cursor": last}


@pytest.mark.parametrize("cursor", [{}, {"after": 0}])
async def test_filters_hold_together_and_before_the_limit(agent: Agent, peer: Agent, cursor: dict[str, int]) -> None:
    wanted = (await agent.call("post", to_lane="review", body="This.", ref="PR-1", tag="ask"))["event_id"]
    for other in ({"ref": "PR-1", "tag": "fyi"}, {"ref": "PR-10", "tag": "ask"}, {"ref": "pr-1", "tag": "ask"}):
        await agent.call("post", to_lane="review", body="Not this.", **other)
    await peer.call("post", to_lane="review", body="Nor this.", ref="PR-1", tag="ask")
    filters = {"actor": agent.actor, "type": "post", "ref": "PR-1", "tag": "ask"}

    assert await ids(agent, limit=1, **filters, **cursor) == [wanted]
    assert await ids(agent, limit=1, **filters | {"type": "ack"}, **cursor) == []


async def test_a_sequence_is_filtered_exactly(agent: Agent) -> None:
    await claims(agent, 2, "adr")
    await claims(agent, 1, "adr-2")

    found = await ledger(agent, sequence="adr")

    assert [event["payload"]["number"] for event in found] == [1, 2]


async def test_times_bound_the_answer_at_both_ends(agent: Agent) -> None:
    await claims(agent, 1)
    (first,) = await ledger(agent, type="claim")
    moment = first["ts"]

    inside = await ids(agent, since=moment, until=moment, type="claim")
    other_zone = await ids(agent, since=moment.replace("Z", "+00:00"), type="claim")

    assert inside == other_zone == [first["id"]]
    assert await ids(agent, until="2001-01-01") == []
    assert await ids(agent, since="9999-12-31T23:59:59") == []


@pytest.mark.parametrize(
    "moment", ["yesterday", "", "2026-13-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
async def test_a_time_that_is_none_is_refused_by_name(agent: Agent, moment: str) -> None:
    with pytest.raises(InvalidArguments, match=r"^since: "):
        await agent.call("query_events", since=moment)


async def test_an_actor_is_followed_through_its_names(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    await claims(agent, 1)
    before = agent.actor
    rename = (
        "update participants a set label = 'renamed' from participations p"
        " where p.participant_id = a.participant_id and p.project_id = $1 and a.label = 'claude-1'"
    )
    await operator.execute(rename, project.project_id)
    await claims(agent, 1)

    found = await ledger(agent, actor="renamed", type="claim")

    assert [event["actor"] for event in found] == [before, f"{project.handle}/renamed"]
    with pytest.raises(NotFound, match="no participant"):
        await agent.call("query_events", actor=before)


async def test_a_participant_who_left_is_still_found(
    agent: Agent, lead: Agent, operator: asyncpg.Connection[Any]
) -> None:
    await claims(agent, 1)
    await operator.execute(
        "update participations set removed_at = now() where participation_id = $1",
        (await agent.principal()).participation_id,
    )

    found = await ledger(lead, actor="claude-1", type="claim")

    assert [event["actor"] for event in found] == [agent.actor]


async def test_the_digest_reads_on_from_where_it_stopped(agent: Agent, peer: Agent) -> None:
    start = await head(agent)
    await claims(peer, 3)

    first = await agent.call("whats_new")
    second = await agent.call("whats_new")
    await claims(peer, 1)
    third = await agent.call("whats_new")

    assert (first["since_event_id"], seen(first)) == (0, list(range(1, start + 4)))
    assert (second["since_event_id"], seen(second)) == (start + 3, [])
    assert (third["since_event_id"], seen(third), third["cursor"]) == (start + 3, [start + 4], start + 4)


async def test_the_digest_says_how_things_stand(lead: Agent, agent: Agent, peer: Agent) -> None:
    await lead.call("seed_sequence", sequence="adr", current=9, prefix="ADR-", pad=3)
    await claims(peer, 1)
    await peer.call("lease", surface="src/**")
    await peer.call("post", to_actor=agent.actor, body="Look.")

    digest = await agent.call("whats_new")

    assert digest["unacked_posts"] == 1
    assert digest["active_leases"] == 1
    assert digest["latest_claims"] == {"adr": "ADR-010"}
    assert digest["head"] == digest["cursor"] == digest["events"][-1]["id"]
    assert "_unread_posts" not in digest


async def test_the_digest_of_an_empty_project_is_whole(other_project: Project) -> None:
    agent = await other_project.join("claude-1")

    digest = await agent.call("whats_new", after=1)

    assert digest == {
        "since_event_id": 1,
        "events": [],
        "cursor": 1,
        "head": 1,
        "unacked_posts": 0,
        "active_leases": 0,
        "latest_claims": {},
    }


async def test_a_full_page_says_that_there_is_more(agent: Agent) -> None:
    await claims(agent, 5)
    last = await head(agent)

    pages = [await agent.call("whats_new", limit=last - 2) for _ in range(3)]

    assert [seen(page) for page in pages] == [list(range(1, last - 1)), [last - 1, last], []]
    assert [page["cursor"] < page["head"] for page in pages] == [True, False, False]


async def test_a_lost_answer_is_delivered_again(agent: Agent) -> None:
    await claims(agent, 6)
    await agent.call("whats_new", limit=2)
    lost = await agent.call("whats_new", limit=3)
    await claims(agent, 1)

    again = [await agent.call("whats_new", redeliver=True, limit=limit) for limit in (3, 500, 1)]
    on = await agent.call("whats_new", limit=2)

    assert [seen(page) for page in again] == [seen(lost)] * 3
    assert {page["cursor"] for page in again} == {lost["cursor"]}
    assert seen(on)[0] == lost["cursor"] + 1


async def test_an_empty_page_does_not_replace_the_last_one(agent: Agent) -> None:
    await claims(agent, 3)
    page = await agent.call("whats_new")
    await agent.call("whats_new")

    assert seen(await agent.call("whats_new", redeliver=True)) == seen(page)


async def test_the_first_delivery_may_be_a_redelivery(agent: Agent) -> None:
    await claims(agent, 2)
    last = await head(agent)

    page = await agent.call("whats_new", redeliver=True, limit=2)

    assert seen(page) == [1, 2]
    assert seen(await agent.call("whats_new")) == list(range(3, last + 1))


async def test_looking_without_advancing_moves_nothing(agent: Agent) -> None:
    await claims(agent, 3)

    looked = [seen(await agent.call("whats_new", advance_cursor=False, limit=2)) for _ in range(2)]

    assert looked == [[1, 2], [1, 2]]
    assert (await agent.call("whats_new"))["since_event_id"] == 0


async def test_reading_after_an_id_moves_nothing(agent: Agent) -> None:
    await claims(agent, 3)
    await agent.call("whats_new", limit=2)

    page = await agent.call("whats_new", after=0, limit=3)

    assert (seen(page), page["since_event_id"], page["cursor"]) == ([1, 2, 3], 0, 3)
    assert (await agent.call("whats_new"))["since_event_id"] == 2


async def test_every_participation_has_a_cursor_of_its_own(agent: Agent, peer: Agent) -> None:
    await claims(agent, 1)
    await agent.call("whats_new")

    assert (await peer.call("whats_new"))["since_event_id"] == 0


async def test_twenty_digests_of_one_token_at_once_end(agent: Agent, workers: list[Database]) -> None:
    await claims(agent, 30)
    last = await head(agent)

    outcomes = await together([caller.call("whats_new", limit=2) for caller in spread(agent, workers, 20)])

    pages = answers(outcomes)
    assert len(pages) == 20
    assert {event for page in pages for event in seen(page)} >= set(range(1, pages_end(pages) + 1))
    assert (await agent.call("whats_new"))["since_event_id"] == pages_end(pages) <= last


def pages_end(pages: list[dict[str, Any]]) -> int:
    end: int = max(page["cursor"] for page in pages)
    return end


async def test_reading_makes_no_event(agent: Agent) -> None:
    before = await head(agent)

    for tool in ("whats_new", "query_events", "read_posts", "who_holds", "list_tasks", "who_is_active", "whoami"):
        await agent.call(tool)

    assert await head(agent) == before
