"""A real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Literal

from playwright._impl._driver import compute_driver_executable
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

PROGRAM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
SECONDS_MAX: Final = 20
WIDTHS: Final = {"narrow": 360, "wide": 1440}
Theme = Literal["light", "dark"]


def why_not() -> str | None:
    """Say why no browser can be driven here, if none can."""
    if PROGRAM is None:
        return "no chromium is installed here: apt-get install chromium"
    driver = subprocess.run([compute_driver_executable()[0], "--version"], capture_output=True, text=True, check=False)
    if driver.returncode != 0:
        return f"the browser's driver does not start ({driver.stderr.strip()}): apt-get install libatomic1"
    return None


WHY_NOT: Final = why_not()


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
