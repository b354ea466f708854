"""Ids of handshake-era sessions: signed, so that any worker can check one that another has given out.

A session holds nothing: its id says whose it is, in which version of the protocol it was opened, and when. So a
session that is opened and abandoned costs nothing. One that its client ends leaves a row until it would have expired.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import struct
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

SESSION_SECONDS_MAX: Final = 7 * 86_400
CLOCK_SKEW_SECONDS: Final = 300  # between the machines of two workers
MAC_BYTES: Final = 16

_FIELDS: Final = struct.Struct(">QIQ8s")  # participation, version as yyyymmdd, opened at, random


@dataclass(frozen=True)
class McpSession:
    """A session as its id says; `key` is what the database knows it by."""

    key: bytes
    participation_id: int
    protocol_version: str
    opened_at: int

    @property
    def expires_at(self) -> datetime:
        """When its id stops holding."""
        return datetime.fromtimestamp(self.opened_at + SESSION_SECONDS_MAX, UTC)


class SessionIds:
    """Gives out ids and reads them."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def open(self, participation_id: int, protocol_version: str) -> str:
        """Make the id of a new session."""
        version = int(protocol_version.replace("-", ""))
        fields = _FIELDS.pack(participation_id, version, int(time.time()), secrets.token_bytes(8))
        return base64.urlsafe_b64encode(fields + self._mac(fields)).decode("ascii").rstrip("=")

    def read(self, session_id: str) -> McpSession | None:
        """Read an id; None when this database's workers did not give it out, or too long ago."""
        try:
            plain = base64.urlsafe_b64decode(session_id + "=" * (-len(session_id) % 4))
        except (binascii.Error, ValueError):
            return None
        fields, mac = plain[: _FIELDS.size], plain[_FIELDS.size :]
        if len(fields) != _FIELDS.size or not hmac.compare_digest(mac, self._mac(fields)):
            return None
        participation_id, version, opened_at, _ = _FIELDS.unpack(fields)
        name = f"{version:08}"
        protocol_version = f"{name[:4]}-{name[4:6]}-{name[6:]}"
        age = time.time() - opened_at
        if not -CLOCK_SKEW_SECONDS <= age < SESSION_SECONDS_MAX or protocol_version not in HANDSHAKE_PROTOCOL_VERSIONS:
            return None
        return McpSession(mac, participation_id, protocol_version, opened_at)

    def _mac(self, fields: bytes) -> bytes:
        return hmac.digest(self._secret, fields, "sha256")[:MAC_BYTES]
