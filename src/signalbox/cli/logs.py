"""How a server's log looks: one line per request, on standard error, as text or as JSON."""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import UTC, datetime

from signalbox.config import Settings

QUIET = ("mcp", "alembic", "uvicorn", "asyncio")


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the time, the level, the logger, and the facts of a request or the message of anything else."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        facts = getattr(record, "facts", None)
        line |= facts if facts is not None else {"message": record.getMessage()}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class PlainFormatter(logging.Formatter):
    """Writes a record as a line of text."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")
        self._second = (0, "")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        """Write the time; the part that is the same for a whole second is made once."""
        second, text = self._second
        if int(record.created) != second:
            text = time.strftime(datefmt or "%Y-%m-%d %H:%M:%S", time.localtime(record.created))
            self._second = (int(record.created), text)
        return f"{text},{int(record.msecs):03}"


def set_up_logs(settings: Settings) -> None:
    """Log to standard error; what others log about each request stays quiet, ours says it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else PlainFormatter())
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    # Nobody reads these off a record, and each costs every line something.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
