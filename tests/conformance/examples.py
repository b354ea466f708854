"""The examples of hooks in the kit's README, so that what stands there is what is tried."""

from __future__ import annotations

import json
import re
from typing import Any

from signalbox import paths


def readme_examples(url: str = "https://signalbox.example") -> list[dict[str, Any]]:
    """Answer the hooks for Claude Code, over HTTP, over MCP, and the one that wakes; and those for Codex over MCP."""
    readme = (paths.KIT / "README.md").read_text().partition("## Claude Code without any script")[2]
    texts = re.findall(r"```json\n(.*?)```", readme, re.DOTALL)
    return [json.loads(text.replace("https://signalbox.example", url)) for text in texts if '"hooks"' in text]
