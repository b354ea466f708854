"""`signalbox state`: how things stood at an event, rebuilt from the ledger alone."""

from __future__ import annotations

from typing import IO

import click

from signalbox.cli.output import json_option, print_json, printable, say
from signalbox.cli.remote import lines, opened_export, settings_with_token, url_option


@click.command("state")
@click.option("--at", type=click.IntRange(min=1), metavar="SEQ", help="After this event; without it, after the last.")
@click.option("--from", "source", type=click.File("rb"), metavar="FILE", help="A ledger.jsonl, in place of a server.")
@url_option
@json_option
def command(at: int | None, source: IO[bytes] | None, url: str | None, *, as_json: bool) -> None:
    """Print who held what, who owed whom an answer, and which task was where.

    It is read off the ledger of the project of SIGNALBOX_TOKEN, as far as the token may read it, or off a file that
    `signalbox export` wrote.
    """
    from signalbox.cli.ledgers import state_of  # noqa: PLC0415 - what --help need not wait for
    from signalbox.domain.standing import plain, words  # noqa: PLC0415

    if source is not None:
        state = state_of(source, at)
    else:
        with opened_export(settings_with_token(url), format="jsonl") as response:
            state = state_of(lines(response), at)
    if at is not None and state.seq < at:
        say(f"the last event there is {state.seq}")
    if as_json:
        print_json(plain(state))
        return
    for line in words(state):
        click.echo(printable(line))
