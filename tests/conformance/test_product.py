"""The official conformance suite against the product as it is run.

What a revision requires and the product does not offer stands in `product-<revision>.yaml`, with the reason.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.suite import REQUIREMENTS, found, passed, vacuous
from support import Agent, ServerProcess

PASSED = {
    "2025-11-25": {
        "server-initialize",
        "server-session-lifecycle",
        "server-sse-multiple-streams",
        "ping",
        "tools-list",
        "resources-list",
        "dns-rebinding-protection",
    },
    "2026-07-28": {
        "tools-list",
        "resources-list",
        "sep-2164-resource-not-found",
        "dns-rebinding-protection",
        "server-sse-multiple-streams",
        "http-header-validation",
        "input-required-result-unsupported-methods",
        "input-required-result-validate-input",
    },
}
NOTHING_TO_CHECK = {
    # A stream that ends cannot be resumed: nothing is told on it that whats_new does not tell.
    "2025-11-25": {"server-sse-polling"},
    # The extension for tasks is not offered.
    "2026-07-28": {"tasks-status-notifications"},
}


@pytest.mark.parametrize("requirements", REQUIREMENTS)
async def test_the_product_does_what_the_revision_requires_but_what_is_listed(
    server: ServerProcess, lead: Agent, tmp_path: Path, requirements: str
) -> None:
    checks = await found(f"{server.url}/mcp", lead.token, requirements, "product", tmp_path)

    assert passed(checks) == PASSED[requirements]
    assert vacuous(checks) == NOTHING_TO_CHECK[requirements]
