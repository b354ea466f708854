"""Findings: what was looked at, how it is, and what mends it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any


class Severity(IntEnum):
    """How bad it is; the worst one is the exit code."""

    OK = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    severity: Severity
    message: str
    fix: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Answer it for programs."""
        fields = asdict(self) | {"severity": self.severity.name.lower()}
        return {name: value for name, value in fields.items() if value is not None}

    @property
    def line(self) -> str:
        """Say it to a person."""
        mark = {Severity.OK: "ok", Severity.WARNING: "warning", Severity.ERROR: "ERROR"}[self.severity]
        return f"{mark:8} {self.name}: {self.message}" + (f"\n         fix: {self.fix}" if self.fix else "")


def ok(name: str, message: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(name, Severity.OK, message)


def warning(name: str, message: str, fix: str) -> Finding:
    """Say that something works, but not for long or not well."""
    return Finding(name, Severity.WARNING, message, fix)


def error(name: str, message: str, fix: str) -> Finding:
    """Say that something does not work."""
    return Finding(name, Severity.ERROR, message, fix)
