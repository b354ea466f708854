"""Named statements: how they are read, and that each one fits the schema, its model and its tenant."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from signalbox import domain
from signalbox.db.pool import STATEMENTS, Database
from signalbox.db.schema import COORDINATION
from signalbox.db.statements import Statement, parse
from signalbox.domain import events, exports, inboxes, posts, tasks, threads

DOMAIN = Path(domain.__file__).parent
MODULES = sorted(path.stem for path in DOMAIN.glob("*.sql"))
TENANT_TABLES = COORDINATION | {"members"}


def statements_of(module: str) -> dict[str, Statement]:
    return parse((DOMAIN / f"{module}.sql").read_text(encoding="utf-8"))


ALL = [(module, name) for module in MODULES for name in statements_of(module)]


def read_as() -> list[tuple[str, str, type[BaseModel]]]:
    """Find every `sql.<statement>.all|first|one(db, <Model>, …)` of the domain."""
    found = []
    for module in MODULES:
        loaded = importlib.import_module(f"signalbox.domain.{module}")
        for call in ast.walk(ast.parse((DOMAIN / f"{module}.py").read_text(encoding="utf-8"))):
            match call:
                case ast.Call(
                    func=ast.Attribute(
                        value=ast.Attribute(value=ast.Name(id="sql"), attr=name), attr="all" | "first" | "one"
                    ),
                    args=[_, ast.Name(id=model), *_],
                ):
                    found.append((module, name, getattr(loaded, model)))
    return found


# Statements that a verb chooses from a table, or in a function of its own.
CHOSEN = (
    *(("events", name, events.Event) for _, *both in events.STATEMENTS for name in both),
    *(("posts", name, posts.Post) for _, name in posts.STATEMENTS if name in posts.sql.by_name),
    *(("inboxes", name, posts.Post) for name in inboxes.CHOSEN_BY_POSTS),
    *(("threads", name, posts.Post) for name in threads.CHOSEN_BY_POSTS),
    *(("exports", name, exports.ExportedEvent) for name in exports.sql.by_name if name.startswith("export_")),
    *(("tasks", name, tasks.Task) for name in tasks.sql.by_name if name.startswith(("tasks_by", "any_tasks"))),
)
READS = [*read_as(), *CHOSEN]


def test_parameters_become_numbers_and_casts_stay() -> None:
    statement = parse("-- name: a\n-- why: :not_this\nselect :x::text, :y, :x -- nor :this\nfrom t;\n")["a"]

    assert statement.text == "select $1::text, $2, $1 \nfrom t"
    assert statement.parameters == ("x", "y")


def test_a_parameter_too_few_or_too_many_is_our_own_mistake() -> None:
    statement = parse("-- name: a\nselect :x;\n")["a"]

    for values in ({}, {"x": 1, "y": 2}):
        with pytest.raises(TypeError, match="takes"):
            statement.arguments(values)


@pytest.mark.parametrize(("module", "name"), ALL)
async def test_every_statement_prepares_on_the_migrated_schema(module: str, name: str, database: Database) -> None:
    statement = statements_of(module)[name]
    async with database.connection() as connection:
        parameters = (await connection.prepare(statement.text)).get_parameters()

    assert len(parameters) == len(statement.parameters)


@pytest.mark.parametrize(("module", "name", "model"), READS)
async def test_every_reading_statement_returns_its_models_fields(
    module: str, name: str, model: type[BaseModel], database: Database
) -> None:
    async with database.connection() as connection:
        attributes = (await connection.prepare(statements_of(module)[name].text)).get_attributes()
    columns = {attribute.name for attribute in attributes}
    fields = {field.alias or key: field for key, field in model.model_fields.items()}

    assert columns <= set(fields)
    assert {key for key, field in fields.items() if field.is_required()} <= columns


@pytest.mark.parametrize("module", MODULES)
def test_every_statement_is_used_and_says_why_it_is_as_it_is(module: str) -> None:
    code = (DOMAIN / f"{module}.py").read_text(encoding="utf-8")

    assert [name for name in statements_of(module) if f"sql.{name}" not in code and f'"{name}"' not in code] == []


@pytest.mark.parametrize(("module", "name"), ALL)
def test_every_statement_on_a_tenants_table_names_the_tenant(module: str, name: str) -> None:
    text = statements_of(module)[name].text
    tables = {table for table in re.findall(r"(?:from|join|update|into) (\w+)", text) if table in TENANT_TABLES}

    assert not tables or {"project_id", "owner_id"} & set(statements_of(module)[name].parameters)


@pytest.mark.parametrize(("module", "name"), ALL)
def test_every_list_is_ordered_and_bounded(module: str, name: str) -> None:
    text = statements_of(module)[name].text
    tables = re.findall(r"\bfrom (\w+)", text)
    single = (
        not tables or "select count(*)" in text[:20] or text.startswith(("insert", "delete", "select c.project as"))
    )

    bounded = "limit" in text and ("order by" in text or text.endswith("limit 1"))
    assert single or name in {"whats_new", "look", "sync", "index_behind"} or bounded


def test_the_pools_statements_are_used() -> None:
    code = (DOMAIN.parent / "db" / "pool.py").read_text(encoding="utf-8")

    assert all(f'STATEMENTS["{name}"]' in code for name in STATEMENTS)
