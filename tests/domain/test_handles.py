"""Handles: one owner's for ever, addresses when they are old, and learnt by every project."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from domain.racing import answers, at, ledger, refusals, together
from domain.test_projects import owner_of
from signalbox.db.pool import Database
from signalbox.domain import identities, owners, projects
from signalbox.domain.identities import Identity, SignedUp
from signalbox.errors import Conflict, Forbidden, InvalidArguments, NotFound, TooMany, Unavailable
from signalbox.identity import secret_hash
from support import Agent, Project, make_project


def new_handle() -> str:
    return f"h{uuid4().hex[:12]}"


async def sign_up(database: Database, handle: str, email: str | None = None) -> SignedUp:
    """Choose a handle as somebody new does, who has just proved an email."""
    identity = Identity("oidc", uuid4().hex, email or f"{new_handle()}@example.org")
    secret = await identities.begin_sign_up(database, identity, "/admin")
    return await identities.sign_up(database, secret_hash(secret), handle)


async def rename(project: Project, handle: str) -> str:
    owner = await owner_of(project.database, project)
    return (await owners.change_handle(project.database, owner.owner_id, handle)).handle


async def test_a_handle_is_what_was_wished_in_lower_case(project: Project, agent: Agent) -> None:
    wish = new_handle()

    assert await rename(project, wish.upper()) == wish
    assert (await agent.call("whoami"))["actor"] == f"{wish}/claude-1"


async def test_addresses_with_the_old_handle_go_on_meaning_the_same(
    project: Project, agent: Agent, peer: Agent
) -> None:
    old, new = project.handle, new_handle()
    await rename(project, new)
    for name in (f"{old}/claude-1", f"{new}/claude-1", f"{old.upper()}/claude-1", "claude-1"):
        await peer.call("post", to_actor=name, body="Look.")
    for name in (old, new):
        await peer.call("task_create", title="Yours", owner=name)

    assert {post["to_actor"] for post in (await agent.call("read_posts"))["posts"]} == {f"{new}/claude-1"}
    assert [task["owner"] for task in (await peer.call("list_tasks", owner=old))["tasks"]] == [new, new]


@pytest.mark.parametrize("name", ["{old}/", "{old}/nobody", "/claude-1", "{old}/claude-1/x", "/"])
async def test_an_old_handle_is_no_way_around_a_whole_name(project: Project, agent: Agent, name: str) -> None:
    old = project.handle
    await rename(project, new_handle())

    with pytest.raises(NotFound):
        await agent.call("post", to_actor=name.format(old=old), body="Look.")


async def test_an_old_handle_that_is_a_label_too_is_refused_with_both(project: Project) -> None:
    old, new = project.handle, new_handle()
    agent = await project.join(old)
    await rename(project, new)

    with pytest.raises(Conflict) as refused:
        await agent.call("post", to_actor=old, body="Look.")

    assert refused.value.state == {"candidates": [new, f"{new}/{old}"]}


async def test_what_happened_keeps_its_names_and_is_found_by_both(project: Project, agent: Agent) -> None:
    old, new = project.handle, new_handle()
    await agent.call("claim", sequence="adr")
    await rename(project, new)
    await agent.call("claim", sequence="adr")

    by_old, by_new = [await ledger(agent, actor=f"{name}/claude-1", type="claim") for name in (old, new)]
    assert by_old == by_new
    assert [event["actor"] for event in by_old] == [f"{old}/claude-1", f"{new}/claude-1"]


async def test_every_project_of_the_owner_learns_it_once(database: Database, project: Project, agent: Agent) -> None:
    owner, old, new = await owner_of(database, project), project.handle, new_handle()
    second = Project(database, await owners.in_project(database, owner, "second"))
    closed = Project(database, await owners.in_project(database, owner, "closed"))
    await projects.archive_project(database, closed.owner)
    other = await second.join("claude-1")

    await rename(project, new)
    await rename(project, new)

    for one in (agent, other):
        (event,) = await ledger(one, type="rename")
        assert (event["actor"], event["payload"]) == (old, {"from": old, "to": new})
    await projects.unarchive_project(database, closed.owner)
    assert await ledger(await closed.join("claude-1"), type="rename") == []


async def test_the_present_is_shown_by_the_new_name_and_the_past_by_the_old(
    project: Project, agent: Agent, peer: Agent
) -> None:
    old, new = project.handle, new_handle()
    for title in ("open", "done"):
        await peer.call("task_create", title=title, owner="claude-1")
    await agent.call("task_start", task_id=2)
    await agent.call("task_ship", task_id=2)
    await agent.call("lease", surface="src/app.py")
    await rename(project, new)

    tasks = {task["title"]: task["owner"] for task in (await agent.call("list_tasks"))["tasks"]}
    holders = [lease["actor"] for lease in (await peer.call("who_holds"))["leases"]]
    assert tasks == {"open": f"{new}/claude-1", "done": f"{old}/claude-1"}
    assert holders == [f"{new}/claude-1"]


async def test_who_made_a_task_may_hand_it_on_under_a_new_name(project: Project, agent: Agent, peer: Agent) -> None:
    assert peer.actor.endswith("/codex-1")
    stranger = await project.join("gemini-1")
    await agent.call("task_create", title="Ship it", owner="codex-1")
    await rename(project, new_handle())

    with pytest.raises(Forbidden):
        await stranger.call("task_assign", task_id=1, owner="gemini-1")
    assert (await agent.call("task_assign", task_id=1, owner="gemini-1"))["status"] == "assigned"


async def test_an_old_handle_is_nobody_else_s(database: Database, project: Project, other_project: Project) -> None:
    old = project.handle
    await rename(project, new_handle())

    for attempt in (
        rename(other_project, old),
        sign_up(database, old.upper()),
        owners.bootstrap_owner(database, f"{new_handle()}@example.org", old),
    ):
        with pytest.raises(Conflict, match="handle is taken") as refused:
            await attempt
        assert refused.value.state == {"handle": old, "suggestions": [f"{old}-{n}" for n in (2, 3, 4)]}


async def test_an_owner_may_take_up_its_old_handle_again(database: Database, project: Project) -> None:
    old, new = project.handle, new_handle()
    await rename(project, new)

    assert await rename(project, old) == old
    had = await owners.list_handles(database, (await owner_of(database, project)).owner_id)
    assert [(one.handle, one.is_current) for one in had] == [(old, True), (new, False)]


async def test_an_owner_has_five_handles_at_most(project: Project) -> None:
    had = [project.handle, *[await rename(project, new_handle()) for _ in range(4)]]

    with pytest.raises(TooMany) as refused:
        await rename(project, new_handle())

    assert refused.value.state == {"handles": sorted(had)}
    assert await rename(project, had[0]) == had[0]


@pytest.mark.parametrize("wish", ["", "admin", "Sign-In", "a/b", "-a", "a" * 40, "a_b"])
async def test_what_cannot_be_a_handle_is_refused_by_its_field(project: Project, wish: str) -> None:
    with pytest.raises(InvalidArguments) as refused:
        await rename(project, wish)

    assert refused.value.state == {"field": "handle"}


async def test_who_signs_up_never_operates_the_server(database: Database, operator: asyncpg.Connection[Any]) -> None:
    handle = new_handle()

    made = await sign_up(database, handle, f"{handle}@example.org")

    row = await operator.fetchrow("select handle, is_operator from owners where owner_id = $1", made.owner_id)
    assert row is not None
    assert tuple(row) == (handle, False)
    with pytest.raises(Conflict, match="this email"):
        await sign_up(database, new_handle(), f"{handle.upper()}@Example.org")


async def test_of_many_who_want_one_handle_at_once_one_gets_it(workers: list[Database]) -> None:
    wish = new_handle()
    rivals = [await owner_of(worker, await make_project(worker)) for worker in workers[:4]]
    renamings = [owners.change_handle(workers[n], rival.owner_id, wish) for n, rival in enumerate(rivals)]
    newcomers = [sign_up(worker, wish) for worker in workers[4:]]

    outcomes = await together([*renamings, *newcomers])

    assert len(answers(outcomes)) == 1
    assert {type(refused) for refused in refusals(outcomes)} == {Conflict}
    assert {refused.message for refused in refusals(outcomes)} == {"this handle is taken: choose another"}


async def test_two_owners_cannot_swap(workers: list[Database]) -> None:
    pair = [await owner_of(worker, await make_project(worker)) for worker in workers[:2]]

    outcomes = await together(
        [
            owners.change_handle(workers[0], pair[0].owner_id, pair[1].handle),
            owners.change_handle(workers[1], pair[1].owner_id, pair[0].handle),
        ]
    )

    assert {type(outcome) for outcome in outcomes} == {Conflict}


async def test_a_handle_that_its_owner_is_giving_up_is_taken(
    project: Project, other_project: Project, operator: asyncpg.Connection[Any]
) -> None:
    """Who waited for it would wait in a circle if its owner wished for the one that is given up here."""
    theirs = other_project.handle
    async with operator.transaction():
        await operator.execute("update owners set handle = $1 where handle = $2", new_handle(), theirs)
        with pytest.raises(Conflict, match="this handle is taken"):
            await rename(project, theirs)


async def test_in_each_ledger_the_event_stands_between_the_old_name_and_the_new(
    project: Project, agent: Agent, workers: list[Database]
) -> None:
    """Acts, joins (which touch the owner's row under the head) and a changed handle at once: none waits in a circle."""
    old, new = project.handle, new_handle()
    owner = await owner_of(project.database, project)
    calls = [at(worker, agent).call("claim", sequence="adr") for worker in workers for _ in range(4)]
    joins = [Project(worker, project.owner).join(f"new-{n}") for n, worker in enumerate(workers)]

    outcomes = await together([*calls, *joins, owners.change_handle(workers[0], owner.owner_id, new)])

    assert refusals(outcomes) == []
    events = await ledger(agent)
    renamed = next(event["id"] for event in events if event["type"] == "rename")
    assert {event["actor"].split("/")[0] for event in events if event["id"] <= renamed} == {old}
    assert {event["actor"].split("/")[0] for event in events if event["id"] > renamed} <= {new}


async def test_a_project_that_is_held_up_holds_up_no_other_for_long(
    project: Project, operator: asyncpg.Connection[Any]
) -> None:
    async with operator.transaction():
        await operator.execute("select from ledgers where project_id = $1 for update", project.project_id)
        with pytest.raises(Unavailable):
            await asyncio.wait_for(rename(project, new_handle()), 10)

    assert (await owner_of(project.database, project)).handle == project.handle
