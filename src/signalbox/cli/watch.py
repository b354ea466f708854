"""`signalbox watch`: a project's ledger as it grows, over plain HTTP."""

from __future__ import annotations

import http.client
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any, Final, NoReturn

import click

from signalbox.cli.output import printable, say
from signalbox.cli.remote import settings_with_token, url_option
from signalbox.config import Settings

SILENCE_SECONDS_MAX: Final = 45  # the server says something every 15 seconds
PAUSES_SECONDS: Final = (0.5, 1, 2, 5, 10, 30)
PASSES: Final = frozenset({429, 502, 503, 504})  # what a server that is busy, or starts again, answers


@click.command("watch")
@click.option("--after", type=click.IntRange(min=0), help="Begin after this event; without it, with what comes now.")
@click.option("--actor", help="Only what this participant did.")
@click.option("--type", "event_type", help="Only events of this type.")
@click.option("--ref", help="Only what is about this PR, ADR or commit.")
@click.option("--tag", help="Only posts with this tag.")
@click.option("--sequence", help="Only numbers of this sequence.")
@url_option
@click.option("--json", "as_json", is_flag=True, help="Print each event as JSON on one line.")
def command(
    after: int | None, event_type: str | None, url: str | None, *, as_json: bool, **filters: str | None
) -> None:
    """Print the events of the project of SIGNALBOX_TOKEN as they happen, until it is interrupted.

    A connection that breaks is made again, and goes on after the last event. Exit code 0 when interrupted, 1 when the
    server refuses or cannot be reached at first, 2 for arguments that do not fit.
    """
    settings = settings_with_token(url)
    asked = {name: value for name, value in {**filters, "type": event_type}.items() if value is not None}
    show = _as_json if as_json else _as_line
    try:
        for event in Following(settings, asked, after):
            click.echo(show(event))
    except KeyboardInterrupt:
        sys.exit(0)


class Following:
    """The events of a project, one connection after the other."""

    def __init__(self, settings: Settings, asked: dict[str, str], after: int | None) -> None:
        self._settings = settings
        self._asked = asked
        self._after = after
        self._failures = 0
        self._has_connected = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give event after event; exits where going on makes no sense."""
        while True:
            try:
                with self._open() as response:
                    yield from self._events_in(response)
            except urllib.error.HTTPError as error:
                with error:
                    self._refused(error.code, _refusal_in(error))
            except (OSError, http.client.HTTPException) as error:  # urllib's errors are the first
                self._lost(str(getattr(error, "reason", error)) or type(error).__name__)

    def _open(self) -> Any:
        asked = self._asked if self._after is None else {**self._asked, "after": str(self._after)}
        request = urllib.request.Request(  # noqa: S310 - settings allow http and https only
            f"{self._settings.url}/api/events?{urllib.parse.urlencode(asked)}",
            headers={"Authorization": f"Bearer {self._settings.token}", "Accept": "text/event-stream"},
        )
        response = urllib.request.urlopen(request, timeout=SILENCE_SECONDS_MAX)  # noqa: S310
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            response.close()
            _fail(f"what {self._settings.url} answers are no events: is this a Signalbox server?")
        return response

    def _events_in(self, response: Any) -> Iterator[dict[str, Any]]:
        self._has_connected = True
        for kind, event_id, data in frames(response):
            self._failures = 0
            if kind == "end":
                self._ended(json.loads(data))
                return
            if event_id:
                event = json.loads(data)
                self._after = int(event_id)
                yield event
        self._lost("the connection ended")

    def _ended(self, reason: dict[str, Any]) -> None:
        if reason.get("code") not in {"unavailable", "too_many"}:
            _fail(f"{reason.get('code')}: {reason.get('message')}")
        self._lost(str(reason.get("message")))

    def _refused(self, status: int, refusal: dict[str, Any]) -> None:
        words = f"{refusal.get('code')}: {refusal.get('message')}"
        if status not in PASSES:
            _fail(words, 2 if status == http.client.BAD_REQUEST else 1)
        self._lost(words)

    def _lost(self, reason: str) -> None:
        """Wait before the next try; at first there is none."""
        if not self._has_connected:
            _fail(f"no answer from {self._settings.url}: {reason}")
        pause = PAUSES_SECONDS[min(self._failures, len(PAUSES_SECONDS) - 1)]
        self._failures += 1
        say(f"signalbox: {printable(reason)}: trying again in {pause:g} s")
        time.sleep(pause)


def frames(lines: Any) -> Iterator[tuple[str, str, str]]:
    """Read server-sent events: the kind, the id and the data of each."""
    kind, event_id, data = "message", "", ""
    for line in lines:
        name, _, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data += value
        elif name == "id":
            event_id = value
        elif name == "event":
            kind = value
        elif not name and not value and data:
            yield kind, event_id, data
            kind, event_id, data = "message", "", ""


def _as_json(event: dict[str, Any]) -> str:
    return printable(json.dumps(event, ensure_ascii=False, separators=(",", ":")), as_json=True)


def _as_line(event: dict[str, Any]) -> str:
    from signalbox.domain.events import Event  # noqa: PLC0415 - only where there is something to print
    from signalbox.edge.admin.summaries import summary  # noqa: PLC0415

    found = Event.model_validate(event)
    at = found.ts.astimezone().strftime("%H:%M:%S")
    return printable(f"{at} {found.id:>6} {found.actor} {summary(found)}")


def _refusal_in(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        refusal: dict[str, Any] = json.load(error)["error"]
    except (ValueError, KeyError, TypeError):
        return {"code": f"http_{error.code}", "message": f"{error.reason}: is this a Signalbox server?"}
    return refusal


def _fail(message: str, code: int = 1) -> NoReturn:
    say(f"signalbox: {printable(message)}")
    sys.exit(code)
