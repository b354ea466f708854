#!/usr/bin/env python3
"""Numbered files whose number another actor has claimed: as a git hook, after an editor's tool, in CI.

    signalbox_reconcile.py --staged               git pre-commit: what is about to be committed
    signalbox_reconcile.py --client claude        after Write (Claude Code, Codex or gemini: PostToolUse, AfterTool)
    signalbox_reconcile.py --range BASE..HEAD     CI: what a branch adds
    signalbox_reconcile.py --report REF           CI: numbers burnt, and numbers never claimed, on REF

`.signalbox.json` at the top of the repository names the server and what is numbered:

    {"url": "https://signalbox.example", "numbered": {"docs/decisions/*.md": "adr", "migrations/*.sql": "migration"}}

A new file whose number another actor has claimed blocks, with the next number and the `git mv`. Your own passes; one
that nobody has claimed passes with a hint. SIGNALBOX_OVERRIDE="why" passes, and is recorded. When Signalbox cannot be
reached, work goes on with one line of warning, and what was not checked is checked the next time.

Python 3.9 and its standard library are all it needs.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
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


NUMBERS_TOGETHER_MAX = 100
CI_SECONDS_MAX = 60.0


def pattern_of(glob: str) -> re.Pattern[str]:
    """Read a glob of paths: `*` stays within a folder, `**/` is any folders or none."""
    parts = re.split(r"(\*\*/|\*|\?)", glob)
    known = {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts))


class Numbered:
    """A file that carries a number of a sequence in its name."""

    def __init__(self, path: str, sequence: str, digits: str) -> None:
        self.path = path
        self.sequence = sequence
        self.digits = digits
        self.number = int(digits)

    def renamed(self, number: int) -> str:
        """Name the file with another number, as many digits wide."""
        folder, slash, name = self.path.rpartition("/")
        return folder + slash + name.replace(self.digits, str(number).zfill(len(self.digits)), 1)


def numbered_among(place: Place, paths: list[str]) -> list[Numbered]:
    """Find the files that the config says are numbered."""
    rules = [(pattern_of(glob), sequence) for glob, sequence in place.section("numbered").items()]
    found = []
    for path in paths:
        digits = re.search(r"[0-9]{1,15}", path.rpartition("/")[2])
        sequence = next((sequence for pattern, sequence in rules if pattern.fullmatch(path)), None)
        if digits and isinstance(sequence, str):
            found.append(Numbered(path, sequence, digits.group()))
    return found


def paths_in(listing: str | None) -> list[str]:
    """Read what git lists with -z."""
    if listing is None:
        raise NoAnswerError("git does not say which files are new")
    return [path for path in listing.split("\0") if path]


def verdicts(place: Place, files: list[Numbered]) -> list[dict[str, Any]]:
    """Ask who has claimed the numbers of files, in their order."""
    answers: list[dict[str, Any]] = []
    for start in range(0, len(files), NUMBERS_TOGETHER_MAX):
        numbers = [{"sequence": file.sequence, "number": file.number} for file in files[start:][:NUMBERS_TOGETHER_MAX]]
        answers += ask(place, "check_numbers", {"numbers": numbers})["numbers"]
    if len(answers) != len(files):
        raise NoAnswerError("the server has not answered for each number")
    return answers


def check(place: Place, paths: list[str]) -> tuple[list[str], list[str]]:
    """Answer what blocks and what is only hinted at, a text for each file."""
    pending = take_pending(place, "reconcile")
    paths = list(dict.fromkeys([*paths, *(path for record in pending for path in record.get("paths", []))]))
    files = numbered_among(place, paths)
    if not files:
        return [], []
    asking.append({"place": place, "paths": [file.path for file in files]})
    collisions, hints = [], []
    taken: dict[str, int] = {}
    for file, verdict in zip(files, verdicts(place, files)):
        if verdict["state"] == "other":
            after = taken[file.sequence] = taken.get(file.sequence, verdict["next"] - 1) + 1
            collisions.append(collision(file, verdict, after))
        elif verdict["state"] == "unclaimed":
            hints.append(
                f"{file.path}: nobody has claimed {file.sequence} {file.number}; claim before you name a file: "
                f"signalbox call claim sequence={file.sequence}"
            )
    asking.clear()
    return collisions, hints


def collision(file: Numbered, verdict: dict[str, Any], after: int) -> str:
    """Say who has the number, and how to go on."""
    note = f" ({verdict['note']})" if verdict.get("note") else ""
    return (
        f"{file.path}: {file.sequence} {file.number} was claimed by {verdict['by']}{note}. Take the next one:\n"
        f"    signalbox call claim sequence={file.sequence}    # it will be {after}, unless somebody is faster\n"
        f"    git mv {quoted(file.path)} {quoted(file.renamed(after))}"
    )


def quoted(path: str) -> str:
    """Write a path for the shell."""
    return shlex.quote(path)


def overridden(place: Place, what: str, paths: list[str]) -> bool:
    """Say whether somebody has chosen to go on, and record that they have."""
    why = os.environ.get("SIGNALBOX_OVERRIDE", "").strip()
    if not why:
        return False
    asking.append({"place": place, "override": why[:200], "what": what, "paths": paths[:20]})
    ask(place, "note_override", {"hook": what, "reason": why[:200], "surfaces": paths[:20]})
    asking.clear()
    return True


def block(collisions: list[str]) -> str:
    """Write the refusal."""
    return "\n".join(
        [
            "signalbox: numbers that somebody else has claimed:",
            *collisions,
            "To go on regardless, and have it recorded: SIGNALBOX_OVERRIDE='why'",
        ]
    )


def on_paths(place: Place, paths: list[str]) -> int:
    """Check new files for git or CI: 1 when a number is somebody else's."""
    collisions, hints = check(place, paths)
    for hint in hints:
        warn(hint)
    if collisions and not overridden(place, "reconcile", paths):
        print(block(collisions), file=sys.stderr)
        return 1
    return 0


def staged(place: Place) -> int:
    """Check what is about to be committed."""
    return on_paths(place, paths_in(git("diff", "--cached", "--name-only", "--diff-filter=ACR", "-z")))


def in_range(place: Place, commits: str) -> int:
    """Check what a range of commits adds."""
    return on_paths(
        place, paths_in(git("diff", "--name-only", "--diff-filter=ACR", "-z", commits.replace("..", "...", 1), "--"))
    )


def after_tool(place: Place, client: str) -> int:
    """Check the files that an editor's tool has just written, and answer in the client's own contract."""
    given = json.load(sys.stdin)
    new = [path for path in changed_paths(place, given) if git("cat-file", "-e", f"HEAD:{path}") is None]
    if not new:
        return 0
    collisions, hints = check(place, new)
    if collisions and not overridden(place, "reconcile", new):
        print(json.dumps({"decision": "deny" if client == "gemini" else "block", "reason": block(collisions)}))
    elif hints:
        event = given.get("hook_event_name", "PostToolUse")
        print(json.dumps({"hookSpecificOutput": {"hookEventName": event, "additionalContext": "\n".join(hints)}}))
    return 0


def claims_of(place: Place, sequence: str) -> list[dict[str, Any]]:
    """Answer all claims of a sequence, page by page."""
    claims: list[dict[str, Any]] = []
    page = ask(place, "claims_of", {"sequence": sequence, "limit": 200})["claims"]
    while page:
        claims += page
        page = ask(place, "claims_of", {"sequence": sequence, "limit": 200, "before": page[-1]["number"]})["claims"]
    return claims


def report(place: Place, ref: str) -> int:
    """Compare the claims with the files of a commit: 0, whatever it finds."""
    files = numbered_among(place, paths_in(git("ls-tree", "-r", "--name-only", "-z", ref)))
    for sequence in sorted({name for name in place.section("numbered").values() if isinstance(name, str)}):
        claims = {claim["number"]: claim for claim in claims_of(place, sequence)}
        there = {file.number: file.path for file in files if file.sequence == sequence}
        print(f"{sequence}: {len(claims)} claimed, {len(there)} on {ref}")
        for number in sorted(claims.keys() - there.keys()):
            claim, outcome = claims[number], claims[number].get("outcome")
            print(f"  burnt     {claim['formatted']}: claimed by {claim['by']}, {outcome or 'never settled'}, no file")
        for number in sorted(there.keys() - claims.keys()):
            print(f"  unclaimed {number}: {there[number]}")
    return 0


def main(arguments: list[str]) -> None:
    """Read how the hook is called."""
    modes: dict[str, Callable[..., int]] = {
        "--staged": staged,
        "--client": after_tool,
        "--range": in_range,
        "--report": report,
    }
    mode = modes.get(arguments[0]) if arguments else None
    if mode is None or len(arguments) != (1 if mode is staged else 2):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    in_ci = mode in (in_range, report)
    run("reconcile", lambda: mode(Place(), *arguments[1:]), CI_SECONDS_MAX if in_ci else ANSWER_SECONDS_MAX)


if __name__ == "__main__":
    main(sys.argv[1:])
