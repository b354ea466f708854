"""The socket that is listened on: what connections have of it."""

from __future__ import annotations

import socket
import sys

import pytest

from signalbox.cli.server import UNTAKEN_SECONDS_MAX, listen
from signalbox.config import load_settings


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
