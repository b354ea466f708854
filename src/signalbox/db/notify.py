"""Wake-ups: who waits for something to happen in a project is told that something did, in this process and others.

They are hints and carry no data: whoever is woken reads the tables, and looks every few seconds besides. Waiters of
this process are woken as soon as an act has committed. Other processes hear of it by NOTIFY, on one connection of its
own that each process has beside its pool: outside the acts' transactions, since PostgreSQL lets only one transaction
that notifies commit at a time; and those of a few milliseconds together.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

from signalbox.db.violations import DRIVER_ERRORS
from signalbox.errors import SetupError

if TYPE_CHECKING:
    import asyncpg

    Line = asyncpg.Connection[asyncpg.Record]

log = logging.getLogger("signalbox.wakeups")

CHANNEL: Final = "signalbox"
EVERYTHING: Final = "*"  # what is told when too much has moved to name it
PROJECTS_TOLD_MAX: Final = 350  # of 20 bytes at most each: PostgreSQL takes less than 8,000

LOOK_SECONDS: Final = 3.0
"""After so long without a wake-up, whoever waits looks all the same."""
TELL_SECONDS: Final = 0.005
"""Between two notifications of this process, for each act that the first tells of: what moves meanwhile is told
together, so that processes under load wake each other less often than they act."""
TELL_SECONDS_MAX: Final = 0.02
PROVE_SECONDS: Final = 5.0
"""After so long without a notification to send, the connection is tried."""
LINE_SECONDS_MAX: Final = 5.0
"""For one statement on it."""
CLOSE_SECONDS_MAX: Final = 1.0
PAUSES_SECONDS: Final = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Before the connection is opened anew, the first time, the second, …"""

POOLED: Final = (
    "the database is reached through a pooler in transaction mode, which hands a connection from one caller to the "
    "next: name it directly in DATABASE_URL, or use session mode"
)


class Wake:
    """What one waiter waits on. What wakes it before it waits counts, so nothing is lost between a look and a wait."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Let the waiter look again."""
        self._woken.set()

    async def wait(self, seconds: float = LOOK_SECONDS) -> bool:
        """Wait to be woken, for so long at most; says whether it was, and is ready to be waited on again."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True


class Wakeups:
    """The wake-ups of a process: what it tells others, and what it hears from them while it is `listening`.

    `connect` opens the connection that this needs. Nothing waits for it: while it is gone, others are told later, and
    waiters look by themselves.
    """

    def __init__(self, connect: Callable[[], Awaitable[Line]]) -> None:
        self._connect = connect
        self._called: dict[int, dict[Callable[[], None], None]] = {}
        self._untold: set[int] = set()
        self._acts = 0
        """How many acts they have seen."""
        self._news = asyncio.Event()
        self._own_pid = 0

    def moved(self, project_id: int, acts: int = 1) -> None:
        """Say that something may have changed in a project, by so many acts, after they have committed."""
        self._call(project_id)
        self._acts += acts
        if len(self._untold) <= PROJECTS_TOLD_MAX:  # one more than can be named: everything is told
            self._untold.add(project_id)
        self._news.set()

    @contextmanager
    def watching(self, project_id: int) -> Iterator[Wake]:
        """Watch a project for as long as the block lasts. Look after this has begun, wait, look again."""
        wake = Wake()
        with self.calling(project_id, wake.wake):
            yield wake

    @contextmanager
    def calling(self, project_id: int, call: Callable[[], None]) -> Iterator[None]:
        """Have something called whenever the project may have changed; it neither waits nor fails."""
        calls = self._called.setdefault(project_id, {})
        calls[call] = None
        try:
            yield
        finally:
            del calls[call]
            if not calls and self._called.get(project_id) is calls:
                del self._called[project_id]

    def wake_all(self) -> None:
        """Wake every waiter of this process: something may have been missed."""
        for project_id in list(self._called):
            self._call(project_id)

    def _call(self, project_id: int) -> None:
        for call in tuple(self._called.get(project_id, ())):
            call()

    def take_untold(self) -> str | None:
        """Answer what others have not been told yet, as a payload, or None; it then counts as told."""
        untold, self._untold = self._untold, set()
        self._news.clear()
        if not untold:
            return None
        return EVERYTHING if len(untold) > PROJECTS_TOLD_MAX else ",".join(map(str, sorted(untold)))

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Tell and hear of what moves meanwhile.

        Raises:
            SetupError: the connection is one that cannot listen.
        """
        try:
            line: Line | None = await self._open()
        except DRIVER_ERRORS as error:
            _warn(error)
            line = None
        keeping = asyncio.create_task(self._keep(line))
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _keep(self, line: Line | None) -> None:
        """Use the connection for as long as it holds, then open another; whoever waits looks when there is one."""
        failures = 0
        while True:
            try:
                line = line or await self._open()
                failures = 0
                self.wake_all()
                await self._use(line)
            except (*DRIVER_ERRORS, SetupError) as error:
                _warn(error)
            except Exception:
                log.exception("the connection for wake-ups is opened anew")
            finally:
                if line is not None:
                    await _close(line)
            line = None
            await asyncio.sleep(PAUSES_SECONDS[min(failures, len(PAUSES_SECONDS) - 1)])
            failures += 1

    async def _open(self) -> Line:
        line = await self._connect()
        try:
            self._own_pid = await _backend_of(line)
            line.add_termination_listener(lambda _line: self._news.set())
            await line.add_listener(CHANNEL, self._heard)
            await self._prove(line)
        except BaseException:
            await _close(line)
            raise
        return line

    async def _use(self, line: Line) -> None:
        """Tell others what moves; raises when the connection does not hold any more."""
        while True:
            try:
                async with asyncio.timeout(PROVE_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                await self._prove(line)
                continue
            untold, acts, self._acts = self._untold, self._acts, 0
            payload = self.take_untold()
            try:
                await line.execute(f"notify {CHANNEL}, '{payload or ''}'", timeout=LINE_SECONDS_MAX)
            except BaseException:
                self._untold |= untold
                self._news.set()
                raise
            await asyncio.sleep(min(TELL_SECONDS * max(acts, 1), TELL_SECONDS_MAX))

    async def _prove(self, line: Line) -> None:
        """See that the connection holds, and that nobody else is given its backend."""
        if await _backend_of(line) != self._own_pid:
            raise SetupError(POOLED)

    def _heard(self, _line: object, pid: int, _channel: str, payload: object) -> None:
        """Wake whom another process, or a statement, tells of."""
        if pid == self._own_pid:
            return  # whoever waits here was woken at once
        try:
            moved = [int(project_id) for project_id in str(payload).split(",") if project_id]
        except ValueError:  # everything, or what a later version says
            self.wake_all()
            return
        for project_id in moved:
            self._call(project_id)


async def _backend_of(line: Line) -> int:
    pid: int = await line.fetchval("select pg_backend_pid()", timeout=LINE_SECONDS_MAX)
    return pid


async def _close(line: Line) -> None:
    try:
        await line.close(timeout=CLOSE_SECONDS_MAX)
    except DRIVER_ERRORS:
        line.terminate()


def _warn(error: Exception) -> None:
    log.warning("wake-ups of other processes come late for now: %s: %s", type(error).__name__, error)
