"""Ledgers as lines: how things stood, read off them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from signalbox.cli.remote import fail
from signalbox.domain.history import State


def state_of(lines: Iterable[bytes], upto: int | None = None) -> State:
    """Rebuild how things stood after the last of some lines, or after the last that is not past an event."""
    state = State()
    for number, line in enumerate(lines, start=1):
        try:
            event = json.loads(line)
            if upto is not None and event["id"] > upto:
                break
            state.apply(event)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            fail(f"line {number} is no event of a ledger that goes on there: {error or type(error).__name__}")
    return state
