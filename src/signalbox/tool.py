"""Tools: declared once, offered by every edge.

A verb is an async function `(db, who, args) -> result`. Its argument and result models are read off its
annotations; `Catalog.call` is the one way in, whatever the edge.
"""

from __future__ import annotations

import difflib
import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, from_json

from signalbox.db.statements import Executor
from signalbox.errors import Forbidden, InvalidArguments, NotFound, ScopeTooNarrow
from signalbox.identity import EVERYDAY_GROUPS, Principal, Scope, ToolGroup

INTEGER_MAX: Final = 9_007_199_254_740_991  # 2^53 - 1: what every JSON reader holds exactly
ERRORS_SHOWN_MAX: Final = 3
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
ONE_LINE: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"  # for schemas: a surrogate is no text that JSON readers know
WITHOUT_NUL: Final = r"^[^\x00]*$"


def _one_line(text: str) -> str:
    if CONTROL.search(text):
        raise ValueError("must be one line without control characters")
    return text


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain NUL characters")
    return text


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    moment = datetime.fromisoformat(value.upper())  # RFC 3339 has t and z, too
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("must lie between the years 1 and 9999 in UTC") from None


def _milliseconds(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _from_json(value: object) -> object:
    return from_json(value) if isinstance(value, str) else value


FromJson = BeforeValidator(_from_json)
"""For a field that PostgreSQL answers as jsonb."""

LineOrNothing = Annotated[str, AfterValidator(_one_line), Field(json_schema_extra={"pattern": ONE_LINE})]
Line = Annotated[LineOrNothing, Field(min_length=1)]
Text = Annotated[str, Field(min_length=1, json_schema_extra={"pattern": WITHOUT_NUL}), AfterValidator(_no_nul)]
Whole = Annotated[int, Field(ge=0, le=INTEGER_MAX)]
Id = Annotated[int, Field(ge=1, le=INTEGER_MAX)]
Label = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Lane = Annotated[Line, Field(max_length=64)]
ActorName = Annotated[Line, Field(max_length=128)]
Moment = Annotated[
    AwareDatetime,
    PlainSerializer(_milliseconds, return_type=str),
    Field(json_schema_extra={"format": "date-time"}),
]
When = Annotated[AwareDatetime, BeforeValidator(_moment)]


class Args(BaseModel):
    """The arguments of a tool: JSON types exactly, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _whole_floats_are_integers(cls, values: Any) -> Any:
        """Take 3.0 for 3, as JSON Schema does."""
        if not isinstance(values, dict):
            return values
        return {
            name: [_whole(item) for item in value] if isinstance(value, list) else _whole(value)
            for name, value in values.items()
        }


def named_by(rule: Literal["anyOf", "oneOf"], **types: str | Literal[True]) -> ConfigDict:
    """Say in the schema of a model that one of some arguments is required, of a type or true; null is left out."""
    kinds = {name: {"const": True} if kind is True else {"type": kind} for name, kind in types.items()}
    choices: list[Any] = [{"required": [name], "properties": {name: kind}} for name, kind in kinds.items()]
    return ConfigDict(json_schema_extra={rule: choices})


class ActArgs(Args):
    """The arguments of a tool that changes something."""

    idempotency_key: Annotated[Line, Field(max_length=64)] | None = None


class Result(BaseModel):
    """The answer of a tool. Fields that are None are not sent."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    unread_posts: Annotated[int | None, Field(alias="_unread_posts", description="Posts that wait for your ack.")] = (
        None
    )


class Effect(StrEnum):
    """What calling a tool does to the project."""

    READS = "reads"
    WRITES = "writes"
    REPEATS = "writes; again changes nothing more"
    ENDS = "ends what others may be using; again changes nothing more"


Arguments = TypeVar("Arguments", bound=Args)
Verb = Callable[[Any, Principal, Any], Awaitable[Result]]


@dataclass(frozen=True)
class Tool:
    """One tool, as every edge knows it."""

    name: str
    verb: Verb
    scope: Scope
    effect: Effect
    description: str
    lead_only: bool = False
    reports_inbox: bool = False
    group: ToolGroup = ToolGroup.CORE
    waits: str | None = None
    """The argument that says for how many seconds it may keep its caller waiting, if it may."""

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return typing.get_type_hints(self.verb)

    @cached_property
    def args(self) -> type[Args]:
        """The model of its arguments."""
        names = list(inspect.signature(self.verb).parameters)
        return typing.cast("type[Args]", self._hints[names[2]])

    @cached_property
    def result(self) -> type[Result]:
        """The model of its answer."""
        return typing.cast("type[Result]", self._hints["return"])

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.name.replace("_", " ").capitalize()

    @property
    def is_admin(self) -> bool:
        """Whether it is shown to leads only."""
        return self.scope is Scope.MANAGE

    @property
    def proves_caller(self) -> bool:
        """Whether its act proves the caller itself: then a proof of a moment ago will do to route it."""
        return self.effect is not Effect.READS and not self.lead_only

    def parse(self, arguments: Mapping[str, Any]) -> Args:
        """Check the arguments, as parse_arguments does."""
        return parse_arguments(self.args, arguments)


def parse_arguments(model: type[Arguments], arguments: Mapping[str, Any]) -> Arguments:
    """Check arguments.

    Raises:
        InvalidArguments: names each one that does not fit, and what was probably meant.
    """
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        raise InvalidArguments(_explain(model, error)) from None


def _explain(model: type[Args], error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=True, include_input=False)
    lines = [_explain_one(model, detail) for detail in found[:ERRORS_SHOWN_MAX]]
    if len(found) > ERRORS_SHOWN_MAX:
        lines.append(f"and {len(found) - ERRORS_SHOWN_MAX} more")
    return "; ".join(lines)


def _explain_one(model: type[Args], detail: ErrorDetails) -> str:
    path = ".".join(str(part) for part in detail["loc"] if not str(part).startswith("function-"))[:80]
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(path, model.model_fields, n=1)
        return f"unknown argument {path!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    if detail["type"] == "missing":
        return f"{path} is required"
    if detail["type"] == "too_long" and detail["ctx"]["field_type"] == "Value":  # a text, to which it says "items"
        return f"{path}: at most {detail['ctx']['max_length']} characters, not {detail['ctx']['actual_length']}"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{path}: {message[:1].lower()}{message[1:]}" if path else message


class Catalog:
    """All tools, in the order in which they are listed."""

    def __init__(self, tools: tuple[Tool, ...]) -> None:
        self.tools = {tool.name: tool for tool in tools}
        assert len(self.tools) == len(tools), "two tools of one name"

    def __iter__(self) -> Iterator[Tool]:
        return iter(self.tools.values())

    def get(self, name: str) -> Tool:
        """Find a tool.

        Raises:
            NotFound: there is none of this name; names the nearest.
        """
        tool = self.tools.get(name)
        if tool is None:
            near = difflib.get_close_matches(name[:80], self.tools, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise NotFound(f"there is no tool {name[:80]!r}{hint}")
        return tool

    def listed_for(self, who: Principal, groups: Collection[ToolGroup] | None = None) -> list[Tool]:
        """Answer the tools that a caller is shown: of the groups it asks for, and of those of its token."""
        may_manage = who.is_lead and Scope.MANAGE in who.scopes
        shown = set(EVERYDAY_GROUPS if groups is None else groups)
        if who.tool_groups is not None:
            shown &= who.tool_groups
        return [tool for tool in self if tool.group in shown and (may_manage or not tool.is_admin)]

    async def call(self, name: str, db: Executor, who: Principal, arguments: Mapping[str, Any]) -> Result:
        """Run a tool for a caller.

        Raises:
            Refusal: whatever the tool, its scope, its role or its arguments refuse.
        """
        tool = self.get(name)
        require_scope(tool, who)
        if tool.lead_only and not who.is_lead:
            raise Forbidden(f"only a lead may call {name}: ask one (list_participants shows is_admin)")
        result = await tool.verb(db, who, tool.parse(arguments))
        if tool.effect is Effect.READS and who.unread_posts and not tool.reports_inbox:
            return result.model_copy(update={"unread_posts": who.unread_posts})
        return result


def require_scope(tool: Tool, who: Principal) -> None:
    """See that the token covers the tool.

    Raises:
        ScopeTooNarrow: it does not.
    """
    if tool.scope not in who.scopes:
        raise ScopeTooNarrow(
            f"this token lacks the scope {tool.scope.value!r} that {tool.name} needs: ask for a wider one",
            scope=tool.scope.value,
        )


class Page(Args):
    """Arguments of a list that is read page by page, newest first."""

    limit: Annotated[Id, Field(le=200)] = 50
    before: Annotated[Id | None, Field(description="Ids below this.")] = None
