"""Acts of several callers that travel together: each caller is proved, and counted, as if it came alone."""

from __future__ import annotations

import json
from typing import Any

import asyncpg
import pytest

from signalbox.db.acts import as_json
from signalbox.db.pool import STATEMENTS, Database
from support import Agent, Project

CLAIM = {"sequence": "adr", "note": None}


async def perform(database: Database, *acts: tuple[Agent, str, dict[str, Any]]) -> list[asyncpg.Record]:
    """Perform acts in one transaction, as a carrier does; answers what came of each."""
    who = [await agent.principal() for agent, _, _ in acts]
    return await performed(database, list(zip(who, acts, strict=True)))


async def performed(database: Database, acts: list[Any]) -> list[asyncpg.Record]:
    written = [
        as_json(
            {
                "tool": tool,
                "participation_id": who.participation_id,
                "token_hash": who.token_hash,
                "key": None,
                "arguments_hash": None,
                "given": given,
                "session": None,
            }
        )
        for who, (_, tool, given) in acts
    ]
    project_id = acts[0][0].project_id
    return await database.run(STATEMENTS["perform_acts"], [project_id, f"[{','.join(written)}]"])


@pytest.fixture
async def ada(project: Project) -> Agent:
    return await project.join("ada")


@pytest.fixture
async def bob(project: Project) -> Agent:
    return await project.join("bob")


async def as_superuser(database_url: str, statement: str, *values: Any) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "end",
    [
        "update tokens set revoked_at = now() where participation_id = $1",
        "update tokens set expires_at = now() where participation_id = $1",
        "update participations set removed_at = now() where participation_id = $1",
    ],
)
async def test_whose_token_has_ended_is_refused_among_those_whose_holds(
    database: Database, database_url: str, ada: Agent, bob: Agent, end: str
) -> None:
    acts = [(await each.principal(), (each, "claim", CLAIM)) for each in (ada, bob, ada)]
    await as_superuser(database_url, end, acts[1][0].participation_id)

    rows = await performed(database, acts)

    assert [row["state"] for row in rows] == [None, "SB401", None]
    assert [json.loads(row["answer"])["number"] for row in rows if row["answer"]] == [1, 2]


async def test_a_token_acts_only_as_its_own_participant(database: Database, ada: Agent, bob: Agent) -> None:
    hers, his = await ada.principal(), await bob.principal()
    stolen = his.model_copy(update={"token_hash": hers.token_hash})

    rows = await performed(database, [(hers, (ada, "claim", CLAIM)), (stolen, (bob, "claim", CLAIM))])

    assert [row["state"] for row in rows] == [None, "SB401"]


async def test_each_answer_counts_what_waits_for_its_own_caller(
    database: Database, ada: Agent, bob: Agent, agent: Agent
) -> None:
    to_bob = {"to_actor": bob.actor, "body": "one of two"}

    rows = await perform(
        database, (ada, "post", to_bob), (bob, "claim", CLAIM), (ada, "post", to_bob), (agent, "claim", CLAIM)
    )

    answers = [json.loads(row["answer"]) for row in rows]
    assert [answer.get("_unread_posts") for answer in answers] == [None, 2, None, None]
    assert (await bob.call("claim", sequence="adr"))["_unread_posts"] == 2


async def test_what_waits_behind_closed_doors_is_counted_for_insiders_alone(
    database: Database, database_url: str, ada: Agent, bob: Agent, agent: Agent
) -> None:
    for reader in (ada, bob):
        await agent.call("post", to_actor=reader.actor, body="behind closed doors")
    hers = await ada.principal()
    await as_superuser(
        database_url, "update deliveries set closed_lane = 'vault' where project_id = $1", hers.project_id
    )
    await as_superuser(
        database_url,
        "update participations set closed_lanes = '{vault}' where participation_id = $1",
        hers.participation_id,
    )
    await as_superuser(
        database_url, "update projects set has_closed_lanes = true where project_id = $1", hers.project_id
    )

    rows = await perform(database, (ada, "claim", CLAIM), (bob, "claim", CLAIM), (ada, "claim", CLAIM))

    answers = [json.loads(row["answer"]) for row in rows]
    assert [answer.get("_unread_posts") for answer in answers] == [1, None, 1]
