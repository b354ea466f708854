"""Arguments in the query of an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.datastructures import QueryParams

from signalbox.edge.schemas import compact_schema
from signalbox.errors import InvalidArguments
from signalbox.tool import Args

DIGITS_MAX: Final = 15  # below 2^53


def arguments_in(query: QueryParams, model: type[Args]) -> dict[str, Any]:
    """Read the arguments of a model from a query, numbers as numbers.

    Raises:
        InvalidArguments: one is given twice.
    """
    twice = [name for name in query if len(query.getlist(name)) > 1]
    if twice:
        raise InvalidArguments(f"{twice[0][:80]} is given twice")
    kinds: Mapping[str, Any] = compact_schema(model)["properties"]
    return {name: _typed(value, kinds.get(name, {}).get("type")) for name, value in query.items()}


def _typed(value: str, kind: str | None) -> str | int:
    is_number = kind == "integer" and value.isascii() and value.isdigit() and len(value) <= DIGITS_MAX + 1
    return int(value) if is_number else value
