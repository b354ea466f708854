"""Beats: what a server does again and again while it runs, whatever goes wrong with it once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from signalbox.errors import Unavailable

log = logging.getLogger("signalbox")

Work = Callable[[], Awaitable[object]]


@asynccontextmanager
async def every(seconds: float, work: Work, failed: str, *, at_the_end: bool = False) -> AsyncIterator[None]:
    """Do some work again and again meanwhile, so many seconds apart, and once more at the end where that is asked for.

    `failed` is what the log says of work that went wrong: the next beat tries again.
    """
    beat = asyncio.create_task(_repeat(seconds, work, failed))
    try:
        yield
    finally:
        beat.cancel()
        await asyncio.gather(beat, return_exceptions=True)
        if at_the_end:
            await _try(work, failed)


async def _repeat(seconds: float, work: Work, failed: str) -> None:
    while True:
        await asyncio.sleep(seconds)
        await _try(work, failed)


async def _try(work: Work, failed: str) -> None:
    try:
        await work()
    except Unavailable:
        log.warning("%s: the database does not answer", failed)
    except Exception:
        log.exception("%s", failed)
