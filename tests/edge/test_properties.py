"""Whatever a tool is called with, on whichever way in: one clear answer that its schema knows, of one's own project.

Bounded by default; `--hypothesis-profile=long` is the long run.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

import jsonschema_rs
import pytest
from anyio import to_thread
from hypothesis import given, note, settings
from hypothesis import strategies as st

from edge.generating import STRANGERS_NAME, fitting, hostile
from edge.twins import MARK, REST, ROLES, WAYS, Twins, make_stranger, make_twin
from edge.wire import is_whole
from proofs.furnished import all_rows
from signalbox.catalog import CATALOG
from signalbox.db.pool import Database
from signalbox.domain.waits import WAIT_SECONDS_MAX
from signalbox.edge.schemas import PROSE_CHARACTERS_MIN
from signalbox.identity import EVERYDAY_GROUPS
from support import ServerProcess

NOT_SAID_IN_TOOLS_LIST: Final = {
    "not": "which arguments do not go together: likewise",
    "additionalProperties": "each tool would pay for it in bytes; the refusal names the argument and the nearest",
    "minLength": "nobody sends an empty text on purpose",
    "maxLength": "only of names, which nobody writes that long; not of a text, where its writer cannot guess it",
    "minimum": "the refusal says it in the same words, and numbers come from answers",
    "maximum": "likewise",
    "minItems": "nobody sends an empty list on purpose",
    "maxItems": "the refusal says it in the same words, and lists are short",
    "pattern": "the refusal shows it, and names mostly are repeated from answers",
    "anyOf": "only at the root, which clients flatten or skip: post wants to_lane or to_actor",
    "oneOf": "only at the root: ack wants one of post_id, post_ids and through_id",
}
"""Rules that the OpenAPI document says and `tools/list` does not, each with its reason."""

NO_MOMENTS: Final = (
    "0000-01-01T00:00:00Z",
    "2024-12-31T23:59:60Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
)
"""Of RFC 3339, but not to be held: the year 0, leap seconds, and what in UTC lies beside the years 1 to 9999."""

UNREADABLE: Final = -32700
"""What the SDK may say of a text that is no JSON to it, where REST says invalid_arguments."""

EXAMPLES_FACTOR: Final = 2  # of what the profile says: an example is four calls of some milliseconds
LEVELS_MAX: Final = 190  # the SDK reads 200, of which its message takes some


@pytest.fixture(scope="module")
async def twins(server: ServerProcess, database: Database, database_url: str) -> AsyncIterator[Twins]:
    by_way = {way: await make_twin(database) for way in WAYS}
    stranger = await make_stranger(database)
    before = await all_rows(database_url, stranger.project.project_id)
    found = Twins(server, by_way, stranger)
    yield found
    found.web.close()
    assert await all_rows(database_url, stranger.project.project_id) == before


def levels(value: Any) -> int:
    """Count how deep a value is nested."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(levels, inner), default=0)


def readable(arguments: Mapping[str, Any]) -> bool:
    """Say whether every reader takes it for JSON: no lone surrogate, no NaN, no infinity, not too deep."""
    if levels(arguments) > LEVELS_MAX:
        return False
    try:
        json.dumps(arguments, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return True


def broken_rules(schema: dict[str, Any], arguments: Mapping[str, Any], *, formats: bool = False) -> set[str]:
    """Name the rules of a schema that arguments break; of an argument that may be null, those of the other kind."""
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=formats)
    return {rule for error in validator.iter_errors(arguments) for rule in _rules(error)}


def _rules(error: Any) -> Iterator[str]:
    path, kind = error.schema_path, error.kind
    if path[-1] == "anyOf" and len(path) > 1:
        branches = [list(branch) for branch in kind.context]
        yield from (rule for branch in branches[:-1] for inner in branch for rule in _rules(inner))
    elif path[-1] in {"anyOf", "oneOf", "additionalProperties"}:
        yield path[-1] if len(path) == 1 else "within"
    else:
        is_said = path[-1] == "maxLength" and kind.limit >= PROSE_CHARACTERS_MIN
        yield f"{path[-1]} that is said" if is_said else path[-1]


def moments_in(arguments: Mapping[str, Any]) -> list[str]:
    return [arguments[name] for name in ("since", "until") if isinstance(arguments.get(name), str)]


def judge(twins: Twins, tool: str, role: str, arguments: dict[str, Any]) -> None:
    """Call a tool in every twin and see that the answers are what they must be."""
    handle = f"{twins.stranger.project.handle}/"
    named = {name: value for name, value in arguments.items() if value == STRANGERS_NAME}
    sent = arguments | dict.fromkeys(named, f"{handle}stranger")
    outcomes = {way: twins.call(way, role, tool, sent) for way in WAYS}
    codes = {way: outcome.code for way, outcome in outcomes.items()}
    for outcome in outcomes.values():
        assert outcome.status < 500, outcome
        assert outcome.code not in {-32603, "internal_error"}, outcome
        assert MARK not in outcome.text, outcome
        assert handle not in outcome.text or handle in json.dumps(sent), outcome
        if outcome.code is None:
            jsonschema_rs.Draft202012Validator(twins.answered(tool), validate_formats=True).validate(outcome.fields)
    expected = codes[REST]
    read = readable(sent)
    assert all(code == expected or (code == UNREADABLE and not read) for code in codes.values()), (codes, sent)
    assert len({tuple(sorted(outcome.fields)) for outcome in outcomes.values()}) == 1 or expected is not None, outcomes
    if CATALOG.tools[tool].lead_only and role == "member":
        assert expected == "forbidden" or (not read and expected == "invalid_arguments"), codes
        return
    if not read:
        assert expected == "invalid_arguments", codes
        return
    schema = twins.taken(tool)
    if broken_rules(schema, sent):
        assert expected == "invalid_arguments", codes
    elif not broken_rules(schema, sent, formats=True) and not set(NO_MOMENTS).intersection(moments_in(sent)):
        assert expected != "invalid_arguments", outcomes[REST]
    # Of lists of objects tools/list says in words what is in them: their schemas would be long.
    if CATALOG.tools[tool].waits is None and not broken_rules(twins.listed_schema(tool), sent):
        assert broken_rules(schema, sent) <= NOT_SAID_IN_TOOLS_LIST.keys()


def at_once(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Let a tool that may wait answer at once, where it would be let wait."""
    name = CATALOG.tools[tool].waits
    if name is None or not is_whole(arguments.get(name, 0)) or not 0 <= arguments.get(name, 0) <= WAIT_SECONDS_MAX:
        return arguments
    return arguments | {name: 0}


@pytest.mark.parametrize("tool", [tool.name for tool in CATALOG if tool.group in EVERYDAY_GROUPS])
async def test_one_answer_on_every_way_in_whatever_the_arguments(twins: Twins, tool: str) -> None:
    full, listed = twins.taken(tool), twins.listed_schema(tool)
    arguments = st.one_of(fitting(full), fitting(listed), hostile(full), hostile(full))

    @settings(max_examples=EXAMPLES_FACTOR * settings().max_examples)
    @given(role=st.sampled_from((ROLES[0], *ROLES)), arguments=arguments)
    def holds(role: str, arguments: dict[str, Any]) -> None:
        note(f"as {role}: {json.dumps(arguments)}")
        judge(twins, tool, role, at_once(tool, arguments))

    await to_thread.run_sync(holds)
