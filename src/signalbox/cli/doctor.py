"""`signalbox doctor`: what is wrong, and how it is mended."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from signalbox.cli.local import data_dir_option
from signalbox.config import ConfigError, load_settings
from signalbox.doctor.findings import Finding, error


@click.command("doctor")
@click.option("--url", help="The server (SIGNALBOX_URL).")
@click.option("--server", "on_server", is_flag=True, help="Look at this machine as a server instead.")
@click.option("--slow", is_flag=True, help="Also hold a stream open for a minute.")
@click.option("--json", "as_json", is_flag=True, help="Print findings as JSON, one on a line.")
@data_dir_option
def command(url: str | None, data_dir: Path | None, *, on_server: bool, slow: bool, as_json: bool) -> None:
    """Look at the server, the way to it, the token, and what is set up here; say how each fault is mended.

    Exit code 0 when all is well, 1 with warnings, 2 with errors.
    """
    worst = 0
    for finding in _on_server(data_dir) if on_server else _on_client(url, slow=slow):
        worst = max(worst, finding.severity)
        click.echo(json.dumps(finding.as_json(), ensure_ascii=False) if as_json else finding.line)
    sys.exit(worst)


def _on_server(data_dir: Path | None) -> Iterator[Finding]:
    from signalbox.doctor import host  # noqa: PLC0415 - a client need not import the database

    return host.findings(data_dir)


def _on_client(url: str | None, *, slow: bool) -> Iterator[Finding]:
    from signalbox.doctor import client  # noqa: PLC0415 - --help is quick
    from signalbox.doctor.server import ServerDoctor  # noqa: PLC0415

    try:
        settings = load_settings(os.environ, url=url)
    except ConfigError as failure:
        yield error("settings", str(failure), "correct or unset it")
        return
    yield from ServerDoctor(settings.url, settings.token).findings(slow=slow)
    yield from client.findings()
