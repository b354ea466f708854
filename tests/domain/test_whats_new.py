"""What's new: the digest a session starts with, and the cursor that a lost answer does not lose anything by."""

from __future__ import annotations

from typing import Any

from domain.racing import answers, head, spread, together
from signalbox.db.pool import Database
from support import Agent, Project


async def claims(agent: Agent, count: int) -> None:
    """Make some events."""
    for _ in range(count):
        await agent.call("claim", sequence="adr")


def seen(page: dict[str, Any]) -> list[int]:
    return [event["id"] for event in page["events"]]


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


async def test_twenty_digests_of_one_token_at_once_end_and_share_the_events(
    agent: Agent, workers: list[Database]
) -> None:
    await claims(agent, 50)
    await agent.call("whats_new", limit=1)

    pages = answers(await together([caller.call("whats_new", limit=2) for caller in spread(agent, workers, 20)]))

    assert sorted(event for page in pages for event in seen(page)) == list(range(2, 42))
    assert (await agent.call("whats_new"))["since_event_id"] == 41


async def test_twenty_first_digests_at_once_miss_nothing(agent: Agent, workers: list[Database]) -> None:
    await claims(agent, 50)

    pages = answers(await together([caller.call("whats_new", limit=2) for caller in spread(agent, workers, 20)]))

    end = (await agent.call("whats_new"))["since_event_id"]
    assert len(pages) == 20
    assert {event for page in pages for event in seen(page)} == set(range(1, end + 1))
