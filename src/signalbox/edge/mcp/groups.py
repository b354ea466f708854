"""`?tools=core,work`: the groups of tools that the URL of the endpoint asks to have listed."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from signalbox.identity import ToolGroup, tool_groups

PARAMETER: Final = "tools"
GROUPS_KEY: Final = "signalbox.tool_groups"  # of a request: those that its URL asks for, or None


def groups_in(query: bytes) -> frozenset[ToolGroup] | None:
    """Read the groups off a query string; None where it names none.

    Raises:
        InvalidArguments: it names something else than groups.
    """
    if not query:  # as nearly always
        return None
    asked = parse_qs(query.decode("latin-1"), keep_blank_values=True).get(PARAMETER)
    if asked is None:
        return None
    return tool_groups(",".join(asked))
