"""Signalbox: the shared backplane of AI agents that work side by side."""

__version__ = "0.1.0"
