"""Calls that keep their caller waiting: how long a client has patience, and what makes it have more.

A client gives a silent answer up after a minute. One that has named a progress token is answered in events when it asks
for longer: the head goes out at once, and every few seconds a notification that the call is still under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

WAIT_SECONDS_MAX: Final = 290.0  # one client ends any call after 300
REPORT_SECONDS: Final = 12.0


@asynccontextmanager
async def reporting(report: Callable[[float], Awaitable[None]]) -> AsyncIterator[None]:
    """Report every few seconds meanwhile for how many it has been going on."""
    beat = asyncio.create_task(_beat(report))
    try:
        yield
    finally:
        beat.cancel()
        await asyncio.gather(beat, return_exceptions=True)


async def _beat(report: Callable[[float], Awaitable[None]]) -> None:
    seconds = 0.0
    while True:
        await asyncio.sleep(REPORT_SECONDS)
        seconds += REPORT_SECONDS
        await report(seconds)
