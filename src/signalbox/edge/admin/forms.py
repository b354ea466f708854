"""Forms: what was filled in, as arguments of a verb, and what is wrong with it, by field."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from signalbox.errors import Conflict, InvalidArguments, NotFound, Refusal
from signalbox.tool import Args

Arguments = TypeVar("Arguments", bound=Args)

FORM_BYTES_MAX: Final = 131_072  # a post of 8,000 characters, each of four bytes, each byte as %XX
FIELDS_MAX: Final = 200
TOKEN: Final = "form_token"  # noqa: S105 - the field's name
NO_FORM: Final = "this is not a form of ours"
LOOK_AGAIN: Final = "some fields need another look"
WORDS: Final = {
    "missing": "fill this in",
    "string_too_short": "fill this in",
    "string_pattern_mismatch": "lower-case letters, digits and . _ - only, no sign first",
    "int_parsing": "a whole number",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "string_too_long": "at most {max_length} characters",
    "too_long": "at most {max_length} characters",  # of a text whose type has validators of ours
    "literal_error": "one of the choices",
    "enum": "one of the choices",
}
NO_TIME: Final = "a date and time, such as 2030-12-31T23:59"


class NotFilledIn(InvalidArguments):
    """A form whose fields do not fit; `fields` says of each what is wrong, "" being the form as a whole."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(fields.get("", LOOK_AGAIN))
        self.fields = dict(fields)


class Form:
    """The fields of a form as they were sent."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    @classmethod
    def read(cls, body: bytes) -> Form:
        """Read the body of a form.

        Raises:
            InvalidArguments: it is none, or has far too many fields.
        """
        try:
            text = body.decode("ascii")
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
        except ValueError:
            raise InvalidArguments(NO_FORM) from None
        if any("\0" in value for _, value in pairs):  # no browser sends it, and PostgreSQL keeps none
            raise InvalidArguments(NO_FORM)
        return cls(pairs)

    def get(self, name: str) -> str:
        """Answer a field, without the white space around it; empty when it was not sent."""
        return self.as_sent(name).strip()

    def as_sent(self, name: str) -> str:
        """Answer a field with the white space around it, for where that matters; empty when it was not sent."""
        return next((value for key, value in self._pairs if key == name), "")

    def all(self, name: str) -> list[str]:
        """Answer all values of a field, such as of ticked boxes."""
        return [value for key, value in self._pairs if key == name]

    def values(self) -> dict[str, str]:
        """Answer what was sent, to be shown again."""
        return {name: value for name, value in self._pairs if name != TOKEN}

    def arguments(self, model: type[Arguments], **given: Any) -> Arguments:
        """Make the arguments of a verb: fields of the model that were filled in, and what is `given` besides.

        Raises:
            NotFilledIn: they do not fit; says so field by field.
        """
        filled: dict[str, Any] = {}
        for name, info in model.model_fields.items():
            many = "list[" in str(info.annotation) or "frozenset[" in str(info.annotation)
            value = self.all(name) if many else self.get(name).replace("\r\n", "\n")
            if value:
                filled[name] = value
        try:
            return model.model_validate(filled | given, strict=False)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            fields = {str(detail["loc"][0] if detail["loc"] else ""): explain(detail) for detail in reversed(found)}
            raise NotFilledIn(fields) from None


def explain(detail: ErrorDetails) -> str:
    """Say to a person what is wrong with a field."""
    words = WORDS.get(detail["type"])
    if words is not None:
        return words.format(**detail.get("ctx", {}))
    message = detail["msg"].removeprefix("Value error, ")
    return NO_TIME if message.startswith("Invalid isoformat string") else message


@contextmanager
def named_in(field: str | None) -> Iterator[None]:
    """Say of what a field names, and is not there or could be several, that the field is wrong.

    Raises:
        NotFilledIn: what runs inside found none or several.
    """
    try:
        yield
    except (NotFound, Conflict) as refusal:
        if field is None or (isinstance(refusal, Conflict) and "candidates" not in refusal.state):
            raise
        raise NotFilledIn({field: refusal.message}) from None


@dataclass(frozen=True)
class Problem:
    """A form that was not taken: where it was sent, what was in it, and why."""

    action: str
    refusal: Refusal
    values: Mapping[str, str]

    @property
    def fields(self) -> Mapping[str, str]:
        """What is wrong, by field."""
        if isinstance(self.refusal, NotFilledIn):
            return self.refusal.fields
        field_name = self.refusal.state.get("field")
        return {str(field_name): self.refusal.message} if field_name else {}

    @property
    def message(self) -> str:
        """What is wrong with the form as a whole; what is wrong with a field stands by the field."""
        return LOOK_AGAIN if self.fields and "" not in self.fields else self.refusal.message


@dataclass(frozen=True)
class Shown:
    """A form as a template shows it: its token, what was in it and what was wrong with it."""

    action: str
    token: str
    problem: Problem | None
    key: str = field(default_factory=lambda: secrets.token_hex(8))
    """Sent along, so that a form that is sent twice acts once."""

    def value(self, name: str, otherwise: Any = "") -> Any:
        """Answer what a field shows."""
        return self.problem.values.get(name, "") if self.problem else otherwise

    def error(self, name: str) -> str:
        """Say what is wrong with a field; empty when nothing is."""
        return self.problem.fields.get(name, "") if self.problem else ""

    @property
    def message(self) -> str:
        """Say what is wrong with the form as a whole; empty when nothing is."""
        return self.problem.message if self.problem else ""
