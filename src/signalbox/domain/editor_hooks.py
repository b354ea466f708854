"""Hooks of editors that need nothing installed: one question, answered in the contract of Claude Code's hooks.

Codex reads the same contract. The answer of `editor_hook` is the JSON that such a hook prints: empty where there is
nothing to say. What it shows of handoffs it shows once in a session.
"""

from __future__ import annotations

import posixpath
import re
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from signalbox.db.statements import Executor, statements
from signalbox.domain import hooks, transports
from signalbox.domain.hooks import CheckedNumber, CheckNumbersArgs, CheckSurfacesArgs, NumberedFile, WaitingPost
from signalbox.domain.leases import SURFACE_CHARACTERS_MAX, normal
from signalbox.identity import Principal, Scope, ToolGroup
from signalbox.tool import CONTROL, Args, Effect, Line, Result, Text, Tool

sql = statements(__file__)

SHOWN_MAX: Final = 5
BODY_CHARACTERS_MAX: Final = 600
PATHS_MAX: Final = 20
EDITS: Final = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})
"""The tools of Claude Code that change a file: others read a leased path as they like."""
STARTS: Final = "SessionStart"
STOPS: Final = frozenset({"Stop", "SubagentStop"})

Event = Literal["SessionStart", "UserPromptSubmit", "Stop", "SubagentStop", "PreToolUse", "PostToolUse"]
Rule = Annotated[str, Field(max_length=200, pattern=r"^[^=\x00-\x1f\x7f-\x9f]+=[a-z0-9_-]{1,64}$")]


class EditorHookArgs(Args):
    """What happens in the editor."""

    event: Event
    session: Annotated[Line | None, Field(max_length=200)] = None
    path: Annotated[Text | None, Field(max_length=4096, description="The file that a tool changes.")] = None
    patch: Annotated[Text | None, Field(max_length=200_000, description="What apply_patch of Codex is given.")] = None
    cwd: Annotated[Text | None, Field(max_length=4096, description="The repository's top.")] = None
    stopping_again: bool = False
    numbered: Annotated[list[Rule], Field(max_length=20, default_factory=list, description="glob=sequence")]


class HookOutput(BaseModel):
    """What a hook says about its event."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hookEventName: str  # noqa: N815 - the client's contract
    additionalContext: str | None = None  # noqa: N815
    permissionDecision: Literal["deny"] | None = None  # noqa: N815
    permissionDecisionReason: str | None = None  # noqa: N815


class HookAnswer(Result):
    """What a hook prints: nothing at all, or a decision, or what the agent is to know."""

    decision: Literal["block"] | None = None
    reason: str | None = None
    hookSpecificOutput: HookOutput | None = None  # noqa: N815 - the client's contract


async def editor_hook(db: Executor, who: Principal, args: EditorHookArgs) -> HookAnswer:
    """Answer a hook of an editor, by its event."""
    if args.event == "PreToolUse":
        return await _guard(db, who, args)
    if args.event == "PostToolUse":
        return await _reconcile(db, who, args)
    if args.event in STOPS and args.stopping_again:
        return HookAnswer()
    return await _inbox(db, who, args)


def _paths(args: EditorHookArgs, *verbs: str) -> list[str]:
    """Name the files that a tool changes as the project does; of a patch, those that it treats so."""
    patch = (args.patch or "").replace("*** Move to: ", "*** Add File: ")
    lines = [line.partition(" File: ") for line in patch.splitlines()]
    named = [args.path or "", *(path for verb, _, path in lines if verb.removeprefix("*** ") in verbs)]
    paths = (_inside(args, path) for path in named)
    return [path for path in dict.fromkeys(paths) if path is not None][:PATHS_MAX]


def _inside(args: EditorHookArgs, named: str) -> str | None:
    """Name a file from the top, with slashes; None for what lies elsewhere."""
    path = named.replace("\\", "/")
    top = (args.cwd or "").replace("\\", "/").rstrip("/")
    if not path or CONTROL.search(path):
        return None
    absolute = path if path.startswith("/") or re.match(r"[A-Za-z]:/", path) else f"{top}/{path}"
    inside = posixpath.relpath(posixpath.normpath(absolute), posixpath.normpath(top)) if top else path.lstrip("/")
    return None if inside.startswith("..") or len(normal(inside)) > SURFACE_CHARACTERS_MAX else inside


async def _guard(db: Executor, who: Principal, args: EditorHookArgs) -> HookAnswer:
    paths = _paths(args, "Add", "Update", "Delete")
    found = await hooks.check_surfaces(db, who, CheckSurfacesArgs(surfaces=paths)) if paths else None
    for lease in found.leases if found else []:
        if not lease.mine and lease.mode == "exclusive":
            note = f", who notes: {lease.note!r}" if lease.note else ""
            minutes = -(-lease.expires_in_seconds // 60)
            reason = (
                f"{lease.surface} is leased by {lease.actor} (on {lease.lease}) for {minutes} more min{note}. Work on "
                f"something else, ask {lease.actor} with a post, or wait for the surface."
            )
            return HookAnswer(
                hookSpecificOutput=HookOutput(
                    hookEventName=args.event, permissionDecision="deny", permissionDecisionReason=reason
                )
            )
    return HookAnswer()


def _pattern(glob: str) -> re.Pattern[str]:
    known = {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*|\?)", glob)))


async def _reconcile(db: Executor, who: Principal, args: EditorHookArgs) -> HookAnswer:
    rules = [(_pattern(glob), name) for glob, _, name in (rule.rpartition("=") for rule in args.numbered)]
    files: list[tuple[str, str, str]] = []
    for path in _paths(args, "Add"):
        digits = re.search(r"[0-9]{1,15}", posixpath.basename(path))
        sequence = next((name for pattern, name in rules if pattern.fullmatch(path)), None)
        if digits is not None and sequence is not None:
            files.append((path, sequence, digits.group()))
    numbers = [NumberedFile(sequence=sequence, number=int(digits)) for _, sequence, digits in files]
    verdicts = (await hooks.check_numbers(db, who, CheckNumbersArgs(numbers=numbers))).numbers if numbers else []
    collisions = [
        _collision(*file, verdict) for file, verdict in zip(files, verdicts, strict=True) if verdict.state == "other"
    ]
    hints = [
        f"{path}: nobody has claimed {sequence} {int(digits)}; claim(sequence={sequence!r}) first."
        for (path, sequence, digits), verdict in zip(files, verdicts, strict=True)
        if verdict.state == "unclaimed"
    ]
    if collisions:
        return HookAnswer(decision="block", reason="\n".join(collisions))
    if hints:
        return HookAnswer(hookSpecificOutput=HookOutput(hookEventName=args.event, additionalContext="\n".join(hints)))
    return HookAnswer()


def _collision(path: str, sequence: str, digits: str, verdict: CheckedNumber) -> str:
    folder, name = posixpath.split(path)
    renamed = posixpath.join(folder, name.replace(digits, str(verdict.next).zfill(len(digits)), 1))
    return (
        f"{path}: {sequence} {verdict.number} was claimed by {verdict.by}. Claim the next number "
        f"(claim(sequence={sequence!r}), it will be {verdict.next}) and rename the file to {renamed}."
    )


async def _inbox(db: Executor, who: Principal, args: EditorHookArgs) -> HookAnswer:
    starts, stops = args.event == STARTS, args.event in STOPS
    posts = await sql.show_inbox.all(
        db,
        WaitingPost,
        project_id=who.project_id,
        participation_id=who.participation_id,
        session=args.session or "",
        anew=starts,
        urgent_only=stops,
        limit=SHOWN_MAX,
    )
    transports.offered(db, who, "hook", [post.post_id for post in posts])
    told = _told(who, posts, starts=starts)
    if not told:
        return HookAnswer()
    if stops:
        return HookAnswer(decision="block", reason=told)
    return HookAnswer(hookSpecificOutput=HookOutput(hookEventName=args.event, additionalContext=told))


def _told(who: Principal, posts: list[WaitingPost], *, starts: bool) -> str:
    lines = []
    if starts:
        lane = f", in the lane {who.lane}" if who.lane else ""
        lines.append(f"On Signalbox, in the project {who.project}, this session acts as {who.actor}{lane}.")
    if posts:
        lines.append(
            f"{who.unread_posts} handoff(s) on Signalbox wait for an ack. What follows was written by other "
            "participants: it is neither from the user nor from this server."
        )
        lines += [_quoted(post) for post in posts]
        lines.append("Once dealt with, each is acked with ack(post_id).")
    return "\n".join(lines)


def _quoted(post: WaitingPost) -> str:
    """Write a post as what somebody else has said."""
    marks: list[Any] = [mark for mark in (post.kind, post.urgency, post.ref) if mark]
    shown = post.body[:BODY_CHARACTERS_MAX]
    head = f"Post {post.post_id} by {post.from_}" + (f" [{', '.join(marks)}]" if marks else "")
    lines = [head + (f": {post.subject}" if post.subject else ""), *(f"  | {line}" for line in shown.splitlines())]
    if post.body_characters > len(shown):
        lines.append(f"  | … {post.body_characters - len(shown)} more characters: read_posts(post_id={post.post_id})")
    return "\n".join(lines)


TOOLS = (
    Tool(
        "editor_hook",
        editor_hook,
        Scope.READ,
        Effect.READS,
        "Answer a hook of Claude Code or Codex in its own contract.",
        reports_inbox=True,
        group=ToolGroup.HOOKS,
    ),
)
