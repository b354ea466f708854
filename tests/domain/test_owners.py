"""Owners and their projects, as the operator's commands set them up."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from domain.racing import refusals, together
from signalbox.db.pool import Database
from signalbox.domain import owners
from signalbox.errors import Conflict, InvalidArguments
from support import Project, make_project


def new_name() -> str:
    return f"o{uuid4().hex[:12]}"


async def test_an_email_bootstraps_an_owner_with_a_handle_of_its_own(database: Database) -> None:
    name = new_name()

    owner = await owners.bootstrap_owner(database, f"{name}.Smith@example.org", None)

    assert (owner.handle, owner.email) == (f"{name}-smith", f"{name}.Smith@example.org")


async def test_bootstrapping_again_answers_the_owner_there_is(database: Database) -> None:
    name = new_name()
    first = await owners.bootstrap_owner(database, f"{name}@example.org", name)

    again = await owners.bootstrap_owner(database, f"{name}@example.org", new_name())

    assert again == first


async def test_an_email_is_one_whatever_its_case(database: Database) -> None:
    name = new_name()
    first = await owners.bootstrap_owner(database, f"{name}@example.org", None)

    again = await owners.bootstrap_owner(database, f"{name.upper()}@Example.ORG", None)

    assert again.owner_id == first.owner_id


async def test_an_email_in_two_cases_at_once_is_one_owner(
    workers: list[Database], operator: asyncpg.Connection[Any]
) -> None:
    name = new_name()
    emails = [f"{name}@example.org", f"{name.upper()}@example.org"] * 4

    outcomes = await together(
        [
            owners.bootstrap_owner(worker, email, f"{name}-{number}")
            for number, (worker, email) in enumerate(zip(workers, emails, strict=True))
        ]
    )

    found = await operator.fetchval("select count(*) from owners where lower(email) = $1", f"{name}@example.org")
    assert found == 1
    assert {type(refused) for refused in refusals(outcomes)} <= {Conflict}


async def test_a_handle_is_one_owner_s(database: Database) -> None:
    name = new_name()
    await owners.bootstrap_owner(database, f"{name}@example.org", name)

    with pytest.raises(Conflict, match="handle is taken"):
        await owners.bootstrap_owner(database, f"other-{name}@example.org", name)


@pytest.mark.parametrize(
    "handle",
    ["admin", "system", "signalbox", "Support", "Alice/x", "-alice", "al ice", "alice\n", "x" * 40, "é", "a.b"],
)
async def test_a_handle_is_a_plain_word_that_means_nobody_else(database: Database, handle: str) -> None:
    with pytest.raises(InvalidArguments, match="cannot be a handle"):
        await owners.bootstrap_owner(database, f"{new_name()}@example.org", handle)


@pytest.mark.parametrize(
    ("email", "handle"),
    [
        ("Ada.Lovelace+x@example.org", "ada-lovelace-x"),
        ("admin@example.org", "admin-owner"),
        ("_@example.org", "owner"),
        ("é@example.org", "owner"),
        ("x" * 64 + "@example.org", "x" * 39),
        ("-root-", "root"),
    ],
)
def test_a_handle_is_made_of_a_name(email: str, handle: str) -> None:
    made = owners.handle_from(email)

    assert made == handle
    assert owners.HANDLE.fullmatch(made)


@pytest.mark.parametrize("email", ["", "ada", "ada@", "@example.org", "a b@example.org", "a@b@c", "a@b\n"])
async def test_what_is_no_email_is_refused(database: Database, email: str) -> None:
    with pytest.raises(InvalidArguments, match="not an email"):
        await owners.bootstrap_owner(database, email, new_name())


async def test_the_first_owner_is_the_one_who_runs_the_server(
    project: Project, database: Database, operator: asyncpg.Connection[Any]
) -> None:
    first = await owners.first_owner(database)

    assert first is not None
    assert await operator.fetchval("select owner_id from owners where is_operator") == first.owner_id
    assert await operator.fetchval("select not is_operator from owners where handle = $1", project.handle)


async def test_an_owner_leads_its_project_from_the_first_moment(project: Project) -> None:
    owner = project.owner

    assert (owner.actor, owner.is_lead, owner.kind) == (project.handle, True, "human")


async def test_a_project_is_made_once(database: Database, operator: asyncpg.Connection[Any]) -> None:
    owner = await owners.bootstrap_owner(database, f"{new_name()}@example.org", None)
    first = await owners.in_project(database, owner, "main")

    again = await owners.in_project(database, owner, "main")
    second = await owners.in_project(database, owner, "second")

    assert again == first
    assert second.project_id != first.project_id
    assert await operator.fetchval("select count(*) from ledgers where project_id = $1", first.project_id) == 1


async def test_a_project_made_by_many_at_once_is_one(workers: list[Database]) -> None:
    owner = await owners.bootstrap_owner(workers[0], f"{new_name()}@example.org", None)

    outcomes = await together([owners.in_project(worker, owner, "main") for worker in workers])

    assert len({(who.project_id, who.participation_id) for who in outcomes}) == 1


async def test_two_owners_may_have_projects_of_one_name(database: Database) -> None:
    one, other = await make_project(database, "shared-name"), await make_project(database, "shared-name")

    assert one.project_id != other.project_id
