"""Running the server: one process, or a supervisor with several, on a socket that is bound first."""

from __future__ import annotations

import asyncio
import gc
import http.client
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from types import FrameType
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from signalbox.app import create_app
from signalbox.cli.local import look_at_database
from signalbox.cli.logs import set_up_logs
from signalbox.config import Settings, load_settings, variable
from signalbox.errors import SetupError

READY_SECONDS_MAX: Final = 60
GRACE_SECONDS: Final = 2  # for answers under way, after which the database may be stopped
GARBAGE_THRESHOLD: Final = 20_000  # objects made and not gone, before the young ones are looked through
PARENT_LOOK_SECONDS: Final = 0.5
TOGETHER_SECONDS_MAX: Final = 10.0
"""For workers to wait for the slowest of them at the start."""
HUNG_SECONDS: Final = 30
"""A worker that is silent for so long is replaced. Many that start on few cores say nothing for a while."""
UNTAKEN_SECONDS_MAX: Final = 60  # a connection whose peer takes nothing of what it was sent is dropped

log = logging.getLogger("signalbox.server")


def exit_on_signals() -> None:
    """Make SIGTERM and SIGINT end the program the clean way, so that the database is stopped too."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: sys.exit(0))


def listen(settings: Settings) -> tuple[socket.socket, Settings]:
    """Bind the address; with port 0 the settings come back with the port that it got.

    Raises:
        SetupError: the address cannot be had.
    """
    try:
        bound = _bound(socket.socket, settings.host, settings.port)
        if settings.workers > 1 and sys.platform == "linux":  # elsewhere the system spreads nothing
            port = bound.getsockname()[1]
            bound.close()  # that it could be had says that nobody else is there
            bound = _bound(WorkersSocket, settings.host, port)
    except OSError as error:
        raise SetupError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; --port takes another"
        ) from error
    bound.set_inheritable(True)
    return bound, settings.model_copy(update={"port": bound.getsockname()[1]})


class WorkersSocket(socket.socket):
    """A socket that becomes another one, on the same address, in each worker that it is handed to.

    The system spreads connections over them. Of one that all share, the quickest worker takes nearly all.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return _bound, (WorkersSocket, *self.getsockname()[:2])


def _bound(kind: type[socket.socket], host: str, port: int) -> socket.socket:
    bound = kind(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if kind is WorkersSocket:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # what is closed with something unsent would stay for ever otherwise
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_SECONDS_MAX * 1000)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


class StartLine:
    """Where the workers of a server wait for each other before they listen.

    Those who call at once, as all do when a server comes back, would all be taken by the first worker otherwise, and
    stay there. The supervisor lets them go, by the end of a pipe, so that none who dies here holds up the others; one
    that is started in its place later does not wait.
    """

    def __init__(self, workers: int, seconds: float = TOGETHER_SECONDS_MAX) -> None:
        """Begin, in the supervisor: once one of so many is there, the others have so long to come."""
        self._arrivals, self._arrive = multiprocessing.Pipe(duplex=False)
        self._start, self._let_go = multiprocessing.Pipe(duplex=False)
        threading.Thread(target=self._await_all, args=(workers, seconds), daemon=True).start()

    def __getstate__(self) -> dict[str, Any]:
        """Hand a worker its ends."""
        return {"_arrive": self._arrive, "_start": self._start}

    def _await_all(self, workers: int, seconds: float) -> None:
        self._arrivals.recv_bytes()
        deadline = time.monotonic() + seconds
        for here in range(1, workers):
            if not self._arrivals.poll(max(0, deadline - time.monotonic())):
                log.warning("%d of %d workers serve before the others do, and may get more to do", here, workers)
                break
            self._arrivals.recv_bytes()
        self._let_go.close()

    async def wait(self) -> None:
        """Wait, in a worker, until all are there or the time is over."""
        if self._start.poll():
            return
        self._arrive.send_bytes(b"here")
        await asyncio.to_thread(self._start.poll, None)


def serve(bound: socket.socket, settings: Settings, on_ready: Callable[[], None]) -> None:
    """Serve until a signal says to end; `on_ready` is called once, from a thread, when the server answers.

    Raises:
        SetupError: the database cannot serve as it is.
    """
    look_at_database(settings)  # before there is a server that would trace what is wrong with it
    set_up_logs(settings)
    watcher = threading.Thread(target=_when_ready, args=(settings, on_ready), daemon=True)
    watcher.start()
    if settings.workers == 1:
        uvicorn.Server(_config(_tuned(create_app(settings)), settings)).run(sockets=[bound])
        return
    os.environ |= _as_environment(settings)
    worker = partial(worker_app, StartLine(settings.workers))
    Multiprocess(_config(worker, settings, factory=True), sockets=[bound]).run()


def _config(app: Starlette | Callable[[], Starlette], settings: Settings, *, factory: bool = False) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=factory,
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # signalbox.edge.peers does it, and keeps the proxy's own address
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=75,
        timeout_worker_healthcheck=HUNG_SECONDS,
        backlog=2048,
    )


def _as_environment(settings: Settings) -> dict[str, str]:
    """Write the settings as a worker's environment, from which it reads them again."""
    values: dict[str, Any] = settings.model_dump(exclude_none=True, exclude={"token"})
    return {
        variable(name): ",".join(value) if isinstance(value, tuple) else str(value)
        for name, value in values.items()
        if value != ()
    }


def worker_app(start_line: StartLine) -> Starlette:
    """Build the application in a worker, which ends when its supervisor is gone."""
    settings = load_settings(os.environ)
    set_up_logs(settings)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    return _tuned(create_app(settings), start_line)


def _tuned(app: Starlette, start_line: StartLine | None = None) -> Starlette:
    """Fit the application to a process of its own, which listens once all at the start line are there.

    The signals that stop it end its open streams at once: uvicorn would wait for them, then cut them.
    """
    opened = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: Starlette) -> AsyncIterator[Any]:
        async with opened(running) as state:
            _leave_alone_what_stays()
            for number in (signal.SIGTERM, signal.SIGINT):
                for streams in app.state.open_streams:
                    _before(number, streams.end_all)
            if start_line is not None:
                await start_line.wait()
            yield state

    app.router.lifespan_context = lifespan
    return app


def _leave_alone_what_stays() -> None:
    """Spare the garbage collector what was made at the start, and look less often: requests leave no cycles behind."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 50)


def _before(number: int, act: Callable[[], None]) -> None:
    """Do one thing more when a signal comes, in the event loop; what was to happen happens."""
    loop, handler = asyncio.get_running_loop(), signal.getsignal(number)
    assert callable(handler), "uvicorn handles it"

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        handler(number, frame)

    signal.signal(number, handle)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _when_ready(settings: Settings, on_ready: Callable[[], None]) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        if _answers(settings):
            on_ready()
            return
        time.sleep(0.05)


def _answers(settings: Settings) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    connection = http.client.HTTPConnection(host, settings.port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()
