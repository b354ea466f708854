"""Sequences: the next number of each, who took which, what became of it, and setting where one goes on."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from signalbox.domain import claims
from signalbox.domain.claims import SEED_MAX, ClaimsArgs, SeedArgs, Sequence, SettleArgs
from signalbox.edge.admin.forms import NotFilledIn
from signalbox.edge.admin.page import PROJECT_PATH, Page, PageRoute, Send, Show
from signalbox.errors import NotFound
from signalbox.tool import Args

SEQUENCES_SHOWN: Final = 80
CLAIMS_SHOWN: Final = 50


async def show(page: Page) -> Response:
    """Show the sequences by name; `after` is the last one of the page before."""
    listed = await _sequences(page)
    rest = [one for one in listed if one.name > page.asked("after")]
    return page.show(
        "sequences.html",
        sequences=rest[:SEQUENCES_SHOWN],
        after=rest[SEQUENCES_SHOWN - 1].name if len(rest) > SEQUENCES_SHOWN else None,
        seed_max=SEED_MAX,
    )


async def seed(page: Page) -> Response:
    """Begin a sequence, or set where one goes on; a format that is left out stays."""
    prefix = page.form.as_sent("prefix") or None
    await claims.seed_sequence(page.db, page.who, page.arguments(SeedArgs, prefix=prefix))
    return page.go(f"{page.project_path}/sequences", notice="sequence_seeded")


async def show_one(page: Page) -> Response:
    """Show one sequence, with the numbers that were taken, newest first."""
    name = page.request.path_params["sequence"]
    sequence = next((one for one in await _sequences(page) if one.name == name), None)
    if sequence is None:
        raise NotFound(f"no sequence {name[:80]!r} in this project: the list has those there are")
    taken = await claims.list_claims(page.db, page.who, _claims_asked_for(page, name))
    return page.show(
        "sequence.html",
        sequence=sequence,
        claims=taken,
        before=taken[-1].number if len(taken) == CLAIMS_SHOWN else None,
        seed_max=SEED_MAX,
    )


async def seed_one(page: Page) -> Response:
    """Set where a sequence goes on, and how its ids look from then on."""
    name = page.request.path_params["sequence"]
    prefix = page.form.as_sent("prefix")  # its end may be a space, and nothing takes it away
    await claims.seed_sequence(page.db, page.who, page.arguments(SeedArgs, sequence=name, prefix=prefix))
    return page.go(f"{page.project_path}/sequences/{name}", notice="sequence_seeded")


async def settle(page: Page) -> Response:
    """Say what became of a number."""
    name = page.request.path_params["sequence"]
    await claims.settle_claim(page.db, page.who, page.arguments(SettleArgs, sequence=name))
    return page.go(f"{page.project_path}/sequences/{name}", notice="claim_settled")


async def _sequences(page: Page) -> list[Sequence]:
    return (await claims.list_sequences(page.db, page.who, Args())).sequences


def _claims_asked_for(page: Page, name: str) -> ClaimsArgs:
    try:
        return page.filters(ClaimsArgs, sequence=name, limit=CLAIMS_SHOWN)
    except NotFilledIn:
        raise NotFound("there is no such page of claims") from None


SEQUENCE_PATH: Final = f"{PROJECT_PATH}/sequences/{{sequence}}"

PAGES: tuple[PageRoute, ...] = (
    Show(f"{PROJECT_PATH}/sequences", show),
    Send(f"{PROJECT_PATH}/sequences", seed, again=show),
    Show(SEQUENCE_PATH, show_one),
    Send(f"{SEQUENCE_PATH}/seed", seed_one, again=show_one),
    Send(f"{SEQUENCE_PATH}/settle", settle, again=show_one),
)
