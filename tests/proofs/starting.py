"""`signalbox up` as the proofs use it: on a data directory of its own, with what it prints once it is ready."""

from __future__ import annotations

import json
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support import START_SECONDS_MAX, ServerProcess, free_port


def first_line(server: ServerProcess) -> str:
    """Wait for the first line on its standard output, within the bound."""
    output = server.process.stdout
    assert output is not None
    deadline = time.monotonic() + START_SECONDS_MAX
    while not select.select([output], [], [], 0.1)[0]:
        assert server.process.poll() is None, server.log.read_text()[-3000:]
        assert time.monotonic() < deadline, server.log.read_text()[-3000:]
    line = output.readline()
    assert line, f"it said nothing and ended with {server.process.wait(10)}: {server.log.read_text()[-3000:]}"
    return line


def start(command: str, data: Path, *options: str, port: int | None = None, **environment: str) -> ServerProcess:
    """Start a command that serves, on an embedded database."""
    return ServerProcess(
        command,
        *("--data-dir", str(data), *options),
        port=port or free_port(),
        log=data.parent / "server.log",
        **environment,
    )


@contextmanager
def up(
    data: Path, *options: str, port: int | None = None, **environment: str
) -> Iterator[tuple[ServerProcess, dict[str, Any]]]:
    """Run `signalbox up --json` for as long as the block lasts; answers what it printed when it was ready."""
    server = start("up", data, "--json", *options, port=port, **environment)
    try:
        yield server, json.loads(first_line(server))
    finally:
        server.stop()
