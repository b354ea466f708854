"""The columns that the tables are written with."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, MetaData, text
from sqlalchemy.types import TypeEngine

metadata = MetaData()

Kind = TypeEngine[Any] | type[TypeEngine[Any]]

TIME = DateTime(timezone=True)


def column(name: str, kind: Kind, default: str | None = None) -> Column[Any]:
    """Build a column that must have a value."""
    return Column(
        name, kind, nullable=False, autoincrement=False, server_default=None if default is None else text(default)
    )


def optional(name: str, kind: Kind) -> Column[Any]:
    """Build a column that may be null."""
    return Column(name, kind, nullable=True)


def identity(name: str) -> Column[Any]:
    """Build an id that the database counts."""
    return Column(name, BigInteger, Identity(always=True), nullable=False)


def one_of(column_name: str, *values: str) -> str:
    """Build the condition that a column has one of some values."""
    return f"{column_name} in ({', '.join(repr(value) for value in values)})"


def partial(name: str, *columns: str, where: str) -> Index:
    """Build an index of the rows for which a condition holds."""
    return Index(name, *columns, postgresql_where=text(where))
