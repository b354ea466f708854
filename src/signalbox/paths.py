"""Where the files that are not Python are: beside the sources in a checkout, inside the package in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent.parent
SHARE = _CHECKOUT if (_CHECKOUT / "alembic.ini").is_file() else _PACKAGE / "_share"

TEMPLATES = SHARE / "templates"
MIGRATIONS = SHARE / "migrations"
KIT = SHARE / "kit"
ALEMBIC_INI = SHARE / "alembic.ini"
FUNCTIONS = _PACKAGE / "db" / "functions"
