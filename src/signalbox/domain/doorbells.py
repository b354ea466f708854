"""Doorbells: short words pushed to a live model when posts wait for it, once a call has shown that they reach it."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from signalbox.db.statements import Executor, statements
from signalbox.domain import transports
from signalbox.domain.exports import visible
from signalbox.errors import NotFound
from signalbox.identity import Principal, Scope
from signalbox.tool import Args, Effect, Line, Moment, Result, Tool

sql = statements(__file__)

RUNG_TOGETHER_MAX: Final = 20
SUBJECT_SHOWN_MAX: Final = 120
READ_THEM: Final = "Call read_posts(to_me=true, unacked_only=true)."


class Ring(Result):
    """A post that somebody is to be told of."""

    post_id: int
    from_: Annotated[str, Field(alias="from")]
    to_lane: str | None = None
    subject: str | None = None
    urgency: transports.Urgency | None = None
    created_at: Moment


async def waiting(db: Executor, who: Principal, rung: Collection[int]) -> list[Ring]:
    """Answer the posts that wait for the caller and were not handed to it yet, oldest first.

    Of those that were just `rung` that is not written yet.
    """
    return await sql.waiting.all(
        db,
        Ring,
        project_id=who.project_id,
        participation_id=who.participation_id,
        rung=list(rung),
        rings_info=transports.TRANSPORTS["channel"].carries("info"),
        limit=RUNG_TOGETHER_MAX,
    )


def rung(db: Executor, who: Principal, rings: list[Ring]) -> None:
    """Note that posts were offered: their doorbell went out on a channel that is known to be live."""
    transports.offered(db, who, "channel", [ring.post_id for ring in rings])


def words(rings: list[Ring]) -> tuple[str, dict[str, str]]:
    """Write a doorbell and what stands beside it; never a body. What others wrote is shown, and marks nothing up."""
    newest = rings[-1]
    subject = f": “{_plain(newest.subject)}”" if newest.subject else ""
    lane = f" to the lane {_plain(newest.to_lane)}" if newest.to_lane else ""
    beside = {
        "from": newest.from_,
        "post_id": str(newest.post_id),
        "ts": newest.created_at.isoformat(timespec="seconds"),
    }
    if newest.subject:
        beside["subject"] = _plain(newest.subject)
    if any(ring.urgency == "now" for ring in rings):
        beside["urgency"] = "now"
    if len(rings) == 1:
        return f"{newest.from_} posted {newest.post_id}{lane}{subject}. {READ_THEM}", beside
    beside |= {"count": _count(rings), "post_ids": ",".join(str(ring.post_id) for ring in rings)}
    last = f"the last one {newest.post_id} by {newest.from_}{lane}{subject}"
    return f"{_count(rings)} posts wait for you, {last}. {READ_THEM}", beside


def check_words(check_id: str, rings: list[Ring]) -> str:
    """Write a doorbell check."""
    waits = "1 post waits" if len(rings) == 1 else f"{_count(rings)} posts wait"
    then = f"{waits} for you: read_posts." if rings else "Nothing else to do."
    return f"doorbell check: call channel_ok with id {check_id}. {then}"


def _count(rings: list[Ring]) -> str:
    return f"{len(rings)}{'+' if len(rings) == RUNG_TOGETHER_MAX else ''}"


def _plain(text: str) -> str:
    shown = visible(text).replace("<", "(").replace(">", ")")
    return shown if len(shown) <= SUBJECT_SHOWN_MAX else f"{shown[: SUBJECT_SHOWN_MAX - 1]}…"


class Check(Result):
    """The id that a model is asked to send back."""

    id: str


async def begin_check(db: Executor, who: Principal, session: bytes, expires_at: datetime) -> str:
    """Answer the id of a session's doorbell check, made up at its first."""
    found = await sql.begin_check.one(
        db,
        Check,
        project_id=who.project_id,
        session=session,
        participation_id=who.participation_id,
        new_id=secrets.token_hex(8),
        expires_at=expires_at,
    )
    return found.id


class ChannelOkArgs(Args):
    """Which check."""

    id: Annotated[Line, Field(max_length=64, description="As the doorbell check said it.")]


class ChannelOk(Result):
    """That doorbells reach the caller's session."""

    live: bool


async def channel_ok(db: Executor, who: Principal, args: ChannelOkArgs) -> ChannelOk:
    """Show that a doorbell check was seen; raises NotFound when it is none of the caller's."""
    found = await sql.channel_ok.one(
        db, ChannelOk, project_id=who.project_id, participation_id=who.participation_id, id=args.id
    )
    if not found.live:
        raise NotFound("no doorbell check of yours has this id: copy it as it was said")
    return found


CHANNEL_TOOLS = (
    Tool(
        "channel_ok",
        channel_ok,
        Scope.READ,
        Effect.READS,
        "Answer a doorbell check: doorbells reach you.",
    ),
)
