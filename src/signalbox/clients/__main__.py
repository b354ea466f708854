"""`kit/install`: hooks, git's hook and instructions, from a checkout and with nothing but Python."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from signalbox.clients.connecting import connect, disconnect
from signalbox.clients.edits import CannotConnectError, plan
from signalbox.clients.known import CLIENTS
from signalbox.clients.wishes import Wish, wish_for


def main(arguments: list[str], program: str = "kit/install") -> int:
    """Install, show or remove; answers the exit code."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument("what", nargs="?", default="install", choices=["install", "status", "remove"])
    parser.add_argument("--scope", default="project", choices=["project", "user"], help="this repository, or this user")
    parser.add_argument(
        "--client", action="append", choices=list(CLIENTS), help="for whom; else those that are installed"
    )
    parser.add_argument("--url", default="http://127.0.0.1:8787", help="the server that the hooks ask")
    parser.add_argument("--lead", action="store_true", help="instructions for a lead of the project")
    parser.add_argument("--dry-run", action="store_true", help="show what would be written")
    given = parser.parse_args(arguments)
    try:
        return {"install": _install, "status": _status, "remove": _remove}[given.what](given)
    except CannotConnectError as error:
        sys.stderr.write(f"signalbox: {error}\n")
        return 1


def kit_wish(scope: str, clients: tuple[str, ...], url: str, *, lead: bool = False) -> Wish:
    """Say what the kit installs: all but servers and tokens."""
    found = clients or tuple(name for name, client in CLIENTS.items() if client.is_installed(Path.home()))
    return wish_for(url, "", scope, found or ("claude",), servers=False, lead=lead)


def _install(given: argparse.Namespace) -> int:
    wish = kit_wish(given.scope, tuple(given.client or ()), given.url, lead=given.lead)
    if given.dry_run:
        for one in plan(wish.edits()):
            sys.stdout.write(f"{one.diff(())}\n" if one.changes else f"{one.edit.path}: as it should be\n")
        return 0
    for one in connect(wish):
        sys.stdout.write(f"wrote {one.edit.path}\n")
    sys.stdout.write("next: set SIGNALBOX_TOKEN for the hooks, and name numbered files in .signalbox.json\n")
    return 0


def _status(given: argparse.Namespace) -> int:
    journal = wish_for("", "", given.scope, (), servers=False).journal()
    for name in journal.entries:
        sys.stdout.write(f"{name}\n")
    if not journal.entries:
        sys.stdout.write(f"the kit is not installed in the scope {given.scope}\n")
    return 0


def _remove(given: argparse.Namespace) -> int:
    facts = wish_for("", "", given.scope, (), servers=False).journal().facts
    wish = wish_for(facts.get("url", ""), "", given.scope, tuple(facts.get("clients", ())), servers=False)
    files, by_hand = disconnect(wish)
    for name in files:
        sys.stdout.write(f"{'took our part out of' if name in by_hand else 'restored'} {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
