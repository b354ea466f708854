"""The kit's hooks in the real clients, with a model that is written down.

Each client is asked one thing. Its agent is told what waits, changes a file that another has leased, writes one whose
number another has claimed, and is about to stop when something urgent comes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from conformance.clients import CLIENTS, Running
from conformance.examples import readme_examples
from conformance.programs import program
from conformance.recording import HOOKS
from conformance.scripted import speaking
from conformance.test_connect import signalbox
from kit.conftest import make_repository
from signalbox import paths
from support import Agent, ServerProcess

CONFIG = {"numbered": {"docs/decisions/*.md": "adr"}}
LEASED = "src/leased.py"
TAKEN = "docs/decisions/0001-cache.md"
WAITS = "The cache moves on Monday."
URGENT = "The build is red."


@dataclass(frozen=True)
class Place:
    """A client that can be run, and whom it acts for."""

    running: Running
    server: ServerProcess
    agent: Agent

    def connect(self, *options: str) -> None:
        given = {"SIGNALBOX_URL": self.server.url, "SIGNALBOX_TOKEN": self.agent.token}
        running = self.running
        signalbox(running.home, "connect", running.client.name, *options, cwd=running.top, **given)

    def as_the_readme_says(self, example: int) -> None:
        """Take an example of hooks word for word, but for the address."""
        given = readme_examples(self.server.url)[example]
        token = {"env": {"SIGNALBOX_TOKEN": self.agent.token}} if self.running.client.name == "claude" else {}
        self.running.configure(HOOKS[self.running.client.name][0], given | token)


def connected(place: Place) -> None:
    place.connect()


def over_http(place: Place) -> None:
    place.as_the_readme_says(0)


def over_mcp(place: Place) -> None:
    place.connect("--no-hooks")
    place.as_the_readme_says(1)


def codex_over_mcp(place: Place) -> None:
    place.connect("--no-hooks")
    place.as_the_readme_says(3)


def by_plugin(place: Place) -> None:
    options = {"url": place.server.url, "token": place.agent.token}
    place.running.configure(".claude/settings.json", {"pluginConfigs": {"signalbox@inline": {"options": options}}})
    place.running.options += ("--plugin-dir", str(paths.KIT))


FORMS: dict[str, tuple[str, Callable[[Place], None]]] = {
    "claude": ("claude", connected),
    "claude, the plugin": ("claude", by_plugin),
    "claude, http": ("claude", over_http),
    "claude, mcp_tool": ("claude", over_mcp),
    "gemini": ("gemini", connected),
    "codex": ("codex", connected),
    "codex, mcp_tool": ("codex", codex_over_mcp),
}
WITHOUT_A_START = {"claude, http", "claude, mcp_tool"}  # as kit/README.md says
WITHOUT_THE_SHELL = {"codex, mcp_tool"}


@pytest.mark.parametrize("form", FORMS)
async def test_an_agent_is_told_what_waits_and_kept_from_what_is_anothers(
    server: ServerProcess, agent: Agent, peer: Agent, tmp_path: Path, form: str
) -> None:
    name, fit = FORMS[form]
    program(name)
    repository = make_repository(tmp_path / "repo", CONFIG)
    repository.write(LEASED, "one\n")
    place = Place(Running(CLIENTS[name], tmp_path / "home", repository.top), server, agent)
    fit(place)
    await peer.call("lease", surface=LEASED, note="Mine until noon.")
    await peer.call("claim", sequence="adr")
    await peer.call("post", to_actor=agent.actor, body=WAITS)

    def meanwhile() -> None:
        given = {"to_actor": agent.actor, "body": URGENT, "urgency": "now"}
        httpx2.post(f"{server.url}/api/tools/post", json=given, headers=peer.headers).raise_for_status()

    calls = CLIENTS[name].calls(repository.top, LEASED, TAKEN)
    if form in WITHOUT_THE_SHELL:
        calls = tuple(call for call in calls if call.name != "exec_command")
    with speaking(*calls, meanwhile=meanwhile) as model:
        said = await place.running.ask(model)

    assert repository.top.joinpath(LEASED).read_text() == "one\n", said
    first, last = (json.dumps(model.answering[at], ensure_ascii=False) for at in (0, -1))
    assert last.count(f"{LEASED} is leased by {peer.actor}") >= sum(call.edits == LEASED for call in calls), said
    assert f"adr 1 was claimed by {peer.actor}" in last
    assert WAITS in first
    assert URGENT not in first
    assert URGENT in last
    assert (f"this session acts as {agent.actor}" in first) == (form not in WITHOUT_A_START)
