"""Fixtures of the proofs: servers that are short of something, and two agents of a project."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import Agent, Project, ServerProcess, serving


@pytest.fixture(scope="session")
def small_server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with two connections to its database."""
    with serving(database_url, tmp_path_factory.mktemp("small"), SIGNALBOX_POOL_CONNECTIONS="2") as started:
        yield started


@pytest.fixture(scope="session")
def impatient_server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with two connections, for one of which a caller waits a second."""
    with serving(
        database_url,
        tmp_path_factory.mktemp("impatient"),
        SIGNALBOX_POOL_CONNECTIONS="2",
        SIGNALBOX_POOL_WAIT_SECONDS="1",
    ) as started:
        yield started


@pytest.fixture
async def agents(project: Project) -> tuple[Agent, Agent]:
    return await project.join("one"), await project.join("two")
