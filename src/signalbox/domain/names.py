"""Names: a participant's label, which it may change itself."""

from __future__ import annotations

from signalbox.db.acts import act
from signalbox.db.statements import Executor
from signalbox.identity import Principal, Scope, ToolGroup
from signalbox.tool import ActArgs, Effect, Label, Result, Tool


class RenameArgs(ActArgs):
    """What the caller wants to be called."""

    label: Label


class Renamed(Result):
    """The caller's address, and what it was; that one goes on meaning the caller."""

    actor: str
    was: str


async def rename(db: Executor, who: Principal, args: RenameArgs) -> Renamed:
    """Give the caller another label, in every project that it is in.

    Raises:
        Conflict: another participant of its owner has it or had it; says which are free.
        TooMany: it has had as many as it may.
    """
    return await act(db, "rename", Renamed, who, args, label=args.label)


TOOLS = (
    Tool(
        "rename",
        rename,
        Scope.WRITE,
        Effect.REPEATS,
        "Change your label; the old one still reaches you.",
        group=ToolGroup.ADMIN,
    ),
)
