"""Seen on the machine of an agent: config of clients, hooks, instructions, git."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from signalbox.clients.edits import CannotConnectError, digest, read, text_of
from signalbox.clients.fittings import HOOK_FILES
from signalbox.clients.known import CLIENTS, NAME, Target
from signalbox.clients.texts import HASH, MARKDOWN, NotUnderstoodError
from signalbox.clients.wishes import KIT, Wish, git_answer, wish_for
from signalbox.doctor.findings import Finding, error, ok, warning

CONNECT: Final = "signalbox connect"


def findings() -> Iterator[Finding]:
    """Look at what `connect` has written, in both scopes, and at what is in its way."""
    wishes = [wish_for("", "", "user", ())]
    if wishes[0].repository is not None:
        wishes.append(wish_for("", "", "project", ()))
    connected = False
    for wish in wishes:
        try:
            facts = wish.journal().facts
        except CannotConnectError as failure:
            yield error("connected", str(failure), f"{CONNECT} --replace")
            continue
        if facts:
            connected = True
            yield from _of_scope(wish, facts["scope"], tuple(facts.get("clients", ())), facts.get("url", ""))
    if not connected:
        yield warning("connected", "no client was connected by signalbox connect", CONNECT)
    yield from _instructions(wishes[0])
    yield from _git_hook(wishes[0])


def _of_scope(wish: Wish, scope: str, clients: tuple[str, ...], url: str) -> Iterator[Finding]:
    journal = wish.journal()
    for name, entry in journal.entries.items():
        content = read(Path(name))
        if content is None:
            yield error("files", f"{name} is gone", f"{CONNECT} --scope {scope}")
        elif Path(name).name in HOOK_FILES and content != (KIT / "hooks" / Path(name).name).read_bytes():
            yield warning("hooks", f"{name} is of another version", f"{CONNECT} --scope {scope}")
        elif digest(content) != entry["after"]:
            yield ok("files", f"{name} has changed since, which is fine")
    target = Target(wish.target.home, wish.target.top, url, "", scope, wish.target.hooks)
    for client in clients:
        yield from _config(client, target)


def _config(client: str, target: Target) -> Iterator[Finding]:
    """See that the client still names our server, and no other by its name."""
    for edit in CLIENTS[client].edits(target)[:1]:
        try:
            text = text_of(edit.path, read(edit.path))
        except CannotConnectError as failure:
            yield error(client, str(failure), f"{CONNECT} {client}")
            continue
        if NAME not in text:
            yield error(client, f"{edit.path} does not name the server any more", f"{CONNECT} {client}")
        elif target.mcp_url not in text:
            fix = f"{CONNECT} {client} --replace"
            yield error(client, f"{edit.path} has another server named {NAME!r}", fix)
        else:
            yield ok(client, f"{edit.path} names the server")


def _instructions(wish: Wish) -> Iterator[Finding]:
    if wish.repository is None:
        return
    blocks = {(KIT / f"AGENTS.{name}.md").read_text(encoding="utf-8").rstrip() for name in ("block", "lead")}
    files = sorted({client.instructions for client in CLIENTS.values()})
    found = [wish.repository.top / name for name in files if (wish.repository.top / name).exists()]
    for path in found:
        try:
            part = MARKDOWN.part(text_of(path, read(path)))
        except (NotUnderstoodError, CannotConnectError) as failure:
            yield error("instructions", f"{path}: {failure}", f"mend the lines, then {CONNECT}")
            continue
        if not part:
            yield warning("instructions", f"{path} has no block of Signalbox", CONNECT)
        elif part not in blocks:
            yield warning("instructions", f"the block in {path} is of another version", CONNECT)
        else:
            yield ok("instructions", f"{path} has the block")
    if not found:
        yield warning("instructions", f"none of {', '.join(files)} is there", CONNECT)


def _git_hook(wish: Wish) -> Iterator[Finding]:
    if wish.repository is None:
        return
    path = wish.repository.pre_commit
    elsewhere = git_answer(wish.repository.top, "config", "core.hooksPath")
    where = f"{path}" + (f" (core.hooksPath is {elsewhere})" if elsewhere else "")
    if not HASH.has(text_of(path, read(path))):
        yield warning("git hook", f"{where} does not check numbered files", CONNECT)
    elif not os.access(path, os.X_OK):
        yield error("git hook", f"{where} is not executable, so git leaves it out", f"chmod +x {path}")
    else:
        yield ok("git hook", where)
    config = wish.repository.top / ".signalbox.json"
    try:
        numbered = json.loads(config.read_text(encoding="utf-8")).get("numbered")
    except (OSError, ValueError, AttributeError):
        yield warning("numbered files", f"{config} cannot be read: no file is checked", CONNECT)
        return
    if not numbered:
        fix = f'name them in {config}: "numbered": {{"docs/decisions/*.md": "adr"}}'
        yield warning("numbered files", "none are named: no file is checked", fix)
    else:
        yield ok("numbered files", ", ".join(sorted(numbered)))
