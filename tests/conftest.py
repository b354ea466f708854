"""Fixtures: one PostgreSQL and one migrated database per run, a project of its own per test."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx2
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as profiles
from starlette.applications import Starlette

from signalbox.app import create_app
from signalbox.config import Settings, load_settings
from signalbox.db import embedded
from signalbox.db.migrating import migrate
from signalbox.db.pool import Database
from support import Agent, Project, ServerProcess, make_project, serving

profiles.register_profile(
    "bounded",
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
profiles.register_profile(
    "long",
    parent=profiles.get_profile("bounded"),
    max_examples=300,
    derandomize=False,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    print_blob=True,
)
profiles.load_profile("bounded")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Draw the seed of a long run here, so that it is said even when nothing is found."""
    if config.option.hypothesis_profile == "long" and config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(secrets.randbelow(2**32))


def pytest_report_header(config: pytest.Config) -> str:
    """Say what would repeat this run."""
    return f"generated input: --hypothesis-seed={config.option.hypothesis_seed or 'of each test'}"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def cluster_dsn() -> Iterator[str]:
    """A PostgreSQL to make databases in: TEST_DATABASE_URL, docker when asked for, else the embedded one."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
    elif os.environ.get("TEST_DB") == "docker":
        from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415

        with PostgresContainer("postgres:18", driver=None) as container:
            yield container.get_connection_url()
    else:
        # Not below pytest's own directories: as root those are closed to the account that PostgreSQL runs as.
        directory = Path(tempfile.mkdtemp(prefix="signalbox-test."))
        directory.chmod(0o711)
        try:
            with embedded.start(
                directory / "data", embedded.find_binaries(os.environ), progress=print, durable=False
            ) as postgres:
                yield postgres.dsn
        finally:
            shutil.rmtree(directory)


def database_dsn(cluster_dsn: str, name: str) -> str:
    """Name another database of the same server."""
    parts = urlsplit(cluster_dsn)
    return urlunsplit(parts._replace(path=f"/{name}"))


async def _execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


class Databases:
    """Makes databases on the run's server, and drops them at its end."""

    def __init__(self, cluster_dsn: str) -> None:
        self.cluster_dsn = cluster_dsn
        self.made: list[str] = []

    def create(self, name: str, template: str = "template0") -> str:
        """Make an empty database, or a copy of another; answers its DSN."""
        full = f"sbt{os.getpid()}_{name}"
        create = f"create database {full} encoding 'UTF8' template {template}"
        asyncio.run(_execute(self.cluster_dsn, create))
        self.made.append(full)
        return database_dsn(self.cluster_dsn, full)

    def drop_all(self) -> None:
        for name in self.made:
            drop_role = f"drop role if exists {name}_app"
            asyncio.run(_execute(self.cluster_dsn, f"drop database if exists {name} with (force)", drop_role))


@pytest.fixture(scope="session")
def databases(cluster_dsn: str) -> Iterator[Databases]:
    """For tests that need a database of their own."""
    made = Databases(cluster_dsn)
    yield made
    made.drop_all()


@pytest.fixture(scope="session")
def database_url(databases: Databases) -> str:
    """The run's migrated database."""
    dsn = databases.create("main")
    migrate(dsn)
    return dsn


@pytest.fixture(scope="session")
def settings(database_url: str) -> Settings:
    return load_settings({}, database_url=database_url, join_per_minute=10_000)


@pytest.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with Database(settings) as opened:
        yield opened


@pytest.fixture
async def project(database: Database) -> Project:
    """A project that nobody else uses."""
    return await make_project(database)


@pytest.fixture
async def other_project(database: Database) -> Project:
    """Another tenant."""
    return await make_project(database)


@pytest.fixture
async def lead(project: Project) -> Agent:
    return await project.join("lead", lead=True)


@pytest.fixture
async def agent(project: Project) -> Agent:
    return await project.join("claude-1")


@pytest.fixture
async def peer(project: Project) -> Agent:
    return await project.join("codex-1")


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Starlette]:
    """The application, started, in this process."""
    application = create_app(settings)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def web(app: Starlette, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the application in this process; what breaks in it is answered, not raised."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.base_url) as client:
        yield client


@pytest.fixture(scope="session")
def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with one worker in a process of its own."""
    with serving(database_url, tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture(scope="session")
def two_workers(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with two workers in processes of their own."""
    with serving(database_url, tmp_path_factory.mktemp("workers"), workers=2) as started:
        yield started
