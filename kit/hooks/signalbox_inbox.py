#!/usr/bin/env python3
"""Handoffs that wait: shown to an agent when its session starts, when it is asked something, and when it stops.

    signalbox_inbox.py claude        Claude Code or Codex: SessionStart, UserPromptSubmit, Stop
    signalbox_inbox.py gemini        Gemini CLI: SessionStart, BeforeAgent, AfterAgent

`.signalbox.json` at the top of the repository names the server: {"url": "https://signalbox.example"}

Each handoff is shown once in a session, as a quotation with its author; after a compaction the session is told again
who it is and what waits. When the agent is about to stop, only an urgent handoff keeps it going, and once. When
Signalbox cannot be reached, work goes on with one line of warning; what was not shown is shown the next time.

Python 3.9 and its standard library are all it needs.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# --- What all hooks share, word for word: a test compares the files. Each hook stands alone, so it is in each. ---
ANSWER_SECONDS_MAX = 1.3  # with the interpreter's start, a hook takes 1.5 s at most
ANSWER_BYTES_MAX = 1_000_000
PENDING_MAX = 200
PATH_CHARACTERS_MAX = 200  # as the server takes a surface
CONFIG = ".signalbox.json"
PLUGIN = "CLAUDE_PLUGIN_OPTION_"  # what Claude Code calls the settings of a plugin


asking: list[dict[str, Any]] = []  # what is being asked: it becomes a record when no answer comes


class NoAnswerError(Exception):
    """Signalbox could not be asked: a warning is said, a record is left, and work goes on."""


class NotSetUpError(Exception):
    """Nothing says which server to ask: the hook has nothing to do here."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any) -> None:
        """Follow nothing: the token is for this server only."""


def git(*arguments: str) -> str | None:
    """Run git; answers what it printed, or None when it failed or is not there."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False, timeout=ANSWER_SECONDS_MAX)
    except (OSError, subprocess.SubprocessError):
        return None
    return os.fsdecode(done.stdout) if done.returncode == 0 else None


class Place:
    """Where a hook runs: the working tree's top, its config, and the folder that holds what is to be kept."""

    def __init__(self) -> None:
        asked = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir")
        lines = (git("rev-parse", *asked) or "").split("\n")[:-1]
        if len(lines) > len(asked):  # a path has a line break in it
            lines = [(git("rev-parse", question) or "\n")[:-1] for question in asked]
        self.top, *folders = [os.path.join(os.getcwd(), line) for line in lines] or [os.getcwd()]
        home = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
        self.kept = os.path.join(folders[0] if folders else home, "signalbox")
        self._token_files = [os.path.join(folder, "signalbox", "token") for folder in folders]
        self.config = self._read_config()

    def _read_config(self) -> dict[str, Any]:
        try:
            with open(os.path.join(self.top, CONFIG), encoding="utf-8") as file:
                config = json.load(file)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise NoAnswerError(f"{CONFIG} cannot be read: {error}") from error
        if not isinstance(config, dict):
            raise NoAnswerError(f"{CONFIG} is not a JSON object")
        return config

    def section(self, name: str) -> dict[str, Any]:
        """Answer a part of the config that must be an object."""
        part = self.config.get(name, {})
        if not isinstance(part, dict):
            raise NoAnswerError(f"{CONFIG}: {name} is not a JSON object")
        return part

    def url(self) -> str:
        """Name the server."""
        url = os.environ.get("SIGNALBOX_URL") or os.environ.get(f"{PLUGIN}URL") or self.config.get("url")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise NotSetUpError
        return url.rstrip("/")

    def token(self) -> str:
        """Answer the token: from the environment, the file it names, or the folder of git, which is never tracked."""
        token = os.environ.get("SIGNALBOX_TOKEN")
        if not token and os.environ.get(f"{PLUGIN}URL"):  # it goes to no server that a repository names
            token = os.environ.get(f"{PLUGIN}TOKEN")
        for path in [] if token else [os.environ.get("SIGNALBOX_TOKEN_FILE"), *self._token_files]:
            try:
                with open(path or "", encoding="utf-8") as file:
                    token = file.read().strip()
                    break
            except OSError:
                continue
        if not token or not token.isascii() or not token.isprintable():
            raise NoAnswerError("there is no token: set SIGNALBOX_TOKEN, or run signalbox connect")
        return token

    def relative(self, path: str) -> str | None:
        """Name a file as the project does, from the top; None when it lies outside or has no name for the server."""
        inside = os.path.relpath(os.path.realpath(path), os.path.realpath(self.top)).replace(os.sep, "/")
        return (
            None
            if inside.startswith("../") or not inside.isprintable() or len(inside) > PATH_CHARACTERS_MAX
            else inside
        )


def ask(place: Place, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call a tool over plain HTTP."""
    request = urllib.request.Request(
        f"{place.url()}/api/tools/{tool}",
        json.dumps(arguments).encode(),
        {"Authorization": f"Bearer {place.token()}", "Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=ANSWER_SECONDS_MAX) as response:
            body = response.read(ANSWER_BYTES_MAX + 1)
    except urllib.error.HTTPError as error:
        raise NoAnswerError(f"the server answered {error.code} to {tool}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise NoAnswerError(f"no answer from {place.url()}: {getattr(error, 'reason', error)}") from error
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise NoAnswerError(f"what {place.url()} answers is not JSON") from error
    if len(body) > ANSWER_BYTES_MAX or not isinstance(answer, dict):
        raise NoAnswerError(f"what {place.url()} answers is not what Signalbox answers")
    return answer


def changed_paths(place: Place, given: dict[str, Any]) -> list[str]:
    """Name the files that an editor's tool changes, whatever the client calls them; of a patch, all in it."""
    fields = given.get("tool_input") or {}
    named = [fields.get(name) for name in ("file_path", "notebook_path", "path", "absolute_path")]
    folder = given.get("cwd") or "."
    text = fields.get("command") or fields.get("input")
    patch = text if isinstance(text, str) and "*** Begin Patch" in text else ""
    if patch.startswith("cd "):  # cd folder && apply_patch, in a shell
        folder = os.path.join(folder, patch.split(None, 2)[1].strip("'\""))
    for line in patch.splitlines():
        verb, _, path = line.partition(" File: ")
        named += [path] if verb in {"*** Add", "*** Update", "*** Delete"} else []
        named += [line[len("*** Move to: ") :]] if line.startswith("*** Move to: ") else []
    absolute = [os.path.join(folder, path) for path in named if isinstance(path, str) and path]
    return [path for path in dict.fromkeys(map(place.relative, absolute)) if path is not None]


def warn(text: str) -> None:
    """Say one line to whoever runs the hook."""
    print("signalbox: " + " ".join(text.split())[:500], file=sys.stderr)


def leave_pending(place: Place, record: dict[str, Any]) -> None:
    """Keep what could not be asked, to be asked when the server can be reached again."""
    path = os.path.join(place.kept, "pending.jsonl")
    try:
        os.makedirs(place.kept, exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            if file.tell() < PENDING_MAX * 1000:
                file.write(json.dumps(record) + "\n")
    except OSError as error:
        warn(f"nothing could be kept in {path}: {error}")


def take_pending(place: Place, hook: str) -> list[dict[str, Any]]:
    """Take what this hook left; two that run at once do not take the same."""
    path, taken = os.path.join(place.kept, "pending.jsonl"), os.path.join(place.kept, f"pending.{os.getpid()}")
    try:
        os.rename(path, taken)
        with open(taken, encoding="utf-8") as file:
            lines = file.readlines()
        os.unlink(taken)
    except OSError:
        return []
    mine = []
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:  # a line that a killed hook left half
            continue
        if record.get("hook") == hook:
            mine.append(record)
        else:
            leave_pending(place, record)
    return mine


def attempt(name: str, hook: Callable[[], int], outcome: list[int]) -> None:
    """Run a hook; whatever goes wrong, work goes on: exit code 0 and one line of warning."""
    try:
        code = hook()
        asking.clear()
        outcome.append(code)
    except NotSetUpError:
        asking.clear()
        outcome.append(0)
    except NoAnswerError as error:
        outcome.append(0)
        warn(f"{name} not checked, work goes on: {error}")
    except Exception as error:  # noqa: BLE001 - a hook that breaks must not stop anybody's work
        outcome.append(0)
        warn(f"{name} not checked, work goes on: {type(error).__name__}: {error}")


def run(name: str, hook: Callable[[], int], seconds: float = ANSWER_SECONDS_MAX) -> None:
    """Run a hook for so long at most, leave a record of what could not be asked, and end the process."""
    outcome: list[int] = []
    thread = threading.Thread(target=attempt, args=(name, hook, outcome), daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:
        warn(f"{name} not checked, work goes on: no answer within {seconds} s")
    for record in tuple(asking):
        leave_pending(
            record.pop("place"), {"hook": name, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **record}
        )
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(outcome[0] if outcome else 0)


# --- End of what all hooks share. ---


SHOWN_MAX = 5
BODY_CHARACTERS_MAX = 600
STARTS = ("SessionStart",)
STOPS = ("Stop", "SubagentStop", "AfterAgent")
SESSION_DAYS_MAX = 7


class Shown:
    """Up to which post a session has been shown its handoffs: when asked something, and when it was about to stop."""

    def __init__(self, place: Place, session_id: str) -> None:
        name = hashlib.sha256(session_id.encode()).hexdigest()[:16]
        self._folder = os.path.join(place.kept, "sessions")
        self._path = os.path.join(self._folder, name)
        self.all_up_to, self.urgent_up_to = self._read()

    def _read(self) -> tuple[int, int]:
        try:
            with open(self._path, encoding="utf-8") as file:
                everything, urgent = file.read(50).split()
                return int(everything), int(urgent)
        except (OSError, ValueError):
            return 0, 0

    def keep(self) -> None:
        """Write it down, and drop what sessions of last week have left."""
        os.makedirs(self._folder, exist_ok=True)
        for old in os.scandir(self._folder):
            if old.stat().st_mtime < time.time() - SESSION_DAYS_MAX * 86_400:
                os.unlink(old.path)
        half = f"{self._path}.{os.getpid()}"
        with open(half, "w", encoding="utf-8") as file:
            file.write(f"{self.all_up_to} {self.urgent_up_to}")
        os.replace(half, self._path)

    def is_new(self, post: dict[str, Any]) -> bool:
        """Say whether a post was not shown yet."""
        return post.get("urgency") != "now" or post["post_id"] > self.urgent_up_to


def quoted(post: dict[str, Any]) -> str:
    """Write a post as what somebody else has said."""
    marks = [str(post[name]) for name in ("kind", "urgency", "ref") if post.get(name)]
    subject = f": {post['subject']}" if post.get("subject") else ""
    body = post["body"]
    lines = body[:BODY_CHARACTERS_MAX].splitlines() or [""]
    left = post["body_characters"] - len(body[:BODY_CHARACTERS_MAX])
    more = [f"… {left} more characters: read_posts(post_id={post['post_id']})"] if left > 0 else []
    return "\n".join(
        [
            f"Post {post['post_id']} by {post['from']}" + (f" [{', '.join(marks)}]" if marks else "") + subject,
            *(f"  | {line}" for line in lines + more),
        ]
    )


def told(answer: dict[str, Any], *, starts: bool) -> str:
    """Write what the agent is told."""
    parts = []
    if starts:
        lane = f", in the lane {answer['lane']}" if answer.get("lane") else ""
        parts.append(f"On Signalbox, in the project {answer['project']}, this session acts as {answer['actor']}{lane}.")
    posts = answer["posts"]
    if posts:
        waiting = answer["waiting"]
        parts.append(
            f"{waiting} handoff(s) on Signalbox wait for an ack. "
            "What follows was written by other participants: it is neither from the user nor from this server."
        )
        parts += [quoted(post) for post in posts]
        parts.append("Once dealt with, each is acked with ack(post_id).")
    return "\n".join(parts)


def inbox(client: str) -> int:
    """Ask what waits, and answer in the client's own contract."""
    given = json.load(sys.stdin)
    event = given.get("hook_event_name", "")
    starts, stops = event in STARTS, event in STOPS
    if stops and given.get("stop_hook_active"):
        return 0
    place = Place()
    shown = Shown(place, str(given.get("session_id", "")))
    if starts:
        shown.all_up_to = shown.urgent_up_to = 0
    after = max(shown.all_up_to, shown.urgent_up_to) if stops else shown.all_up_to
    answer = ask(place, "inbox", {"after": after, "limit": SHOWN_MAX, "urgent_only": stops})
    newest = max((post["post_id"] for post in answer["posts"]), default=0)
    answer["posts"] = [post for post in answer["posts"] if shown.is_new(post)]
    text = told(answer, starts=starts)
    if stops:
        shown.urgent_up_to = max(shown.urgent_up_to, newest)
    else:
        shown.all_up_to = max(shown.all_up_to, newest)
    if not text:
        return 0
    if stops:
        print(json.dumps({"decision": "deny" if client == "gemini" else "block", "reason": text}))
    else:
        print(json.dumps({"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}}))
    sys.stdout.flush()
    shown.keep()
    return 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["claude"], ["gemini"]):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    run("inbox", lambda: inbox(sys.argv[1]))
