"""A real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Literal

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

PROGRAM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
WHY_NOT: Final = "no chromium is installed here: apt-get install chromium"
ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
SECONDS_MAX: Final = 20
WIDTHS: Final = {"narrow": 360, "wide": 1440}
Theme = Literal["light", "dark"]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start a browser for as long as the block lasts."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=PROGRAM, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def window(browser: Browser, width: str = "wide", theme: Theme = "light", **options: Any) -> AsyncIterator[Page]:
    """Open a window of a browser that nobody has used; what breaks in a page fails the test."""
    size = ViewportSize(width=WIDTHS[width], height=900)
    context = await browser.new_context(viewport=size, color_scheme=theme, **options)
    context.set_default_timeout(SECONDS_MAX * 1000)
    page = await context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda said: broken.append(said.text) if said.type == "error" else None)
    try:
        yield page
    finally:
        await context.close()
    assert broken == [], broken
