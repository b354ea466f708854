"""JSON Schemas of tools: small for `tools/list`, whole for the OpenAPI document."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from signalbox.tool import Args, Result

_DROPPED: Final = frozenset({"title", "default", "additionalProperties"})


@cache
def full_schema(model: type[Args | Result]) -> dict[str, Any]:
    """Answer the schema of a model, definitions inlined, every rule kept."""
    mode = "validation" if issubclass(model, Args) else "serialization"
    schema = model.model_json_schema(by_alias=True, mode=mode)  # type: ignore[arg-type]
    definitions = schema.pop("$defs", {})
    inlined: dict[str, Any] = _inline(schema, definitions)
    return inlined


@cache
def compact_schema(model: type[Args]) -> dict[str, Any]:
    """Answer the schema of arguments without what a model does not read: titles, defaults, nulls, the rule that
    nothing else is taken (which the answer to an unknown argument says).
    """
    schema: dict[str, Any] = _compact(full_schema(model))
    return {"type": "object", "properties": {}} | schema if "properties" not in schema else schema


def _inline(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inline(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[-1]]
        return _inline({**target, **{key: value for key, value in node.items() if key != "$ref"}}, definitions)
    inlined = {
        key: _inline(value, definitions)
        for key, value in node.items()
        if key != "title" or isinstance(value, dict)
    }
    return _without_null(inlined)


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    """A field that may be left out is never sent or answered as null."""
    options = node.get("anyOf")
    if options is None or {"type": "null"} not in options:
        return node
    kept = [option for option in options if option != {"type": "null"}]
    rest = {key: value for key, value in node.items() if key not in {"anyOf", "default"} or value is not None}
    rest.pop("anyOf", None)
    return {**kept[0], **rest} if len(kept) == 1 else {"anyOf": kept, **rest}


def _compact(node: Any) -> Any:
    if isinstance(node, list):
        return [_compact(item) for item in node]
    if not isinstance(node, dict):
        return node
    compacted = {}
    for key, value in node.items():
        if key == "properties":
            compacted[key] = {name: _compact(schema) for name, schema in value.items()}
        elif key not in _DROPPED and not (key == "minLength" and value <= 1):
            compacted[key] = _compact(value)
    if "description" in compacted and "properties" in compacted:
        del compacted["description"]
    if compacted.get("maximum") == 2**53 - 1:
        del compacted["maximum"]
    return compacted
