"""Runs the official conformance suite against a server, and reads what it found."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from conformance.programs import HERE, run
from conformance.proxy import before

REQUIREMENTS = ("2025-11-25", "2026-07-28")
STAMP = re.compile(r"^server-(.+)-\d{4}-\d\d-\d\dT.*$")
SCHEMA_CHECK = "wire-schema-valid"  # comes with every scenario, also with one that could not be run

Checks = dict[str, list[dict[str, Any]]]


async def found(url: str, token: str, requirements: str, leg: str, place: Path) -> Checks:
    """Run what a revision requires; what fails must stand in the leg's list for it, and the list in what fails."""
    baseline = HERE / f"{leg}-{requirements}.yaml"
    async with before(url, token=token) as proxied:
        done = await run(
            "conformance",
            *("server", "--url", proxied, "--requirements", requirements),
            *("--expected-failures", str(baseline), "--output-dir", str(place / "results")),
            cwd=place,
        )

    assert done.returncode == 0, done.stdout[done.stdout.find("=== SUMMARY") :]
    return results(place)


def results(place: Path) -> Checks:
    return {scenario(path): json.loads(path.read_text()) for path in sorted(place.glob("results/*/checks.json"))}


def scenario(path: Path) -> str:
    named = STAMP.match(path.parent.name)
    assert named is not None, path
    return named[1]


def passed(checks: Checks) -> set[str]:
    """Answer the scenarios in which something was seen to hold, and nothing not to."""
    return {name for name, found in checks.items() if _successes(found) and not _failures(found)}


def vacuous(checks: Checks) -> set[str]:
    """Answer the scenarios that found nothing to check: neither good nor bad."""
    return {name for name, found in checks.items() if not _successes(found) and not _failures(found)}


def _successes(found: list[dict[str, Any]]) -> list[str]:
    return [check["id"] for check in found if check["status"] == "SUCCESS" and check["id"] != SCHEMA_CHECK]


def _failures(found: list[dict[str, Any]]) -> list[str]:
    return [check["id"] for check in found if check["status"] in {"FAILURE", "WARNING"}]
