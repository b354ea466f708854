"""Lanes: which there are, who is in them, and making, opening, closing, entering and leaving them.

The owner is a participant like others: of a closed lane that it is not in it sees what everybody sees.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from signalbox.domain import lanes
from signalbox.domain.lanes import ConfigureArgs, LaneArgs, LanesArgs
from signalbox.edge.admin.addresses import addresses
from signalbox.edge.admin.forms import NotFilledIn
from signalbox.edge.admin.page import PROJECT_PATH, Page, PageRoute, Send, Show

PATH: Final = f"{PROJECT_PATH}/lanes"
MEMBERS_SHOWN: Final = 200

NEW_ACCESSES: Final = (
    ("open", "open: anybody reads and joins"),
    ("private", "private: its name is seen, the rest by who is invited"),
    ("secret", "secret: not even its name is seen by others"),
)
ACCESSES: Final = NEW_ACCESSES[:2]


def lane_path(page: Page, lane: str) -> str:
    """Name the page of a lane: in the query, which no log has, and in which a name may be any."""
    return f"{page.project_path}/lanes/one?lane={quote(lane, safe='')}"


def lane_of(page: Page) -> str:
    """Name the lane that the request is about."""
    return page.request.query_params.get("lane") or page.form.as_sent("lane")


async def show(page: Page) -> Response:
    """Show the lanes by name; `after` is the last one of the page before."""
    found = (await lanes.list_lanes(page.db, page.who, page.filters(LanesArgs))).lanes
    return page.show(
        "lanes.html",
        lanes=[(lane_path(page, one.lane), one) for one in found],
        after=found[-1].lane if len(found) == lanes.LANES_SHOWN_MAX else None,
        accesses=NEW_ACCESSES,
    )


async def make(page: Page) -> Response:
    """Make a lane; a secret one gets a name of its own."""
    made = await lanes.configure_lane(page.db, page.who, page.arguments(ConfigureArgs, invite=None, remove=None))
    return page.go(lane_path(page, made.lane), notice="lane_made")


async def show_one(page: Page) -> Response:
    """Show one lane, with who is in it."""
    lane = await lanes.one_lane(page.db, page.who, lane_of(page))
    members = await lanes.list_lane_members(page.db, page.who, lane.lane)
    return page.show(
        "lane.html",
        lane=lane,
        members=members[:MEMBERS_SHOWN],
        more=len(members) - MEMBERS_SHOWN,
        offered_names=(await addresses(page)).actors,
        accesses=ACCESSES,
    )


async def change(page: Page) -> Response:
    """Open or close a lane, and say what it is for."""
    wish = page.arguments(
        ConfigureArgs, lane=lane_of(page), description=page.form.get("description"), invite=None, remove=None
    )
    await lanes.configure_lane(page.db, page.who, wish)
    return page.go(lane_path(page, wish.lane), notice="lane_changed")


async def invite(page: Page) -> Response:
    """Let somebody into a closed lane."""
    return await _about_somebody(page, "invite", "lane_invited")


async def remove(page: Page) -> Response:
    """Take somebody out of a lane."""
    return await _about_somebody(page, "remove", "lane_removed")


async def _about_somebody(page: Page, what: str, notice: str) -> Response:
    name = page.form.get("participant_name")
    if not name:
        raise NotFilledIn({"participant_name": "fill this in"})
    await lanes.configure_lane(
        page.db,
        page.who,
        page.arguments(ConfigureArgs, lane=lane_of(page), **({"invite": None, "remove": None} | {what: [name]})),
    )
    return page.go(lane_path(page, lane_of(page)), notice=notice)


async def join(page: Page) -> Response:
    """Join a lane, as the owner."""
    await lanes.join_lane(page.db, page.who, page.arguments(LaneArgs, lane=lane_of(page)))
    return page.go(lane_path(page, lane_of(page)), notice="lane_joined")


async def leave(page: Page) -> Response:
    """Leave a lane, as the owner."""
    await lanes.leave_lane(page.db, page.who, page.arguments(LaneArgs, lane=lane_of(page)))
    return page.go(f"{page.project_path}/lanes", notice="lane_left")


PAGES: tuple[PageRoute, ...] = (
    Show(PATH, show),
    Send(PATH, make, again=show),
    Show(f"{PATH}/one", show_one),
    Send(f"{PATH}/change", change, again=show_one),
    Send(f"{PATH}/invite", invite, again=show_one),
    Send(f"{PATH}/remove", remove, again=show_one),
    Send(f"{PATH}/join", join, again=show_one),
    Send(f"{PATH}/leave", leave, again=show_one),
)
