"""Edits of config files leave alone what is not theirs, and taking them out brings the text back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.clients.texts import HASH, MARKDOWN, NotUnderstoodError, at_json, drop_json, set_json

PATH = ("mcpServers", "signalbox")
ENTRY = {"type": "http", "url": "http://h/mcp", "headers": {"Authorization": "Bearer t"}}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=8) | st.just("mcpServers"), VALUES, max_size=4)
STYLES = st.sampled_from([{}, {"indent": 2}, {"indent": "\t"}, {"indent": 4}, {"separators": (",", ":")}])
NUMBERS = '{\n    "a": 1.50e3,\n    "b": 12345678901234567890,\n    "mcpServers": {"x": {}},\n    "c": "\\u00e9"\n}\n'


@given(OBJECTS, STYLES)
def test_what_is_set_is_there_and_everything_else_as_it_was(config: dict[str, Any], style: dict[str, Any]) -> None:
    if not isinstance(config.get("mcpServers", {}), dict):
        config.pop("mcpServers")
    text = json.dumps(config, **style)

    written = set_json(text, PATH, ENTRY)

    expected = {**config, "mcpServers": {**config.get("mcpServers", {}), "signalbox": ENTRY}}
    assert json.loads(written) == expected
    assert at_json(written, PATH) == ENTRY
    assert set_json(written, PATH, ENTRY) == written
    left = json.loads(drop_json(written, PATH))
    config.get("mcpServers") or config.pop("mcpServers", None)
    config.get("mcpServers", {}).pop("signalbox", None)
    config.get("mcpServers") or config.pop("mcpServers", None)
    assert left == config


def test_bytes_that_are_not_ours_stay() -> None:
    written = set_json(NUMBERS, PATH, ENTRY)

    assert '"a": 1.50e3,\n    "b": 12345678901234567890,' in written
    assert written.endswith('"c": "\\u00e9"\n}\n')
    assert json.loads(drop_json(written, PATH)) == json.loads(NUMBERS)


@pytest.mark.parametrize("text", ["", "  \n", "{}", "{}\n"])
def test_a_file_without_anything_gets_an_object(text: str) -> None:
    assert json.loads(set_json(text, PATH, ENTRY)) == {"mcpServers": {"signalbox": ENTRY}}


@pytest.mark.parametrize(
    "text", ["{", "[]", "3", '{"a": 1,}', '{// no\n"a": 1}', '{"mcpServers": []}', '{"mcpServers": 3}']
)
def test_what_is_no_such_object_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstoodError):
        set_json(text, PATH, ENTRY)


@pytest.mark.parametrize("text", ["", "{}", '{"mcpServers": 3}', '{"mcpServers": {"x": {}}}'])
def test_dropping_what_is_not_there_changes_nothing(text: str) -> None:
    assert drop_json(text, PATH) == text


@pytest.mark.parametrize("fence", [MARKDOWN, HASH])
@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"))
)
def test_a_fenced_part_goes_as_it_came(fence: Any, text: str) -> None:
    written = fence.put(text, "one\ntwo")

    assert fence.has(written)
    assert fence.put(written, "one\ntwo") == written
    assert fence.part(fence.put(written, "three")) == "three"
    left = fence.drop(written)
    assert left == text or left == text + "\n", "a last line without an end gets one"


def test_half_a_fence_is_refused() -> None:
    with pytest.raises(NotUnderstoodError):
        HASH.put(f"a\n{HASH.begin}\nb\n", "x")
