"""Processes that stand still now and then, as on a machine that others load: it brings out what depends on timing.

With this folder on PYTHONPATH every Python process of a run (the tests, the servers and commands that they start) holds
its interpreter for some milliseconds about fifteen times a second, and for longer now and then.
"""

from __future__ import annotations

import ctypes
import os
import random
import threading
import time

BETWEEN_SECONDS = 0.06
STALL_SECONDS = 0.014
LONG_SHARE = 0.02
LONG_SECONDS = (0.05, 0.35)


def stall() -> None:
    """Hold the interpreter again and again: a function of `PyDLL` does not let go of it."""
    pause = ctypes.PyDLL(None).usleep
    chance = random.Random()  # not seeded: no run is like another one anyway
    while True:
        time.sleep(chance.expovariate(1 / BETWEEN_SECONDS))
        seconds = chance.expovariate(1 / STALL_SECONDS)
        if chance.random() < LONG_SHARE:
            seconds = chance.uniform(*LONG_SECONDS)
        pause(int(seconds * 1_000_000))


def begin() -> None:
    """Begin, beside whatever the process does."""
    threading.Thread(target=stall, name="stalls", daemon=True).start()


begin()
os.register_at_fork(after_in_child=begin)
