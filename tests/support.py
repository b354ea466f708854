"""What tests are written with: a project of their own, agents in it, and servers in processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx2

from signalbox.catalog import CATALOG
from signalbox.db.callers import Callers
from signalbox.db.pool import Database
from signalbox.domain import owners, participants
from signalbox.domain.participants import ProvisionArgs
from signalbox.identity import Principal, Scope, token_hash

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 10


class Agent:
    """A participant with a token, calling tools straight through the catalog: no HTTP in between."""

    def __init__(self, database: Database, token: str, actor: str) -> None:
        self.database = database
        self.token = token
        self.actor = actor

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool; a refusal is raised as it is."""
        async with Callers(self.database).session(token_hash(self.token)) as session:
            result = await CATALOG.call(tool, session, await session.who(), arguments)
        return result.model_dump(mode="json", by_alias=True, exclude_none=True)

    async def principal(self) -> Principal:
        async with Callers(self.database).session(token_hash(self.token)) as session:
            return await session.who()


class Project:
    """A fresh project of a fresh owner."""

    def __init__(self, database: Database, owner: Principal) -> None:
        self.database = database
        self.owner = owner

    @property
    def handle(self) -> str:
        return self.owner.handle

    @property
    def project_id(self) -> int:
        return self.owner.project_id

    async def join(
        self, name: str, *, lead: bool = False, lane: str | None = None, scopes: frozenset[Scope] = frozenset(Scope)
    ) -> Agent:
        """Bring in an agent, as the owner would."""
        wish = ProvisionArgs(participant_name=name, is_admin=lead, lane=lane)
        given = await participants.provision(self.database, self.owner, wish, allow_existing=True, scopes=scopes)
        assert given.token is not None
        return Agent(self.database, given.token, given.actor)


_made = 0


async def make_project(database: Database, name: str = "main") -> Project:
    """Make an owner nobody else has, and its project."""
    global _made  # noqa: PLW0603 - a counter of this run
    _made += 1
    handle = f"o{os.getpid()}-{_made}"
    owner = await owners.bootstrap_owner(database, f"{handle}@example.org", handle)
    return Project(database, await owners.in_project(database, owner, name))


def free_port() -> int:
    """Find a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listening(port: int) -> int | None:
    """Count the sockets that listen on a port, one a worker; None where the system does not say."""
    try:
        lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    except FileNotFoundError:
        return None
    return sum(f":{port:04X} 00000000:0000 0A" in line for line in lines)


def clean_environment(**added: str) -> dict[str, str]:
    """Answer this process's environment without settings of Signalbox, and with the ones given."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SIGNALBOX_") and name not in {"DATABASE_URL", "TEST_DATABASE_URL"}
    }
    return kept | added


class ServerProcess:
    """`signalbox serve` (or another command, or another program) in a process of its own, on loopback."""

    def __init__(self, *command: str, port: int, log: Path, program: str = "signalbox", **environment: str) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", program, *command, "--port", str(port)],
                env=clean_environment(**environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=log.parent,
                text=True,
            )

    def wait_until_ready(self, seconds: float = START_SECONDS_MAX) -> Self:
        def is_ready() -> bool:
            try:
                return httpx2.get(f"{self.url}/readyz", timeout=2).status_code == 200
            except httpx2.TransportError:
                return False

        return self.wait_until(is_ready, seconds)

    def wait_until(self, holds: Callable[[], bool], seconds: float = START_SECONDS_MAX) -> Self:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}: {self.log.read_text()[-3000:]}")
            if holds():
                return self
            time.sleep(0.05)
        raise AssertionError(f"the server was not ready in {seconds} s: {self.log.read_text()[-3000:]}")

    def kill(self) -> None:
        """End it the hard way, as the kernel would."""
        self.process.kill()
        self.process.wait(STOP_SECONDS_MAX)

    def stop(self) -> int:
        """End it with SIGTERM, within the bound; answers the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("the server did not stop on SIGTERM") from None
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()


@contextmanager
def serving(database_url: str, directory: Path, *, workers: int = 1, **environment: str) -> Iterator[ServerProcess]:
    """Run `signalbox serve` on a database for as long as the block lasts."""
    server = ServerProcess(
        "serve",
        "--workers",
        str(workers),
        port=free_port(),
        log=directory / "server.log",
        DATABASE_URL=database_url,
        **environment,
    )
    try:
        server.wait_until_ready()
        server.wait_until(lambda: listening(server.port) in {workers, None})
        yield server
    finally:
        server.stop()
