"""The figures that the proofs measure, for whoever runs them with `-s`; no assertion depends on one."""

from __future__ import annotations

import sys


def figure(text: str) -> None:
    """Say what was measured."""
    sys.stdout.write(f"\n{text}\n")
