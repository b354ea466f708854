"""Acts: what changes a project, as it is sent to `perform_acts_v1`, and what came of it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

import asyncpg
from pydantic import BaseModel
from pydantic_core import to_json

from signalbox.db.statements import Executor
from signalbox.db.violations import refusal_for
from signalbox.errors import Refusal, TooMany, Unavailable
from signalbox.identity import Principal

Answer = TypeVar("Answer", bound=BaseModel)

ACTS_TOGETHER_MAX: Final = 32  # a backend remembers 64 subtransactions without looking them up
TRAVEL_TOGETHER: Final = frozenset(
    {
        "post",
        "ack",
        "lease",
        "release",
        "claim",
        "seed_sequence",
        "task_create",
        "task_assign",
        "task_start",
        "task_block",
        "task_resolve",
        "task_ship",
        "task_next",
        "task_release",
        "task_cancel",
        "task_note",
        "settle_claim",
    }
)
"""Acts that write only rows which nobody waits for without the project's head lock: several in one transaction cannot
deadlock. Who marks deliveries does it without that lock, but passes over what an act holds and waits for nothing while
it holds something itself (mark_deliveries_v1). The others (presence is written by heartbeats, participants belong to
several projects) travel alone."""


class Keyed(Protocol):
    """Arguments that may carry a retry key."""

    @property
    def idempotency_key(self) -> str | None:
        """The key under which the answer is kept, if the caller gave one."""

    def model_dump_json(self, *, exclude: set[str], exclude_defaults: bool) -> str:
        """Answer the arguments as JSON."""


async def act(db: Executor, tool: str, answer: type[Answer], who: Principal, args: Keyed, **given: Any) -> Answer:
    """Run the act that `perform_v1` knows by the tool's name, as `who`; `given` are its arguments there.

    Raises:
        Refusal: whatever the act refuses.
    """
    fields = {
        "tool": tool,
        "participation_id": who.participation_id,
        "token_hash": who.token_hash,
        "key": args.idempotency_key,
        "arguments_hash": _fingerprint(args) if args.idempotency_key is not None else None,
        "given": given,
    }
    return answer.model_validate_json(await db.act(who.project_id, fields))


def as_json(fields: dict[str, Any]) -> str:
    """Write an act for the database: bytes as hexadecimal digits."""
    return to_json(fields, bytes_mode="hex").decode()


def _fingerprint(args: Keyed) -> bytes:
    """Hash what was asked. Defaults are left out: a tool that gets one more argument still knows its earlier calls."""
    plain = json.loads(args.model_dump_json(exclude={"idempotency_key"}, exclude_defaults=True))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).digest()


Outcome = str | Exception
Perform = Callable[[int, str], Awaitable[list[asyncpg.Record]]]


def outcome_of(row: asyncpg.Record) -> Outcome:
    """Read what came of one act: its answer as JSON, or the error it would have raised had it travelled alone."""
    if row["state"] is None:
        answer: str = row["answer"]
        return answer
    fields = {"C": row["state"], "M": row["message"], "D": row["detail"], "n": row["rule"]}
    return refusal_for(asyncpg.PostgresError.new({key: value for key, value in fields.items() if value}))


@dataclass(frozen=True)
class _Waiting:
    act: str
    done: asyncio.Future[str]
    joins: bool
    """Whether it may travel together with others."""


class Writes:
    """One write of a project at a time in this process, first come, first served; others run beside it.

    A project's writes queue on its head row anyway; queueing them here keeps them off the connections. Those that
    have queued up while one was under way travel together, `ACTS_TOGETHER_MAX` at most: one transaction, one commit.
    """

    def __init__(self, perform: Perform, waiting_max: int) -> None:
        self._perform = perform
        self._waiting_max = waiting_max
        self._queues: dict[int, deque[_Waiting]] = {}
        self._carriers: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def act(self, project_id: int, fields: dict[str, Any]) -> str:
        """Wait for the project's turn and act; answers JSON. A caller that goes away takes a waiting act with it.

        Raises:
            TooMany: as many writes of the project as may wait are waiting already.
            Refusal: whatever the act refuses.
        """
        queue = self._queues.get(project_id)
        loop = self._loop = self._loop or asyncio.get_running_loop()  # asking for it is a system call in Python 3.11
        done: asyncio.Future[str] = loop.create_future()
        waiting = _Waiting(as_json(fields), done, fields["tool"] in TRAVEL_TOGETHER)
        if queue is None:
            self._queues[project_id] = deque([waiting])
            carrier = loop.create_task(self._carry(project_id))
            self._carriers.add(carrier)
            carrier.add_done_callback(self._carriers.discard)
        elif len(queue) >= self._waiting_max:
            raise TooMany("too many writes of this project are waiting: repeat in a second", retry_after_seconds=1)
        else:
            queue.append(waiting)
        return await done

    async def close(self) -> None:
        """End what is under way, and refuse what waits."""
        for carrier in self._carriers:
            carrier.cancel()
        await asyncio.gather(*self._carriers, return_exceptions=True)

    async def _carry(self, project_id: int) -> None:
        queue = self._queues[project_id]
        try:
            while queue:
                together = _next_of(queue)
                if together:
                    await self._carry_together(project_id, together)
        finally:
            del self._queues[project_id]
            _settle(
                [waiting.done for waiting in queue], Unavailable("this server is stopping: repeat the call in a second")
            )

    async def _carry_together(self, project_id: int, together: Sequence[_Waiting]) -> None:
        waiting = [one.done for one in together]
        try:
            rows = await self._perform(project_id, f"[{','.join([one.act for one in together])}]")
            outcomes = [outcome_of(row) for row in rows]
        except asyncio.CancelledError:
            _settle(waiting, Unavailable("this server is stopping: repeat the call with its idempotency key"))
            raise
        except Exception as error:  # noqa: BLE001 - each of those who wait hears it
            _settle(waiting, error)
            return
        _answer(deque(zip(waiting, outcomes, strict=True)))


def _next_of(queue: deque[_Waiting]) -> list[_Waiting]:
    """Take the next acts that may travel together and whose callers are still there."""
    together: list[_Waiting] = []
    while queue and len(together) < ACTS_TOGETHER_MAX:
        if together and not (queue[0].joins and together[-1].joins):
            break
        waiting = queue.popleft()
        if not waiting.done.done():
            together.append(waiting)
    return together


def _answer(answers: deque[tuple[asyncio.Future[str], Outcome]]) -> None:
    """Hand out one answer, and the next when the event loop has come round: callers of other projects go between."""
    done, outcome = answers.popleft()
    _settle([done], outcome)
    if answers:
        done.get_loop().call_soon(_answer, answers)


def _settle(waiting: Sequence[asyncio.Future[str]], outcome: Outcome) -> None:
    for done in waiting:
        if done.done():
            continue
        if isinstance(outcome, str):
            done.set_result(outcome)
        elif isinstance(outcome, Refusal):
            done.set_exception(type(outcome)(outcome.message, **outcome.state))  # one each: who raises it adds to it
        else:
            done.set_exception(outcome)
