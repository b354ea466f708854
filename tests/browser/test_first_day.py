"""The first day, in a real browser: from the sign-in link of `up` to a handoff that an agent sees acknowledged."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from browser.chromium import WHY_NOT, chromium, window
from edge.test_sdk_client import connected, fields
from proofs.starting import up

pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

BODY = "Please look at the retry in src/queue.py <b>before</b> noon."


@pytest.fixture
def first_server() -> Iterator[dict[str, Any]]:
    """What `signalbox up --json` printed on a machine that had nothing."""
    place = Path(tempfile.mkdtemp(prefix="sbx-"))
    place.chmod(0o711)
    try:
        with up(place / "data", "--owner", "alice") as (_, facts):
            yield facts
    finally:
        shutil.rmtree(place)


async def sign_in(page: Page, link: str) -> None:
    await page.goto(link)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Projects")).to_be_visible()


async def bring_in(page: Page, name: str) -> str:
    """Bring a participant into the project whose board is open; answers the token on its card."""
    await page.get_by_role("link", name="Bring your first agent in").click()
    await page.locator("form", has_text="It is").get_by_label("Name").first.fill(name)
    await page.get_by_role("button", name="Bring in").first.click()
    await expect(page.get_by_text("This is shown once.")).to_be_visible()
    token = await page.get_by_role("group", name="The token").text_content()
    assert token
    return token.strip()


async def test_the_first_day(first_server: dict[str, Any]) -> None:
    async with chromium() as browser, window(browser) as page:
        await sign_in(page, first_server["sign_in_url"])
        await page.get_by_text("Create a project").click()
        await page.get_by_label("Name").fill("relay")
        await page.get_by_role("button", name="Create").click()
        await expect(page.get_by_text("This project is new.")).to_be_visible()
        token = await bring_in(page, "claude-1")
        await page.get_by_role("link", name="Board").click()
        await expect(page.get_by_role("heading", name="relay")).to_be_visible()

        async with connected(first_server["mcp_url"], token, "auto") as agent:
            post = {"to_actor": "alice", "subject": "Retry queue", "ref": "PR 7", "body": BODY}
            posted = fields(await agent.call_tool("post", post))
            handoff = page.locator("#board-handoffs").get_by_role("link", name="Retry queue")
            await expect(handoff).to_be_visible()  # nobody has loaded the page anew
            await handoff.click()
            await expect(page.locator(".written")).to_have_text(BODY)
            await page.get_by_label("Outcome").select_option("accepted")
            await page.get_by_label("Note").fill("On it.")
            await page.get_by_role("button", name="Ack").click()
            await expect(page.get_by_text("The post is acked.")).to_be_visible()
            found = fields(await agent.call_tool("query_events", {"type": "ack"}))["events"]
            read = fields(await agent.call_tool("read_posts", {"post_id": posted["post_id"]}))["posts"]

    assert [event["actor"] for event in found] == ["alice"]
    assert found[0]["payload"]["outcome"] == "accepted"
    assert [one["acked"] for one in read] == [True]
