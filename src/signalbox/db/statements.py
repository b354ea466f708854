"""Named statements, read from the `.sql` file beside a module.

    -- name: latest_claims
    -- why it is shaped so
    select … where project_id = :project_id;

`:name` parameters become PostgreSQL's `$1 …`; nothing else is done to the text, and nothing is ever put into it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from signalbox.db.marks import Marks

Row = TypeVar("Row", bound=BaseModel)

_BLOCK = re.compile(r"^-- name: (?P<name>[a-z_0-9]+)\n(?P<text>.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")
_COMMENT = re.compile(r"--[^\n]*")


class Executor(Protocol):
    """What runs statements for one caller."""

    @property
    def base_url(self) -> str:
        """How clients reach this server: what answers that hand something out put into it."""

    @property
    def marks(self) -> Marks:
        """What was observed of posts on their way; written apart from what is read here."""

    async def fetch(self, statement: Statement, arguments: Sequence[Any]) -> list[Any]:
        """Read, on the connection whose tenant the caller's authentication has set."""

    async def act(self, project_id: int, fields: dict[str, Any]) -> str:
        """Run one act (signalbox.db.acts) in the project's turn; answers its JSON."""


@dataclass(frozen=True)
class Statement:
    """One statement: its text for PostgreSQL and the order of its parameters."""

    name: str
    text: str
    parameters: tuple[str, ...]

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """Put values in the order of the parameters; a value too many or too few is our own mistake."""
        if values.keys() != set(self.parameters):
            raise TypeError(f"{self.name} takes {self.parameters}, was given {tuple(values)}")
        return [values[name] for name in self.parameters]

    async def all(self, db: Executor, model: type[Row], **values: Any) -> list[Row]:
        """Run, and answer every row."""
        return [model.model_validate(dict(row)) for row in await db.fetch(self, self.arguments(values))]

    async def first(self, db: Executor, model: type[Row], **values: Any) -> Row | None:
        """Run, and answer the first row, or None."""
        rows = await self.all(db, model, **values)
        return rows[0] if rows else None

    async def one(self, db: Executor, model: type[Row], **values: Any) -> Row:
        """Run, and answer the row that there always is."""
        (row,) = await self.all(db, model, **values)
        return row


class Statements:
    """The statements of one file, as attributes."""

    def __init__(self, by_name: dict[str, Statement]) -> None:
        self.by_name = by_name

    def __getattr__(self, name: str) -> Statement:
        try:
            return self.by_name[name]
        except KeyError:
            raise AttributeError(f"no statement is named {name}") from None


def parse(source: str) -> dict[str, Statement]:
    """Read the statements of a `.sql` file's text."""
    found: dict[str, Statement] = {}
    for block in _BLOCK.finditer(source):
        body = _COMMENT.sub("", block["text"]).strip().removesuffix(";")
        parameters = tuple(dict.fromkeys(_PARAMETER.findall(body)))
        numbers = {name: f"${number}" for number, name in enumerate(parameters, start=1)}
        text = _PARAMETER.sub(lambda match, numbers=numbers: numbers[match[1]], body)  # type: ignore[misc]
        found[block["name"]] = Statement(block["name"], text, parameters)
    return found


def statements(module_file: str) -> Statements:
    """Load the `.sql` file that stands beside a module."""
    return Statements(parse(Path(module_file).with_suffix(".sql").read_text(encoding="utf-8")))
