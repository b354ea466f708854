"""The board of a project, the overview of an owner's projects, and the chart of activity."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.acts import scene
from domain.looking import change, looking, remove
from signalbox.domain import board, events, owners
from signalbox.domain.board import Activity, ActivityArgs, Board
from signalbox.domain.events import OneEventArgs
from signalbox.domain.owners import OwnerRow
from signalbox.errors import NotFound
from signalbox.identity import Principal
from support import Agent, Project


async def read(project: Project) -> Board:
    async with looking(project.database, project.project_id) as page:
        found = await board.board(page, project.owner)
        assert page.ran == ["board"]
        return found


async def chart(project: Project, hours: int = 24) -> Activity:
    async with looking(project.database, project.project_id) as page:
        return await board.activity(page, project.owner, ActivityArgs(hours=hours))


async def test_a_new_project_has_an_empty_board(project: Project) -> None:
    found = await read(project)

    assert found.model_dump(exclude={"task_counts", "unread_posts"}) == {
        "head": 0,
        **{name: [] for name in ("active", "handoffs", "leases", "tasks", "sequences", "events")},
        **{f"{name}_count": 0 for name in ("active", "handoffs", "leases", "sequences")},
    }
    assert found.task_counts == dict.fromkeys(("open", "assigned", "in_progress", "blocked", "done", "cancelled"), 0)


async def test_the_board_shows_how_the_project_stands(project: Project) -> None:
    lead = await scene(project)

    found = await read(project)

    assert [(one.actor, one.lane) for one in found.active] == [(lead.actor, "docs")]
    assert [(one.post_id, one.to, one.overdue) for one in found.handoffs] == [
        (1, lead.actor, False),
        (2, lead.actor, False),
    ]
    assert [(one.surface, one.actor, one.note) for one in found.leases] == [("held", lead.actor, "The cache.")]
    assert 0 < found.leases[0].expires_in_seconds <= 1800
    assert [(one.task_id, one.status, one.blockers) for one in found.tasks] == [
        (3, "in_progress", 0),
        (4, "blocked", 1),
        (2, "assigned", 0),
    ]
    assert found.task_counts == {"open": 1, "assigned": 1, "in_progress": 1, "blocked": 1, "done": 0, "cancelled": 0}
    assert [(one.name, one.next, one.next_formatted) for one in found.sequences] == [("adr", 2, "2")]
    assert found.events[0].id == found.head
    assert len(found.events) == min(found.head, 30)
    assert (found.active_count, found.handoffs_count, found.leases_count, found.sequences_count) == (1, 2, 1, 1)


async def test_handoffs_wait_oldest_first_and_are_overdue_after_a_day(
    project: Project, agent: Agent, peer: Agent, database_url: str
) -> None:
    for number in range(3):
        await agent.call("post", to_actor=peer.actor, subject=f"S{number}", ref=f"PR-{number}", body="Look.")
    await peer.call("ack", post_id=2)
    await change(
        database_url,
        "update posts set created_at = created_at - interval '25 hours' where project_id = $1 and post_id = 1",
        project.project_id,
    )

    first, second = (await read(project)).handoffs

    assert (first.post_id, first.from_, first.to, first.subject, first.ref) == (
        1,
        agent.actor,
        peer.actor,
        "S0",
        "PR-0",
    )
    assert (first.overdue, second.overdue) == (True, False)
    assert timedelta(seconds=first.waiting_seconds) >= timedelta(hours=25) > timedelta(seconds=second.waiting_seconds)
    assert second.post_id == 3


async def test_a_post_waits_for_each_of_its_recipients(project: Project, agent: Agent) -> None:
    members = [await project.join(name, lane="review") for name in ("b", "a")]
    await agent.call("post", to_lane="review", body="Look.")

    found = await read(project)

    assert [(one.post_id, one.to, one.to_lane) for one in found.handoffs] == [
        (1, members[1].actor, "review"),
        (1, members[0].actor, "review"),
    ]


async def test_who_has_left_is_not_on_the_board(project: Project, lead: Agent, peer: Agent, database_url: str) -> None:
    await peer.call("register", lane="docs")
    await lead.call("post", to_actor=peer.actor, body="Look.")
    await remove(database_url, peer)
    found = await read(project)

    assert (found.active, found.active_count) == ([], 0)
    assert (found.handoffs, found.handoffs_count) == ([], 0)


async def test_what_has_expired_or_was_not_seen_is_not_on_the_board(
    project: Project, agent: Agent, database_url: str
) -> None:
    await agent.call("register", lane="docs")
    await agent.call("lease", surface="src/**")
    for statement in (
        "update leases set expires_at = clock_timestamp() - interval '1 second' where project_id = $1",
        "update presence set last_seen_at = last_seen_at - interval '16 minutes' where project_id = $1",
    ):
        await change(database_url, statement, project.project_id)
    found = await read(project)

    assert (found.active, found.active_count, found.leases, found.leases_count) == ([], 0, [], 0)


async def test_lists_of_the_board_are_short_and_counts_say_how_much_there_is(
    project: Project, agent: Agent, peer: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "BOARD_SHOWN_MAX", 2)
    monkeypatch.setattr(board, "COUNT_MAX", 4)
    for number in range(5):
        await agent.call("post", to_actor=peer.actor, body="Look.")
        await agent.call("lease", surface=f"src/{number}")
        await agent.call("claim", sequence=f"s{number}")
        await agent.call("task_create", title="Do it")
    found = await read(project)

    assert [len(found.handoffs), len(found.leases), len(found.sequences)] == [2, 2, 2]
    assert [found.handoffs_count, found.leases_count, found.task_counts["open"]] == [4, 4, 4]
    assert found.sequences_count == 5


async def test_the_board_shows_nothing_of_another_project(project: Project, other_project: Project) -> None:
    await scene(other_project)

    assert (await read(project)).head == 0


async def owner_of(project: Project, email: str) -> tuple[OwnerRow, Principal]:
    owner = await owners.bootstrap_owner(project.database, email, None)
    return owner, await owners.in_project(project.database, owner, "second")


async def test_an_owner_sees_all_projects_at_a_glance_in_one_statement(project: Project) -> None:
    lead = await scene(project)
    owner, second = await owner_of(project, f"{project.handle}@example.org")
    async with looking(project.database, project.project_id, second.project_id) as page:
        main, empty = await board.overview(page, owner.owner_id)

    assert (main.name, main.active, main.handoffs, main.last_actor) == ("main", 1, 2, lead.actor)
    assert (main.head, main.last_type) == ((await read(project)).head, "task_block")
    assert empty.model_dump(exclude={"created_at", "unread_posts"}) == {
        "project_id": second.project_id,
        "name": "second",
        "archived_at": None,
        "liveness_seconds": 900,
        "active": 0,
        "handoffs": 0,
        "head": 0,
        "last_at": None,
        "last_type": None,
        "last_actor": None,
    }
    assert page.ran == ["overview"]


async def test_the_overview_counts_handoffs_to_its_bound_and_shows_archived_projects_last(
    project: Project, agent: Agent, peer: Agent, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "OVERVIEW_HANDOFFS_MAX", 2)
    for _ in range(4):
        await agent.call("post", to_actor=peer.actor, body="Look.")
    owner, second = await owner_of(project, f"{project.handle}@example.org")
    await change(database_url, "update projects set archived_at = now() where project_id = $1", project.project_id)
    async with looking(project.database, project.project_id, second.project_id) as page:
        found = await board.overview(page, owner.owner_id)

    assert [(one.name, one.handoffs, one.archived_at is None) for one in found] == [
        ("second", 0, True),
        ("main", 3, False),
    ]


async def test_the_overview_is_of_that_owner_only(project: Project, other_project: Project, agent: Agent) -> None:
    await agent.call("post", to_lane="docs", body="Mine.")
    stranger, _ = await owner_of(other_project, f"{other_project.handle}@example.org")
    async with looking(project.database, project.project_id, other_project.project_id) as page:
        found = await board.overview(page, stranger.owner_id)

    assert project.project_id not in {one.project_id for one in found}
    assert len(found) == 2


async def test_activity_counts_by_hour_and_type(project: Project, agent: Agent, database_url: str) -> None:
    for _ in range(3):
        await agent.call("claim", sequence="adr")
    await agent.call("post", to_lane="docs", body="Look.")
    for hours, number in ((2, 1), (30, 2)):
        await change(
            database_url,
            "update events set at = date_trunc('hour', now()) - make_interval(hours => $2)"
            " where project_id = $1 and type = 'claim' and payload ->> 'number' = $3",
            project.project_id,
            hours,
            str(number),
        )
    found = await chart(project)
    hour = found.until.replace(minute=0, second=0, microsecond=0)

    assert [(one.hour, one.type, one.count) for one in found.counts if one.type != "admin_provision"] == [
        (hour - timedelta(hours=2), "claim", 1),
        (hour, "claim", 1),
        (hour, "post", 1),
    ]
    assert (found.cut, found.since) == (False, hour - timedelta(hours=23))


async def test_activity_says_when_it_was_cut(project: Project, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "ACTIVITY_EVENTS_MAX", 3)
    for _ in range(5):
        await agent.call("claim", sequence="adr")
    found = await chart(project)

    assert found.cut
    assert sum(one.count for one in found.counts) == 3
    assert found.counted_since is not None


async def test_no_activity_is_no_counts(project: Project) -> None:
    found = await chart(project, hours=1)

    assert (found.counts, found.cut, found.counted_since) == ([], False, None)


async def test_one_event_is_found_by_its_number(project: Project, agent: Agent, other_project: Project) -> None:
    posted = await agent.call("post", to_lane="docs", subject="S", body="Look.")
    args = OneEventArgs(id=posted["event_id"])
    async with looking(project.database, project.project_id) as page:
        event = await events.one_event(page, project.owner, args)
        with pytest.raises(NotFound, match="no event 999 in this project"):
            await events.one_event(page, project.owner, OneEventArgs(id=999))
    async with looking(project.database, other_project.project_id) as page:
        with pytest.raises(NotFound):
            await events.one_event(page, other_project.owner, args)

    assert (event.id, event.type, event.payload["subject"]) == (posted["event_id"], "post", "S")
