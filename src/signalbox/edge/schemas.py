"""JSON Schemas of tools: small for `tools/list`, whole for the OpenAPI document."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from signalbox.tool import ONE_LINE, WITHOUT_NUL, Args, Result

_DROPPED: Final = frozenset(
    {
        "format",
        "title",
        "default",
        "additionalProperties",
        "minimum",
        "maximum",
        "minLength",
        "minItems",
        "maxItems",
        "pattern",
    }
)
PROSE_CHARACTERS_MIN: Final = 140  # a bound of less is one of names, which nobody comes near
_NAMES_OF_MODELS: Final = frozenset({"title", "discriminator"})
_PATTERNS_FOR_PROGRAMS: Final = frozenset({ONE_LINE, WITHOUT_NUL})


@cache
def full_schema(model: type[Args | Result]) -> dict[str, Any]:
    """Answer the schema of a model, definitions inlined, every rule kept: an argument may be null for left out."""
    return _schema(model, nulls=issubclass(model, Args))


@cache
def plain_schema(model: type[Args | Result]) -> dict[str, Any]:
    """Answer the schema of a model for readers, without what only programs need.

    Left out are nulls, that texts have no control characters, and which arguments go together: clients flatten or
    skip an `anyOf` at the root, and the refusal says it.
    """
    schema = _schema(model, nulls=False)
    return {key: _readable(value) for key, value in schema.items() if key not in {"anyOf", "oneOf", "not"}}


@cache
def compact_schema(model: type[Args]) -> dict[str, Any]:
    """Answer the schema of arguments without what a model does not read.

    Left out are titles, defaults and nulls, and every rule that its refusal says as well: bounds of numbers, of lists
    and of names, patterns, and that nothing else is taken. How long a text may be stays: who writes one cannot guess.
    A list of objects that has a description is told of by that.
    """
    schema: dict[str, Any] = _compact(plain_schema(model))
    return {"type": "object", "properties": {}} | schema if "properties" not in schema else schema


def _schema(model: type[Args | Result], *, nulls: bool) -> dict[str, Any]:
    mode = "validation" if issubclass(model, Args) else "serialization"
    schema = model.model_json_schema(by_alias=True, mode=mode)  # type: ignore[arg-type]
    definitions = schema.pop("$defs", {})
    inlined: dict[str, Any] = _inline(schema, definitions, nulls=nulls)
    return inlined


def _inline(node: Any, definitions: dict[str, Any], *, nulls: bool) -> Any:
    if isinstance(node, list):
        return [_inline(item, definitions, nulls=nulls) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[-1]]
        merged = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
        return _inline(merged, definitions, nulls=nulls)
    inlined = {
        key: _inline(value, definitions, nulls=nulls)
        for key, value in node.items()
        if key not in _NAMES_OF_MODELS or (key == "title" and isinstance(value, dict))
    }
    return inlined if nulls else _without_null(inlined)


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    """A field that may be left out is never answered as null, and a model need not know that it may send it so."""
    options = node.get("anyOf")
    if options is None or {"type": "null"} not in options:
        return node
    kept = [option for option in options if option != {"type": "null"}]
    rest = {key: value for key, value in node.items() if key not in {"anyOf", "default"} or value is not None}
    rest.pop("anyOf", None)
    return {**kept[0], **rest} if len(kept) == 1 else {"anyOf": kept, **rest}


def _readable(node: Any) -> Any:
    if isinstance(node, list):
        return [_readable(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _readable(value) for key, value in node.items() if key != "pattern" or value not in _PATTERNS_FOR_PROGRAMS
    }


def _compact(node: Any) -> Any:
    if isinstance(node, list):
        return [_compact(item) for item in node]
    if not isinstance(node, dict):
        return node
    compacted: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            compacted[key] = {name: _compact(schema) for name, schema in value.items()}
        elif key not in _DROPPED and not (key == "maxLength" and value < PROSE_CHARACTERS_MIN):
            compacted[key] = _compact(value)
    if "description" in compacted and "properties" in compacted:
        del compacted["description"]
    if "description" in compacted and not compacted.get("items", {}).keys().isdisjoint({"properties", "oneOf"}):
        compacted["items"] = {"type": "object"}
    return compacted
