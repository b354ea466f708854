"""`signalbox`, and `python -m signalbox`."""

from __future__ import annotations

from signalbox.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
