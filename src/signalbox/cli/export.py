"""`signalbox export`: a ledger, a lane or a thread as a file, or as a mirror for git."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from signalbox.cli.output import say
from signalbox.cli.remote import fail, opened_export, pieces, settings_with_token, url_option


@click.command("export")
@click.option(
    "--format", "export_format", type=click.Choice(["jsonl", "json", "md"]), help="JSON lines unless it is said."
)
@click.option("--lane", help="Only the posts to this lane.")
@click.option("--thread", type=click.IntRange(min=1), help="Only the thread of this post.")
@click.option("--after", type=click.IntRange(min=0), help="Only what came after this event.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here, once it is whole.")
@click.option("--mirror", type=click.Path(file_okay=False, path_type=Path), help="Keep a mirror in this directory.")
@url_option
def command(
    export_format: str | None,
    lane: str | None,
    thread: int | None,
    after: int | None,
    output: Path | None,
    mirror: Path | None,
    url: str | None,
) -> None:
    """Write the ledger of the project of SIGNALBOX_TOKEN, up to now and as far as the token may read it.

    A mirror is ledger.jsonl, to which each run adds what is new, and state.md, which says how things stand: files that
    change only where something has changed. Exit code 1 when the server refuses or does not finish.
    """
    asked = {"format": export_format, "lane": lane, "thread": thread, "after": after}
    settings = settings_with_token(url)
    if mirror is not None:
        if output is not None or any(value is not None for value in asked.values()):
            raise click.UsageError("--mirror is of the whole ledger: it goes with no other option but --url")
        from signalbox.cli.mirror import Mirror, NotOurs  # noqa: PLC0415 - only where it is wanted

        try:
            new = Mirror(mirror, settings).update()
        except NotOurs as error:
            fail(str(error))
        say(f"{new} new events in {mirror}" if new else f"{mirror} is up to date")
        return
    with opened_export(settings, **asked) as response:
        if output is None:
            for piece in pieces(response):
                sys.stdout.buffer.write(piece)
            return
        unfinished = output.with_name(f".{output.name}.part")
        try:
            with unfinished.open("wb") as file:
                for piece in pieces(response):
                    file.write(piece)
            unfinished.replace(output)
        except OSError as error:
            fail(f"cannot write {output}: {error.strerror or error}")
        finally:
            unfinished.unlink(missing_ok=True)
