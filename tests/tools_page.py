"""Writes docs/tools.md from the catalog: `python tests/tools_page.py > docs/tools.md`. A test keeps it current."""

from __future__ import annotations

import sys
from typing import Any

from signalbox.catalog import CATALOG
from signalbox.edge.schemas import plain_schema
from signalbox.tool import Effect, Tool

HEAD = """\
# The tools

Written from the catalog by `python tests/tools_page.py > docs/tools.md`; do not edit by hand.

Every tool is offered over MCP (`/mcp`), plain HTTP (`POST /api/tools/{name}`), the command line
(`signalbox call NAME key=value`) and stdio. Arguments are JSON types exactly; an unknown one is refused by name.
Fields of an answer that would be null are left out. `_unread_posts` comes with any answer while posts wait for the
caller's ack. Tools marked *lead* need a lead of the project; those of scope `manage` are listed for leads only.
A client that wants a shorter list names groups in the URL, `/mcp?tools=core,work`, or has a token that lists only some
(`signalbox seed-token --tools`); every tool can be called by its name all the same.
"""


def page() -> str:
    """Write the page."""
    return HEAD + "".join(section(tool) for tool in CATALOG)


def section(tool: Tool) -> str:
    """Write one tool."""
    notes = [f"scope `{tool.scope.value}`", tool.effect.value if tool.effect is not Effect.READS else "reads only"]
    if tool.lead_only:
        notes.append("*lead*")
    notes.append(f"group `{tool.group}`")
    arguments = plain_schema(tool.args)
    lines = [f"\n## {tool.name}\n", f"{tool.description}\n", f"{'; '.join(notes)}.\n"]
    if arguments.get("properties"):
        required = set(arguments.get("required", ()))
        lines += ["| argument | type | |", "|---|---|---|"]
        lines += [row(name, schema, name in required) for name, schema in arguments["properties"].items()]
        lines.append("")
    answer = [name for name in plain_schema(tool.result)["properties"] if name != "_unread_posts"]
    lines.append(f"Answers: {', '.join(f'`{name}`' for name in answer)}.\n")
    return "\n".join(lines)


def row(name: str, schema: dict[str, Any], required: bool) -> str:  # noqa: FBT001 - a cell of the table
    """Write one argument."""
    return f"| `{name}`{' (required)' if required else ''} | {kind(schema)} | {note(name, schema)} |"


def kind(schema: dict[str, Any]) -> str:
    """Say what type it has and what bounds."""
    if "enum" in schema:
        return " \\| ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {kind(schema['items'])}, {schema.get('minItems', 0)} to {schema['maxItems']}"
    bounds = []
    if "pattern" in schema:
        bounds.append(f"`{schema['pattern']}`".replace("|", "\\|"))
    if "maxLength" in schema:
        bounds.append(f"≤ {schema['maxLength']} characters")
    if "minimum" in schema or "maximum" in schema:
        bounds.append(f"{schema.get('minimum', '')} to {schema.get('maximum', '')}")
    return ", ".join([schema.get("format", schema.get("type", "any")), *bounds])


def note(name: str, schema: dict[str, Any]) -> str:
    """Say what it means and what it is when left out."""
    if name == "idempotency_key":
        return "The same key and arguments within 24 hours give the first answer again."
    default = schema.get("default")
    said = schema.get("description", "")
    return f"{said} Default {default!r}.".strip() if default is not None else said


if __name__ == "__main__":
    sys.stdout.write(page())
