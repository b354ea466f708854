"""Row security of closed lanes: every table that holds what was said there is bound, and nobody's list is left over."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from signalbox.db.pool import Database
from signalbox.identity import mint_token, token_hash
from support import Agent

MASKED = {"presence"}  # a row there is everybody's; the lane's name in it goes through sees_lane_v1
BOUND = """
    select c.relname
    from pg_class c
    join pg_policy p on p.polrelid = c.oid
    where not p.polpermissive and p.polcmd = '*' and p.polname = 'lanes' and p.polroles = '{0}'
        and pg_get_expr(p.polqual, c.oid) = pg_get_expr(p.polwithcheck, c.oid)
"""
HOLDING = """
    select c.relname
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'closed_lane'
    where c.relkind = 'r'
"""


async def names(connection: Any, query: str) -> set[str]:
    return {name for (name,) in await connection.fetch(query)}


async def test_every_table_that_names_a_closed_lane_shows_it_to_insiders_only(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    bound, holding = await names(connection, BOUND), await names(connection, HOLDING)
    await connection.close()

    assert {"posts", "deliveries", "events", "tasks", "lane_members", "lanes", "lane_invitations"} <= bound
    assert bound == holding - MASKED


@pytest.mark.parametrize(
    ("lanes", "seen"),
    [
        (None, ["open"]),
        ("", ["open"]),
        ("{}", ["open"]),
        ('{a,"b c"}', ["a", "b c", "open"]),
        ("{*}", ["*", "open"]),
        ("*", ["*", "a", "b c", "open"]),
    ],
)
async def test_the_setting_says_which_lanes_are_seen(database: Database, lanes: str | None, seen: list[str]) -> None:
    async with database.connection() as connection, connection.transaction():
        await connection.execute("select set_config('signalbox.lanes', $1, true)", lanes)
        found = await connection.fetch(
            "select coalesce(l, 'open') as lane from unnest(array['*', 'a', 'b c', null]) with ordinality o (l, place) "
            "where sees_lane_v1(l) order by place"
        )

    assert [row["lane"] for row in found] == seen


async def test_an_authentication_sets_the_lanes_anew(
    database: Database, database_url: str, agent: Agent, peer: Agent
) -> None:
    who = await agent.principal()
    operator = await asyncpg.connect(database_url)
    await operator.execute(
        "update participations set closed_lanes = array['a', 'b c'] where participation_id = $1", who.participation_id
    )
    await operator.execute("update projects set has_closed_lanes = true where project_id = $1", who.project_id)
    await operator.close()
    seen = []
    async with database.connection() as connection:
        for token in (agent.token, peer.token, agent.token, mint_token()[0]):
            await connection.fetch("select * from authenticate_v3($1, null)", token_hash(token))
            seen.append(await connection.fetchval("select current_setting('signalbox.lanes')"))

    assert seen == ['{a,"b c"}', "{}", '{a,"b c"}', ""]
