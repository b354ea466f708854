"""Loans: one connection of the pool, for the statements of one request that must run on the same one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from signalbox.db.pool import Database
from signalbox.db.statements import Statement
from signalbox.db.violations import DRIVER_ERRORS, refusal_for

if TYPE_CHECKING:
    from signalbox.db.pool import Connection


class Loan:
    """A connection that is borrowed for the first statement, and kept until it is released."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._borrowed: AbstractAsyncContextManager[Connection] | None = None
        self._connection: Connection | None = None

    @property
    def is_open(self) -> bool:
        """Whether a connection is borrowed: what was set on it still holds."""
        return self._connection is not None

    async def run(self, statement: Statement, arguments: Sequence[Any]) -> list[Any]:
        """Run a statement; what the driver fails with becomes a refusal where it is one."""
        if self._connection is None:
            self._borrowed = self._database.connection()
            self._connection = await self._borrowed.__aenter__()
        try:
            return await self._connection.fetch(statement.text, *arguments)
        except DRIVER_ERRORS as error:
            raise refusal_for(error) from error

    async def release(self) -> None:
        """Give the connection back; once is enough."""
        if self._connection is not None and self._borrowed is not None:
            self._connection = None
            await self._borrowed.__aexit__(None, None, None)
