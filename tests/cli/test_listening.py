"""The socket that is listened on: what connections have of it."""

from __future__ import annotations

import pickle
import socket
import sys
from contextlib import suppress

import pytest

from signalbox.cli.server import UNTAKEN_SECONDS_MAX, listen
from signalbox.config import load_settings
from signalbox.errors import SetupError


@pytest.mark.skipif(sys.platform != "linux", reason="others have no such option")
def test_a_connection_whose_peer_takes_nothing_is_dropped_by_the_kernel() -> None:
    bound, settings = listen(load_settings({}, port=0))
    with bound:
        bound.listen()
        with socket.create_connection(("127.0.0.1", settings.port), timeout=5):
            accepted, _ = bound.accept()
            with accepted:
                milliseconds = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert milliseconds == 1000 * UNTAKEN_SECONDS_MAX


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers share one socket")
def test_each_worker_has_a_socket_of_its_own_and_nobody_else_gets_the_address() -> None:
    bound, settings = listen(load_settings({}, port=0, workers=2))
    with bound, pickle.loads(pickle.dumps(bound)) as first, pickle.loads(pickle.dumps(bound)) as second:
        for worker in (first, second):
            worker.listen()
            worker.settimeout(0.01)
        taken = [_takes(worker, settings.port) for worker in (first, second)]

        with pytest.raises(SetupError, match="--port takes another"):
            listen(settings)

    assert taken == [True, True]


def _takes(worker: socket.socket, port: int) -> bool:
    """Whether one of many connections comes to it."""
    for _ in range(100):
        with socket.create_connection(("127.0.0.1", port)), suppress(TimeoutError):
            worker.accept()[0].close()
            return True
    return False
