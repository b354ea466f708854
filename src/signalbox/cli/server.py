"""Running the server: one process, or a supervisor with several, on a socket that is bound first."""

from __future__ import annotations

import asyncio
import gc
import http.client
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
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
UNTAKEN_SECONDS_MAX: Final = 60  # a connection whose peer takes nothing of what it was sent is dropped


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
    Multiprocess(_config("signalbox.cli.server:worker_app", settings, factory=True), sockets=[bound]).run()


def _config(app: Starlette | str, settings: Settings, *, factory: bool = False) -> uvicorn.Config:
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


def worker_app() -> Starlette:
    """Build the application in a worker, which ends when its supervisor is gone."""
    settings = load_settings(os.environ)
    set_up_logs(settings)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    return _tuned(create_app(settings))


def _tuned(app: Starlette) -> Starlette:
    """Fit the application to a process of its own.

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
