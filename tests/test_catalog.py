"""The catalog: what every tool keeps, whichever it is."""

from __future__ import annotations

from typing import Any

import pytest

from domain.acts import CALLS, LOOKS, scene
from domain.racing import head
from signalbox.catalog import CATALOG
from signalbox.errors import Forbidden, InvalidArguments, NotFound, ScopeTooNarrow
from signalbox.identity import EVERYDAY_GROUPS, Scope
from support import Agent, Project

EVERY = [tool.name for tool in CATALOG]
TOOLS = """
    ack admin_provision admin_revoke admin_rotate check_numbers check_surfaces claim claims_of configure_lane
    create_invite editor_hook inbox join_lane latest_claims lease leave_lane list_lanes list_participants
    list_sequences list_tasks my_token note_override post post_status query_events read_posts register release rename
    reset_cursor search seed_sequence settle_claim sync task_assign task_block task_cancel task_create task_next
    task_note task_release task_resolve task_ship task_start wait whats_new who_holds who_is_active whoami
"""
FIELDS = {
    "claim": "sequence number formatted note",
    "seed_sequence": "sequence current prefix pad",
    "latest_claims": "sequences: sequence number formatted by at",
    "list_sequences": "sequences: name prefix pad last_used next next_formatted",
    "register": "actor lane status registered_at",
    "who_is_active": "active: actor lane last_seen reach unread",
    "rename": "actor was",
    "post": "post_id event_id created_at",
    "read_posts": "posts: post_id from to_actor body created_at acked",
    "post_status": "post_id counts receipts",
    "ack": "post_id acked_at",
    "wait": "fired: on index post_ids",
    "sync": "posts: post_id from to_actor body created_at acked",
    "reset_cursor": "cursor",
    "lease": "lease_id surface expires_at others",
    "release": "released",
    "who_holds": "leases: surface actor expires_at expires_in_seconds note",
    "task_create": "task_id status",
    "task_assign": "task_id status owner",
    "task_start": "task_id status",
    "task_block": "task_id status",
    "task_resolve": "task_id status",
    "task_ship": "task_id status",
    "task_next": "task",
    "task_release": "task_id status",
    "task_cancel": "task_id status",
    "task_note": "task_id status",
    "settle_claim": "sequence number formatted outcome settled_at",
    "list_tasks": "tasks: task_id title lane owner status blockers",
    "query_events": "events: id ts actor type payload",
    "whats_new": "since_event_id events unacked_posts active_leases latest_claims",
    "search": "hits: event_id type actor ts",
    "whoami": "actor handle label project is_admin",
    "list_participants": "participants: name actor kind is_admin token_active",
    "admin_provision": "project participant kind lane is_admin token setup",
    "admin_rotate": "project participant is_admin token setup",
    "admin_revoke": "project participant revoked",
    "list_lanes": "lanes: lane access joined",
    "join_lane": "lane members",
    "leave_lane": "lane left",
    "configure_lane": "lane access",
    "create_invite": "code expires_at redeem_url invite_prompt",
    "check_numbers": "numbers: sequence number state next",
    "claims_of": "claims: number formatted by at seq",
    "check_surfaces": "leases: surface lease actor mine expires_in_seconds note mode",
    "my_token": "scopes is_admin",
    "inbox": "actor project waiting posts",
    "editor_hook": "hookSpecificOutput",
    "note_override": "event_id",
}
INBOXES = {"editor_hook", "inbox", "read_posts", "reset_cursor", "sync", "wait", "whats_new"}


def has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(has_null(inner) for inner in value.values())
    if isinstance(value, list):
        return any(has_null(inner) for inner in value)
    return value is None


def test_the_tools_are_those_that_users_know() -> None:
    assert sorted(EVERY) == sorted(TOOLS.split())
    assert set(CALLS) == set(FIELDS) == set(EVERY)


@pytest.mark.parametrize("tool", EVERY)
async def test_an_answer_has_the_fields_that_users_know_and_no_nulls(project: Project, tool: str) -> None:
    lead = await scene(project)

    answer = await lead.call(tool, **CALLS[tool])

    name, listed, inner = FIELDS[tool].partition(":")
    if listed:
        assert answer[name]
        assert set(inner.split()) <= set(answer[name][0])
    else:
        assert set(name.split()) <= set(answer)
    assert not has_null(answer)


@pytest.mark.parametrize("tool", EVERY)
async def test_what_is_unread_is_on_every_answer_but_those_that_report_the_inbox(project: Project, tool: str) -> None:
    lead = await scene(project)

    answer = await lead.call(tool, **CALLS[tool])

    expected = None if tool in INBOXES else 1 if tool == "ack" else 2
    assert answer.get("_unread_posts") == expected
    assert CATALOG.get(tool).reports_inbox == (tool in INBOXES)


@pytest.mark.parametrize("tool", EVERY)
async def test_nothing_unread_is_not_said(project: Project, tool: str) -> None:
    lead = await scene(project)
    await lead.call("ack", through_id=2)

    assert "_unread_posts" not in await lead.call(tool, **CALLS[tool])


async def test_what_is_unread_is_counted_to_a_thousand(project: Project, agent: Agent, peer: Agent) -> None:
    await peer.call("post", to_actor=agent.actor, body="Look.")
    async with project.database.connection() as connection:
        await connection.execute("select set_config('signalbox.project_ids', $1, false)", str(project.project_id))
        await connection.execute(
            "insert into deliveries (project_id, post_id, participation_id)"
            " select project_id, post_id + n, participation_id from deliveries, generate_series(1, 1500) n"
        )

    assert (await agent.call("whoami"))["_unread_posts"] == 1000


async def test_empty_values_that_are_no_nulls_stay(agent: Agent) -> None:
    assert await agent.call("who_holds") == {"leases": []}
    assert (await agent.call("whoami"))["is_admin"] is False
    assert (await agent.call("release", surface="nothing")) == {"released": 0}


@pytest.mark.parametrize(
    ("tool", "wrong", "meant"),
    [
        ("post", "to_lne", "to_lane"),
        ("lease", "surfaces", "surface"),
        ("lease", "ttl_secs", "ttl_seconds"),
        ("read_posts", "unacked", "unacked_only"),
        ("task_ship", "taskid", "task_id"),
        ("whats_new", "advance", "advance_cursor"),
        ("claim", "idempotency", "idempotency_key"),
    ],
)
async def test_an_unknown_argument_is_refused_with_what_was_meant(
    agent: Agent, tool: str, wrong: str, meant: str
) -> None:
    with pytest.raises(InvalidArguments) as refused:
        await agent.call(tool, **CALLS[tool], **{wrong: "x"})

    assert f"unknown argument '{wrong}'; did you mean '{meant}'?" in refused.value.message


@pytest.mark.parametrize("tool", EVERY)
async def test_no_tool_takes_a_project_or_a_caller(project: Project, tool: str) -> None:
    lead = await scene(project)

    for identity in ("project", "project_id", "participation_id", "participant_id", "token", "token_hash", "who"):
        with pytest.raises(InvalidArguments, match=f"unknown argument '{identity}'"):
            await lead.call(tool, **CALLS[tool], **{identity: 1})


def test_a_name_like_nothing_known_is_refused_shortly() -> None:
    with pytest.raises(InvalidArguments) as refused:
        CATALOG.get("whoami").parse({"x" * 100_000: 1, "\x1b[2J": 2, "c": 3, "d": 4, "e": 5})

    assert len(refused.value.message) < 200
    assert refused.value.message.isprintable()
    assert "and 2 more" in refused.value.message


@pytest.mark.parametrize("name", ["\ud800", "", "a\nb", "__class__", "model_config"])
def test_a_strange_name_is_refused_in_print(name: str) -> None:
    with pytest.raises(InvalidArguments) as refused:
        CATALOG.get("whoami").parse({name: 1})

    assert refused.value.message.isprintable()


def test_what_is_missing_is_named() -> None:
    with pytest.raises(InvalidArguments, match=r"^task_id is required; reason is required$"):
        CATALOG.get("task_block").parse({})


@pytest.mark.parametrize("arguments", [None, [], "x", 1, [("sequence", "adr")]])
def test_arguments_are_an_object(arguments: Any) -> None:
    with pytest.raises(InvalidArguments):
        CATALOG.get("claim").parse(arguments)


@pytest.mark.parametrize(("name", "meant"), [("claims", "claim"), ("who_hold", "who_holds"), ("task_finish", None)])
async def test_an_unknown_tool_is_not_found_with_what_was_meant(agent: Agent, name: str, meant: str | None) -> None:
    with pytest.raises(NotFound, match=f"there is no tool '{name}'") as refused:
        await agent.call(name)

    if meant is not None:
        assert f"did you mean '{meant}'?" in refused.value.message


@pytest.mark.parametrize("tool", EVERY)
@pytest.mark.parametrize("scopes", [{Scope.READ}, {Scope.WRITE}, {Scope.READ, Scope.WRITE}, {Scope.MANAGE}])
async def test_a_tool_needs_its_scope_whatever_the_role(project: Project, tool: str, scopes: set[Scope]) -> None:
    lead = await scene(project)
    narrow = await project.join("lead", lead=True, scopes=frozenset(scopes))
    before = await head(lead)
    wanted = CATALOG.get(tool).scope

    if wanted in scopes:
        await narrow.call(tool, **CALLS[tool])
    else:
        with pytest.raises(ScopeTooNarrow, match=f"lacks the scope '{wanted}'") as refused:
            await narrow.call(tool, **CALLS[tool])
        assert refused.value.state == {"scope": wanted}
        assert await head(lead) == before


def test_reading_needs_no_more_than_read_and_only_leads_manage() -> None:
    for tool in CATALOG:
        reads = tool.name in LOOKS and tool.name != "sync"  # which may only read, and sends where it is told to
        expected = Scope.READ if reads else Scope.MANAGE if tool.is_admin else Scope.WRITE
        assert tool.scope is expected
        assert tool.lead_only == (tool.is_admin or tool.name == "seed_sequence")


async def test_who_may_not_manage_is_not_shown_how(project: Project, lead: Agent, agent: Agent) -> None:
    narrow = await project.join("narrow", lead=True, scopes=frozenset({Scope.READ, Scope.WRITE}))

    shown = [{tool.name for tool in CATALOG.listed_for(await caller.principal())} for caller in (lead, agent, narrow)]

    managing = {"admin_provision", "admin_rotate", "admin_revoke", "create_invite"}
    everyday = {tool.name for tool in CATALOG if tool.group in EVERYDAY_GROUPS}
    assert shown == [everyday, everyday - managing, everyday - managing]


@pytest.mark.parametrize("tool", [tool.name for tool in CATALOG if tool.lead_only])
async def test_a_tool_that_is_not_shown_is_forbidden_and_not_unknown(agent: Agent, tool: str) -> None:
    with pytest.raises(Forbidden, match=f"only a lead may call {tool}") as refused:
        await agent.call(tool, **CALLS[tool])

    assert not isinstance(refused.value, ScopeTooNarrow)


@pytest.mark.parametrize("tool", EVERY)
async def test_whose_owner_is_suspended_is_refused(project: Project, tool: str) -> None:
    lead = await scene(project)
    async with project.database.connection() as connection:
        await connection.execute("update owners set suspended_at = now() where handle = $1", project.handle)

    with pytest.raises(Forbidden, match="suspended"):
        await lead.call(tool, **CALLS[tool])
