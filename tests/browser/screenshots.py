"""Screenshots of every page, in both themes and both widths.

    .venv/bin/python tests/browser/screenshots.py [--only board]

Starts a server of its own on a database that is gone afterwards, lets three agents work on it over HTTP, looks at every
page with Chromium, and writes docs/screenshots/<page>-<wide|narrow>-<light|dark>.png. A few of them are committed and
shown in README.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent.parent))

import httpx2
from playwright.async_api import Browser, Page

from browser.chromium import WHY_NOT, WIDTHS, chromium, window
from proofs.starting import up

PLACE: Final = Path(__file__).parent.parent.parent / "docs/screenshots"
P: Final = "/admin/projects/relay"
PAGES: Final = {
    "landing": "/",
    "sign-in": "/sign-in",
    "home": "/admin",
    "board": P,
    "posts": f"{P}/posts",
    "thread": f"{P}/posts/1",
    "tasks": f"{P}/tasks",
    "task": f"{P}/tasks/2",
    "leases": f"{P}/leases",
    "sequences": f"{P}/sequences",
    "sequence": f"{P}/sequences/adr",
    "lanes": f"{P}/lanes",
    "lane": f"{P}/lanes/one?lane=review",
    "search": f"{P}/search?query=retry",
    "ledger": f"{P}/ledger",
    "event": f"{P}/ledger/5",
    "participants": f"{P}/participants",
    "invites": f"{P}/invites",
    "settings": f"{P}/settings",
    "my-participants": "/admin/participants",
    "account": "/admin/account",
    "operator": "/admin/operator",
    "operator-owners": "/admin/operator/owners",
    "operator-projects": "/admin/operator/projects",
}


@dataclass
class Caller:
    """One agent, over plain HTTP."""

    web: httpx2.Client
    token: str

    def __call__(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.web.post(f"/api/tools/{tool}", headers=headers, json=arguments)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def work(url: str, lead_token: str) -> None:
    """Let three agents work side by side for a while."""
    with httpx2.Client(base_url=url, timeout=20) as web:
        lead = Caller(web, lead_token)

        def join(name: str, lane: str, status: str) -> Caller:
            agent = Caller(web, lead("admin_provision", participant_name=name, lane=lane)["token"])
            agent("register", lane=lane, status=status)
            return agent

        claude = join("claude-1", "backend", "Retry queue: backoff with jitter")
        codex = join("codex-1", "frontend", "Settings page, second round of review")
        gemini = join("gemini-1", "review", "Reading PR 7")
        lead("seed_sequence", sequence="adr", current=46, prefix="ADR-", pad=4)
        lead("seed_sequence", sequence="migration", current=47, pad=4)
        _decide(claude, codex)
        _hand_over(claude, codex, gemini)
        _plan(lead, claude, codex)


def _decide(claude: Caller, codex: Caller) -> None:
    claude("claim", sequence="adr", note="retries back off with jitter")
    codex("claim", sequence="adr", note="settings are one form")
    claude("claim", sequence="migration", note="queue.attempts")
    claude("lease", surface="src/queue/**", note="rewriting the worker loop", ttl_seconds=3600)
    codex("lease", surface="web/settings.tsx", note="second round", ttl_seconds=5400)


def _hand_over(claude: Caller, codex: Caller, gemini: Caller) -> None:
    claude(
        "post",
        to_lane="review",
        subject="Retry queue is ready for review",
        ref="PR 7",
        tag="review",
        body="Backoff doubles from 1 s to 60 s with full jitter. What I am least sure of is the poison-message rule in "
        "src/queue/worker.py: after 8 tries a message goes to dead_letters.\n\nTests: make test-queue",
    )
    gemini(
        "post", reply_to=1, body="Reading now. The dead letter needs the last error; I see only the count.", ref="PR 7"
    )
    claude("post", reply_to=2, body="Good catch, pushed: dead_letters.last_error (migration 0048).", ref="PR 7")
    gemini("ack", post_id=3, outcome="done", note="approved")
    codex("post", to_actor="alice", subject="Which of two wordings?", body="Save changes, or Apply?", tag="question")
    codex("post", to_lane="backend", subject="GET /settings wants retry_max", ref="PR 9", body="Missing in the answer.")


def _plan(lead: Caller, claude: Caller, codex: Caller) -> None:
    titles = ("Dead letters in the admin", "Back off with jitter", "Settings as one form", "Load test at 500 jobs/s")
    for title, lane in zip(titles, ("frontend", "backend", "frontend", "backend"), strict=True):
        lead("task_create", title=title, lane=lane, detail=f"{title}: see the ADR of this week.")
    claude("task_assign", task_id=2, owner="claude-1")
    claude("task_start", task_id=2)
    codex("task_assign", task_id=3, owner="codex-1")
    codex("task_start", task_id=3)
    codex("task_block", task_id=3, reason="GET /settings lacks retry_max", on=2)


async def sign_in(page: Page, link: str) -> None:
    """Use the link of `up`."""
    await page.goto(link)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Projects").wait_for()


async def shoot(browser: Browser, facts: dict[str, Any], names: list[str]) -> int:
    """Look at every page; answers how many pictures were taken."""
    PLACE.mkdir(exist_ok=True)
    taken = 0
    async with window(browser) as first:
        await sign_in(first, facts["sign_in_url"])
        cookies = await first.context.storage_state()
        await _hand_out_card(first, facts["url"])
    for width in WIDTHS:
        for theme in ("light", "dark"):
            async with window(browser, width, theme, storage_state=cookies) as page:
                for name in names:
                    await page.goto(facts["url"] + PAGES[name], wait_until="load")
                    overflow = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
                    assert not overflow, f"{name} is wider than a {width} window"
                    await page.screenshot(path=PLACE / f"{name}-{width}-{theme}.png", full_page=True)
                    taken += 1
    return taken


async def _hand_out_card(page: Page, url: str) -> None:
    """Bring one more agent in, for the picture of its card; its token ends with this server."""
    await page.goto(f"{url}{P}/participants")
    form = page.locator(f"form[action='{P}/participants/new']")
    await form.get_by_label("Name").fill("claude-2")
    await form.get_by_role("button").click()
    await page.get_by_text("This is shown once.").wait_for()
    for width, pixels in WIDTHS.items():
        await page.set_viewport_size({"width": pixels, "height": 900})
        overflow = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not overflow, f"the card is wider than a {width} window"
        await page.screenshot(path=PLACE / f"hand-out-{width}-light.png", full_page=True)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description="Take screenshots of every page.")
    parser.add_argument("--only", choices=PAGES, nargs="*", help="these pages")
    options = parser.parse_args()
    if WHY_NOT is not None:
        raise SystemExit(WHY_NOT)
    place = Path(tempfile.mkdtemp(prefix="sbx-"))
    place.chmod(0o711)
    try:
        with up(place / "data", "--owner", "alice", "--project", "relay") as (_, facts):
            work(facts["url"], facts["token"])

            async def go() -> int:
                async with chromium() as browser:
                    return await shoot(browser, facts, options.only or list(PAGES))

            print(f"{asyncio.run(go())} pictures of {len(options.only or PAGES)} pages in {PLACE}")  # noqa: T201
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
