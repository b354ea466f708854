"""The rules of the house that a test can check."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from signalbox import paths
from signalbox.config import Settings, variable
from signalbox.domain import onboarding
from signalbox.edge.mcp.server import INSTRUCTIONS
from tools_page import page

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted(path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts)
MIGRATIONS = sorted((ROOT / "migrations").rglob("*.py"))
SQL = sorted([*(ROOT / "src").rglob("*.sql"), *(ROOT / "migrations").rglob("*.sql")])
PROSE = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "kit").rglob("*.md")])

FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 60
VAGUE = {"utils", "util", "helpers", "helper", "common", "models", "services", "managers", "misc"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)],
    ids=["lint", "format", "types"],
)
def test_lint_format_and_types_have_nothing_to_say(command: tuple[str, ...]) -> None:
    done = run(*command)

    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_point_one_way() -> None:
    command = "from importlinter.cli import lint_imports_command as lint; lint()"
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stdout
    assert "1 kept, 0 broken" in done.stdout


@pytest.mark.parametrize("path", [*SOURCES, *TESTS, *MIGRATIONS, *SQL], ids=name)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES_MAX


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=name)
def test_functions_are_short(path: Path) -> None:
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX]

    assert long == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [name(path) for path in [*SOURCES, *TESTS] if path.stem in VAGUE or path.parent.name in VAGUE] == []


@pytest.mark.parametrize("path", [*SOURCES, *TESTS, *MIGRATIONS, *SQL, *PROSE], ids=name)
def test_nothing_is_left_to_do_later(path: Path) -> None:
    words = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")

    assert not words.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted((ROOT / "src/signalbox/domain").glob("*.py")), ids=name)
def test_the_domain_knows_no_transport_and_no_driver(path: Path) -> None:
    foreign = re.compile(
        r"^\s*(?:from|import) (starlette|uvicorn|mcp|mcp_types|asyncpg|sqlalchemy|alembic|click)\b", re.MULTILINE
    )

    assert foreign.search(path.read_text(encoding="utf-8")) is None


def test_the_server_never_imports_sqlalchemy_or_alembic() -> None:
    command = "import sys, signalbox.app; print(sorted({'sqlalchemy', 'alembic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.strip() == "[]"


def test_every_setting_is_documented_for_operators() -> None:
    documented = (ROOT / "SELFHOSTING.md").read_text(encoding="utf-8")

    assert [variable(field) for field in Settings.model_fields if f"`{variable(field)}`" not in documented] == []
    assert all(field.description for field in Settings.model_fields.values())


def test_the_documented_defaults_are_the_codes() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (?:`([^`]*)`|[^|]*) \|", (ROOT / "SELFHOSTING.md").read_text("utf-8"), re.MULTILINE
    )
    documented = {name: default for name, default in rows if default}
    defaults = {variable(name): field.default for name, field in Settings.model_fields.items()}
    numbers = {name: default for name, default in defaults.items() if isinstance(default, int | float)}

    assert {name: float(documented[name].replace(" ", "")) for name in numbers} == numbers


def test_the_page_of_tools_is_current() -> None:
    assert (ROOT / "docs/tools.md").read_text(encoding="utf-8") == page()


def test_the_lock_file_names_public_hosts_only() -> None:
    hosts = set(re.findall(r"https?://[^/\"]+", (ROOT / "uv.lock").read_text(encoding="utf-8")))

    assert hosts == {"https://pypi.org", "https://files.pythonhosted.org"}


def test_the_lock_file_of_the_programs_from_npm_says_what_and_not_where_from() -> None:
    locked = json.loads((ROOT / "tests/conformance/package-lock.json").read_text(encoding="utf-8"))["packages"]

    packages = [entry for path, entry in locked.items() if path]
    assert packages
    assert [entry for entry in packages if "resolved" in entry or "integrity" not in entry] == []


def test_the_version_is_said_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    from signalbox import __version__  # noqa: PLC0415 - beside what it is compared with

    assert project["version"] == __version__


def test_the_instructions_fit_what_clients_keep() -> None:
    assert len(INSTRUCTIONS.encode()) < 2048


def test_decisions_are_numbered_without_a_gap_and_have_their_sections() -> None:
    decisions = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))

    assert [path.name[:4] for path in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        assert all(f"## {section}" in text for section in ("Status", "Context", "Decision", "Consequences")), path.name


@pytest.mark.parametrize("name", ["block", "lead"])
def test_the_kits_instruction_blocks_are_the_guide_that_joining_hands_out(name: str) -> None:
    block = (paths.KIT / f"AGENTS.{name}.md").read_text(encoding="utf-8")

    assert block == onboarding.guide(is_lead=name == "lead")


def test_templates_and_the_kit_are_where_they_are_looked_for() -> None:
    assert all(path.exists() for path in (paths.TEMPLATES, paths.MIGRATIONS, paths.KIT, paths.ALEMBIC_INI))


def test_ci_is_executable_and_calls_the_test_command_of_the_readme() -> None:
    ci = ROOT / ".ci/run"
    command = re.search(
        r"^python3 -m venv .venv && (.*pytest)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )

    assert os.access(ci, os.X_OK)
    assert command is not None
    assert command[0] in ci.read_text(encoding="utf-8")
