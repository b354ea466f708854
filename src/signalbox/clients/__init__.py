"""Connecting coding agents on this machine: their config files, hooks and instruction blocks.

Standard library only, and nothing else of Signalbox: `kit/install` runs it from a checkout, with no package installed.
"""
