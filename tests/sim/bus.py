"""Signalbox as the agents of the simulation use it: plain HTTP, and the kit's hooks."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from signalbox import paths
from signalbox.config import load_settings
from signalbox.db.pool import Database
from sim.trees import NUMBERED, Tree
from support import make_project, serving

if TYPE_CHECKING:
    from sim.simulate import Piece

HOOK_SECONDS_MAX = 10


class RefusedError(Exception):
    """The server said no."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status


class Bus:
    """One agent's way to the server."""

    def __init__(self, url: str, token: str, handle: str) -> None:
        self._url = url
        self._token = token
        self._handle = handle
        self._task: int | None = None

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool."""
        request = urllib.request.Request(
            f"{self._url}/api/tools/{tool}",
            json.dumps(arguments).encode(),
            {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                found: dict[str, Any] = json.load(response)
                return found
        except urllib.error.HTTPError as error:
            with error:
                raise RefusedError(error.code, error.read().decode()) from error

    def next_task(self) -> int | None:
        """Take up a piece; answers its number."""
        taken = self.call("task_next").get("task")
        self._task = taken and taken["task_id"]
        return int(taken["title"].removeprefix("piece-")) if taken else None

    def ship(self, sequence: str | None, number: int | None) -> None:
        """Say that the piece is done."""
        if sequence is not None:
            self.call("settle_claim", sequence=sequence, number=number, outcome="committed")
        self.call("task_ship", task_id=self._task)

    def claim(self, sequence: str, note: str) -> int:
        """Take a number."""
        number: int = self.call("claim", sequence=sequence, note=note)["number"]
        return number

    def lease(self, surface: str) -> None:
        """Hold a file, in turn."""
        while self.call("lease", surface=surface, queue=True).get("lease_id") is None:
            waited = self.call(
                "wait", **{"for": [{"on": "surface", "surface": surface, "take": True}]}, timeout_seconds=25
            )
            if any(fired.get("lease_id") for fired in waited["fired"]):
                return

    def release(self, surface: str) -> None:
        """Let it go."""
        self.call("release", surface=surface)

    def post(self, to: str, text: str) -> str:
        """Hand something over; answers what it is known by."""
        return str(self.call("post", to_actor=f"{self._handle}/{to}", body=text, kind="handoff")["post_id"])

    def answer(self, noted: Callable[[str], None]) -> int:
        """Ack what has come in; answers how many."""
        posts = self.call("read_posts", to_me=True, unacked_only=True)["posts"]
        for post in posts:
            self.call("ack", post_id=post["post_id"])
            noted(str(post["post_id"]))
        return len(posts)

    def answer_to_the_end(self, noted: Callable[[str], None]) -> None:
        """Wait for handoffs until no work is left: whoever ships a piece has handed over before."""
        while self.call("list_tasks", status="in_progress")["tasks"]:
            self.answer(noted)
            self.call("wait", timeout_seconds=1)
        while self.answer(noted):
            pass  # there may be more than one page of them

    def guard(self, top: Path, path: Path) -> None:
        """Ask the hook that an editor asks before it changes a file."""
        given = {
            "hook_event_name": "PreToolUse",
            "cwd": str(top),
            "tool_name": "Edit",
            "tool_input": {"file_path": str(path)},
        }
        done = subprocess.run(
            [sys.executable, str(paths.KIT / "hooks" / "signalbox_guard.py"), "claude"],
            cwd=top,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=True,
            timeout=HOOK_SECONDS_MAX,
        )
        assert "deny" not in done.stdout, done.stdout


@contextmanager
def bus_for(place: Path, names: list[str], work: list[Piece], trees: list[Tree]) -> Iterator[list[Bus]]:
    """Run a server, seed its numbers from the repository, make the work its tasks, and install the hooks."""
    from perf.bench import postgres  # noqa: PLC0415 - it brings a database of its own

    with postgres() as database, serving(database.dsn, place) as server:
        tokens, handle = anyio.run(_members, database.dsn, names)
        buses = [Bus(server.url, token, handle) for token in tokens]
        for kind in NUMBERED:
            buses[0].call("seed_sequence", sequence=kind, current=trees[0].next_number(kind) - 1)
        for piece in work:
            buses[0].call("task_create", title=piece.name, detail=piece.kind)
        config = {
            "url": server.url,
            "numbered": {"docs/decisions/*.md": "adr", "migrations/versions/*.py": "migration"},
        }
        for tree, token in zip(trees, tokens, strict=True):
            _install(tree, token, config)
        yield buses


async def _members(dsn: str, names: list[str]) -> tuple[list[str], str]:
    async with Database(load_settings({}, database_url=dsn)) as database:
        project = await make_project(database)
        return [(await project.join(name, lead=name == names[0])).token for name in names], project.handle


def _install(tree: Tree, token: str, config: dict[str, Any]) -> None:
    """Put config, token and git's hook where the kit has them, outside of what is committed."""
    folder = Path(tree.git("rev-parse", "--absolute-git-dir").stdout.strip())
    (folder / "signalbox").mkdir(exist_ok=True)
    (folder / "signalbox" / "token").write_text(token)
    hook = Path(tree.git("rev-parse", "--git-path", "hooks/pre-commit").stdout.strip())
    hook = hook if hook.is_absolute() else tree.top / hook
    script = paths.KIT / "hooks" / "signalbox_reconcile.py"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{script}' --staged\n")
    hook.chmod(0o755)
    exclude = Path(tree.git("rev-parse", "--git-path", "info/exclude").stdout.strip())
    exclude = exclude if exclude.is_absolute() else tree.top / exclude
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("/.signalbox.json\n")
    (tree.top / ".signalbox.json").write_text(json.dumps(config))
