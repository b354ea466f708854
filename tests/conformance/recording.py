"""What the real clients give their hooks: writes tests/kit/payloads/claude.json and its like.

`python tests/conformance/recording.py claude` writes one anew. A test sees that the clients still say the same. What
differs from run to run is written as a word of its own.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import anyio

HERE = Path(__file__).parent
if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))

from conformance.clients import CLIENTS, Running  # noqa: E402 - a script finds them beside itself
from conformance.scripted import speaking  # noqa: E402

PAYLOADS = HERE.parent / "kit" / "payloads"
HOME = "/home/dev"
TOP = "/home/dev/repo"
CHANGED = "src/leased.py"
ADDED = "docs/decisions/0001-cache.md"
CLAUDE_EVENTS = ("SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop")
GEMINI_EVENTS = ("SessionStart", "BeforeAgent", "BeforeTool", "AfterTool", "AfterAgent")
HOOKS = {
    "claude": (".claude/settings.json", CLAUDE_EVENTS),
    "codex": (".codex/hooks.json", CLAUDE_EVENTS),
    "gemini": (".gemini/settings.json", GEMINI_EVENTS),
}
CHANGING = {
    "session_id": "session-1",
    "turn_id": "turn-1",
    "prompt_id": "prompt-1",
    "transcript_path": f"{HOME}/transcript.jsonl",
    "timestamp": "2026-01-01T00:00:00.000Z",
    "duration_ms": 1,
}


async def record(client: str, place: Path) -> list[dict[str, Any]]:
    """Ask a client one thing, and answer what its hooks were given, in order."""
    top, log = place / "repo", place / "given.jsonl"
    (top / "src").mkdir(parents=True)
    (top / CHANGED).write_text("one\n")
    running = Running(CLIENTS[client], place / "home", top)
    name, events = HOOKS[client]
    hook = {"hooks": [{"type": "command", "command": f"(cat; echo) >> '{log}'"}]}
    running.configure(name, {"hooks": {event: [hook] for event in events}})
    with speaking(*CLIENTS[client].calls(top, CHANGED, ADDED)) as model:
        await running.ask(model)
    text = log.read_text().replace(str(top), TOP).replace(str(place / "home"), HOME)
    return [scrubbed(json.loads(line)) for line in text.splitlines() if line]


def scrubbed(given: dict[str, Any]) -> dict[str, Any]:
    """Write what differs from run to run as a word of its own."""
    kept = given | {name: word for name, word in CHANGING.items() if name in given}
    if isinstance(kept.get("tool_response"), str):
        kept["tool_response"] = re.sub(r"Wall time: [0-9.]+ seconds", "Wall time: 0 seconds", kept["tool_response"])
    return kept


def main(client: str) -> None:
    """Write anew what a client gives."""
    with tempfile.TemporaryDirectory() as place:
        given = anyio.run(record, client, Path(place).resolve())
    (PAYLOADS / f"{client}.json").write_text(json.dumps(given, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
