"""Summaries: an event of the ledger in one line that people read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from signalbox.domain.events import Event
from signalbox.domain.exports import visible

QUOTED_MAX: Final = 100  # characters of what somebody wrote
LISTED_MAX: Final = 10
FIELDS_MAX: Final = 6

Payload = Mapping[str, Any]


def summary(event: Event) -> str:
    """Say what happened, without who did it and when; plain text, in which what was written is quoted and shortened."""
    tell = SUMMARIES.get(event.type)
    return tell({**event.payload, "by": event.actor}) if tell else _whatever(event.type, event.payload)


def about(event: Event) -> list[tuple[str, str]]:
    """Name what an event is about: words, and the path of its page below the project's."""
    payload = event.payload
    posts = [payload[name] for name in ("post_id", "reply_to") if name in payload]
    posts += payload.get("post_ids", [])[:LISTED_MAX]
    tasks = [payload[name] for name in ("task_id", "on", "blocker") if name in payload]
    return [(f"Post {post}", f"posts/{post}") for post in posts] + [(f"Task {task}", f"tasks/{task}") for task in tasks]


def payload_text(event: Event) -> str:
    """Write all that an event carries, to be read; what is not seen is shown as its code point."""
    return visible(json.dumps(event.payload, ensure_ascii=False, indent=2))


def _cut(value: object) -> str:
    text = str(value)
    return text if len(text) <= QUOTED_MAX else f"{text[: QUOTED_MAX - 1]}…"


def _quoted(payload: Payload, name: str, before: str = ": ") -> str:
    """Quote a field, if there is one."""
    return f"{before}“{_cut(payload[name])}”" if payload.get(name) else ""


def _with(payload: Payload, name: str, before: str) -> str:
    """Name a field, if there is one."""
    return f"{before}{_cut(payload[name])}" if payload.get(name) is not None else ""


def _post(payload: Payload) -> str:
    what = "asked in" if payload.get("kind") == "question" else "posted"
    what += f" {payload.get('post_id')}" + _with(payload, "reply_to", " in reply to ")
    answers = _with(payload, "answers", ", which answers ")
    return what + _to(payload) + _with(payload, "ref", " about ") + answers + _quoted(payload, "subject")


def _to(payload: Payload) -> str:
    """Say whom a post goes to."""
    if payload.get("to_all"):
        return " to everybody"
    lanes = _several(payload, "to_lane", "the lane ")
    parts = [part for part in (lanes, _several(payload, "to_actor", "")) if part]
    return f" to {' and '.join(parts)}" if parts else ""


def _several(payload: Payload, name: str, before: str) -> str:
    """Name the first of several, and say how many more there are."""
    more = len(payload.get(f"{name}s") or ()) - 1
    return _with(payload, name, before) + (f" and {more} more" if more > 0 else "")


def _overdue(payload: Payload) -> str:
    silent = payload.get("silent") or ()
    more = f" and {len(silent) - 1} more" if len(silent) > 1 else ""
    by = f" by {_cut(silent[0])}{more}" if silent else _to(payload).replace(" to ", " in ", 1)
    return f"waits too long: post {payload.get('post_id')} is not acked{by}" + _with(
        payload, "rerouted_to", ", sent on to "
    )


def _expire(payload: Payload) -> str:
    return f"waits no more: post {payload.get('post_id')} has expired"


def _ack(payload: Payload) -> str:
    ids = payload.get("post_ids") or [payload.get("post_id")]
    more = f" and {len(ids) - LISTED_MAX} more" if len(ids) > LISTED_MAX else ""
    listed = ", ".join(str(one) for one in ids[:LISTED_MAX])
    late = ", late" if payload.get("late") else ""
    return f"acked {listed}{more} as {_cut(payload.get('outcome', 'done'))}{late}" + _quoted(payload, "note")


def _claim(payload: Payload) -> str:
    return f"claimed {_cut(payload.get('formatted'))} of {_cut(payload.get('sequence'))}" + _quoted(payload, "note")


def _seed(payload: Payload) -> str:
    return f"seeded {_cut(payload.get('sequence'))}" + _with(payload, "current", " at ")


def _lease(payload: Payload) -> str:
    verb = "renewed" if payload.get("renewed") else "leased"
    return f"{verb} {_cut(payload.get('surface'))}" + _with(payload, "mode", ", ") + _quoted(payload, "note")


def _lease_wait(payload: Payload) -> str:
    verb = "waits no more for" if payload.get("left") else "waits for"
    return f"{verb} {_cut(payload.get('surface'))}" + _with(payload, "mode", ", ")


def _release(payload: Payload) -> str:
    return f"released {_cut(payload.get('surface'))}" + _with(payload, "holder", " of ") + _quoted(payload, "reason")


def _task(verb: str) -> Callable[[Payload], str]:
    def tell(payload: Payload) -> str:
        owner = _with(payload, "owner", " of ") if payload.get("owner") != payload["by"] else ""
        return f"{verb} task {payload.get('task_id')}{owner}"

    return tell


def _task_create(payload: Payload) -> str:
    return f"created task {payload.get('task_id')}" + _with(payload, "owner", " for ") + _quoted(payload, "title")


def _task_assign(payload: Payload) -> str:
    return f"assigned task {payload.get('task_id')}" + _with(payload, "owner", " to ")


def _task_block(payload: Payload) -> str:
    return f"blocked task {payload.get('task_id')}" + _with(payload, "on", " on task ") + _quoted(payload, "reason")


def _task_release(payload: Payload) -> str:
    had = _with(payload, "from", " of ") if payload.get("from") != payload["by"] else ""
    return f"gave back task {payload.get('task_id')}{had}" + _quoted(payload, "reason") + _quoted(payload, "note")


def _task_cancel(payload: Payload) -> str:
    return f"gave up task {payload.get('task_id')}" + _with(payload, "owner", " of ") + _quoted(payload, "reason")


def _task_note(payload: Payload) -> str:
    return f"noted on task {payload.get('task_id')}" + _quoted(payload, "note")


def _settle(payload: Payload) -> str:
    what = f"settled {_cut(payload.get('formatted'))} of {_cut(payload.get('sequence'))}"
    return what + _with(payload, "outcome", " as ") + _with(payload, "ref", ": ")


def _override(payload: Payload) -> str:
    return f"went on past the hook {_cut(payload.get('hook'))}" + _quoted(payload, "reason")


def _task_resolve(payload: Payload) -> str:
    return f"resolved what task {payload.get('task_id')} waited on" + _with(payload, "blocker", ": task ")


def _register(payload: Payload) -> str:
    return "registered" + _with(payload, "lane", " in the lane ") + _quoted(payload, "status")


def _member(verb: str) -> Callable[[Payload], str]:
    def tell(payload: Payload) -> str:
        role = " as a lead" if payload.get("is_admin") else ""
        return f"{verb} {_cut(payload.get('participant'))}{role}" + _with(payload, "lane", ", lane ")

    return tell


def _configure_lane(payload: Payload) -> str:
    access = _with(payload, "access", ": it is ")
    return f"configured the lane {_cut(payload.get('lane'))}{access}" + _quoted(payload, "description")


def _lane(alone: str, verb: str, whither: str) -> Callable[[Payload], str]:
    def tell(payload: Payload) -> str:
        name = payload.get("participant")
        did = alone if name is None else f"{verb} {_cut(name)} {whither}"
        return f"{did} the lane {_cut(payload.get('lane'))}"

    return tell


def _create_invite(payload: Payload) -> str:
    role = " for a lead" if payload.get("is_admin") else ""
    return f"created invite {payload.get('invite_id')}{role}" + _with(payload, "participant", ", named ")


def _revoke_invite(payload: Payload) -> str:
    return f"revoked invite {payload.get('invite_id')}"


def _renamed(what: str) -> Callable[[Payload], str]:
    def tell(payload: Payload) -> str:
        return f"renamed {what}{_cut(payload.get('from'))} to {_cut(payload.get('to'))}"

    return tell


def _set_liveness(payload: Payload) -> str:
    return f"set the liveness window to {payload.get('liveness_seconds')} seconds"


def _whatever(event_type: str, payload: Payload) -> str:
    fields = [f"{_cut(name)} {_cut(_plain(value))}" for name, value in list(payload.items())[:FIELDS_MAX]]
    return event_type.replace("_", " ") + (f": {', '.join(fields)}" if fields else "")


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


SUMMARIES: Final[dict[str, Callable[[Payload], str]]] = {
    "post": _post,
    "ack": _ack,
    "overdue": _overdue,
    "expire": _expire,
    "claim": _claim,
    "seed": _seed,
    "lease": _lease,
    "release": _release,
    "task_create": _task_create,
    "task_assign": _task_assign,
    "task_start": _task("started"),
    "task_block": _task_block,
    "task_resolve": _task_resolve,
    "task_ship": _task("shipped"),
    "task_release": _task_release,
    "task_cancel": _task_cancel,
    "task_note": _task_note,
    "settle": _settle,
    "override": _override,
    "lease_wait": _lease_wait,
    "register": _register,
    "join": _member("joined:"),
    "admin_provision": _member("brought in"),
    "admin_mint": _member("made a token for"),
    "admin_rotate": _member("made a new token for"),
    "admin_revoke": _member("ended tokens of"),
    "admin_remove": _member("removed"),
    "change_member": _member("changed"),
    "leave": _member("left:"),
    "configure_lane": _configure_lane,
    "join_lane": _lane("joined", "let", "into"),
    "leave_lane": _lane("left", "took", "out of"),
    "lane_invite": _lane("invited somebody into", "invited", "into"),
    "create_invite": _create_invite,
    "revoke_invite": _revoke_invite,
    "rename": _renamed(""),
    "rename_project": _renamed("the project from "),
    "set_liveness": _set_liveness,
}
