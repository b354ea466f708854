"""`signalbox disconnect`: undoes what `connect` did."""

from __future__ import annotations

import click

from signalbox.cli.connecting import connecting, scope_option
from signalbox.cli.output import say
from signalbox.clients.connecting import disconnect
from signalbox.clients.wishes import wish_for


@click.command("disconnect")
@scope_option
def command(scope: str) -> None:
    """Bring every file back to what it was; from one that has changed since, only our part is taken out."""
    with connecting():
        facts = wish_for("", "", scope, ()).journal().facts
        files, by_hand = disconnect(wish_for(facts.get("url", ""), "", scope, tuple(facts.get("clients", ()))))
    if not files:
        say(f"nothing is connected in the scope {scope}")
    for name in files:
        click.echo(f"{'took our part out of' if name in by_hand else 'restored'} {name}")
