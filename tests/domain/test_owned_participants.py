"""An owner's participants, created before they are in any project."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from domain.racing import refusals, together
from signalbox.db.pool import Database
from signalbox.domain import memberships
from signalbox.domain.memberships import ParticipantArgs
from signalbox.errors import Conflict, TooMany


async def test_a_participant_is_created_once(database: Database, bob: int) -> None:
    made = await memberships.create_participant(database, bob, ParticipantArgs(label="new", kind="human"))

    assert (made.label, made.kind, made.projects) == ("new", "human", [])
    with pytest.raises(Conflict, match="already"):
        await memberships.create_participant(database, bob, ParticipantArgs(label="new"))


async def test_a_participant_that_was_removed_is_created_again(
    database: Database, bob: int, operator: asyncpg.Connection[Any]
) -> None:
    made = await memberships.create_participant(database, bob, ParticipantArgs(label="new"))
    await operator.execute("update participants set removed_at = now() where participant_id = $1", made.participant_id)

    again = await memberships.create_participant(database, bob, ParticipantArgs(label="new", kind="human"))

    assert (again.participant_id, again.kind) == (made.participant_id, "human")


async def test_of_many_who_create_one_participant_one_does(workers: list[Database], bob: int) -> None:
    outcomes = await together(
        [memberships.create_participant(worker, bob, ParticipantArgs(label="new")) for worker in workers]
    )

    assert [type(refusal) for refusal in refusals(outcomes)] == [Conflict] * (len(workers) - 1)


async def test_an_owner_has_ten_thousand_participants_at_most(
    database: Database, bob: int, operator: asyncpg.Connection[Any]
) -> None:
    fill = "insert into participants (owner_id, label, kind) select $1, 'p' || n, 'agent' from generate_series(2, $2) n"
    await operator.execute(fill, bob, 10_000)

    with pytest.raises(TooMany, match="10000 participants"):
        await memberships.create_participant(database, bob, ParticipantArgs(label="new"))
