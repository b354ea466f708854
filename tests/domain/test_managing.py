"""What every act of the pages keeps: leads only, their own project only, once per key, no secret anywhere."""

from __future__ import annotations

import re
from typing import Any

import asyncpg
import pytest

from domain.managing import WAYS, managed_scene
from domain.racing import head, ledger, refusals, together
from signalbox.db.pool import Database
from signalbox.errors import Conflict, Forbidden, NotFound, Unauthenticated
from signalbox.identity import token_hash
from support import Project

EVERY = list(WAYS)


@pytest.mark.parametrize("name", EVERY)
async def test_the_owner_does_it_and_it_is_an_event_of_the_owner(project: Project, name: str) -> None:
    scene, way = await managed_scene(project), WAYS[name]
    before = await head(scene.lead)

    await way.verb(project.database, project.owner, way.args(scene))

    events = await ledger(scene.lead)
    assert len(events) == before + way.events
    assert events[-1]["actor"] == project.handle


@pytest.mark.parametrize("name", EVERY)
async def test_who_is_no_lead_may_not(project: Project, name: str) -> None:
    scene, way = await managed_scene(project), WAYS[name]
    before = await head(scene.lead)

    with pytest.raises(Forbidden, match="only a lead may"):
        await way.verb(project.database, await scene.worker.principal(), way.args(scene))
    assert await head(scene.lead) == before


@pytest.mark.parametrize("name", sorted(set(EVERY) - {"grant"}))
async def test_what_is_of_another_project_is_not_there(project: Project, other_project: Project, name: str) -> None:
    scene, way = await managed_scene(project), WAYS[name]
    before = await head(scene.lead)

    with pytest.raises(NotFound):
        await way.verb(other_project.database, other_project.owner, way.args(scene))
    assert await head(scene.lead) == before


@pytest.mark.parametrize("name", EVERY)
async def test_the_same_key_gives_the_first_answer_without_its_secret(
    project: Project, operator: asyncpg.Connection[Any], name: str
) -> None:
    scene, way = await managed_scene(project), WAYS[name]
    first = await way.verb(project.database, project.owner, way.with_key(scene))
    after = await head(scene.lead)

    again = await way.verb(project.database, project.owner, way.with_key(scene))

    assert await head(scene.lead) == after
    if way.has_secret:
        assert first.token
        assert again == first.model_copy(update={"token": None, "secret_shown_before": True, "next": again.next})
        assert again.next
    else:
        assert again == first
    kept = await operator.fetch("select k::text from idempotency_keys k where project_id = $1", project.project_id)
    written = str([*kept, await ledger(scene.lead)])
    for secret in re.findall(r"sbx_\w+", str(first)):
        assert secret not in written
        assert token_hash(secret).hex() not in written


@pytest.mark.parametrize("name", EVERY)
async def test_the_same_key_with_other_arguments_is_a_conflict(project: Project, name: str) -> None:
    scene, way = await managed_scene(project), WAYS[name]
    await way.verb(project.database, project.owner, way.with_key(scene))

    with pytest.raises(Conflict, match="used with other arguments"):
        await way.verb(project.database, project.owner, way.with_key(scene, others=True))


@pytest.mark.parametrize("name", EVERY)
async def test_retries_at_once_are_one_act(project: Project, workers: list[Database], name: str) -> None:
    scene, way = await managed_scene(project), WAYS[name]
    before = await head(scene.lead)

    outcomes = await together([way.verb(worker, project.owner, way.with_key(scene)) for worker in workers])

    assert refusals(outcomes) == []
    assert await head(scene.lead) == before + way.events
    if way.has_secret:
        assert sum(outcome.token is not None for outcome in outcomes) == 1


@pytest.mark.parametrize("name", sorted(set(EVERY) - {"change_member", "mint_token"}))
async def test_of_rivals_without_a_key_one_does_it(project: Project, workers: list[Database], name: str) -> None:
    scene, way = await managed_scene(project), WAYS[name]
    before = await head(scene.lead)

    outcomes = await together([way.verb(worker, project.owner, way.args(scene)) for worker in workers])

    done = [one for one in outcomes if getattr(one, "revoked", None) != 0 and one not in refusals(outcomes)]
    assert len(done) == 1
    assert all(isinstance(refusal, Conflict | NotFound) for refusal in refusals(outcomes))
    assert await head(scene.lead) == before + way.events


@pytest.mark.parametrize("name", EVERY)
async def test_a_lead_that_was_demoted_may_not_any_more(project: Project, name: str) -> None:
    scene, way = await managed_scene(project), WAYS[name]
    boss = await scene.lead.principal()
    demote = WAYS["change_member"].args(scene).model_copy(update={"participant_name": "lead", "role": "member"})

    await WAYS["change_member"].verb(project.database, project.owner, demote)

    with pytest.raises(Forbidden, match="only a lead may"):
        await way.verb(project.database, boss, way.args(scene))


@pytest.mark.parametrize("name", EVERY)
async def test_a_lead_that_was_removed_may_not_any_more(project: Project, name: str) -> None:
    scene, way = await managed_scene(project), WAYS[name]
    boss = await scene.lead.principal()
    remove = WAYS["remove_member"].args(scene).model_copy(update={"participant_name": "lead"})

    await WAYS["remove_member"].verb(project.database, project.owner, remove)

    with pytest.raises(Unauthenticated):
        await way.verb(project.database, boss, way.args(scene))
