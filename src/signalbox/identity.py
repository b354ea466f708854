"""Who calls: tokens as secrets, what they allow, the participant in a project behind one, and who is signed in."""

from __future__ import annotations

import binascii
import hashlib
import re
import secrets
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, NewType

from pydantic import BaseModel, ConfigDict

from signalbox.errors import InvalidArguments, Unauthenticated

TokenHash = NewType("TokenHash", bytes)
"""SHA-256 of a token: what the database keeps, and what a secret is turned into at the door."""

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ENTROPY_DIGITS: Final = 30  # 62^30 is more than 178 bits
_TOKEN: Final = re.compile(r"sbx_([0-9A-Za-z]{30})([0-9A-Za-z]{6})")
_CODE: Final = re.compile(r"[0-9A-Za-z]{24}")


class Scope(StrEnum):
    """What a token may be used for; each tool needs one."""

    READ = "read"
    WRITE = "write"
    MANAGE = "manage"


class ToolGroup(StrEnum):
    """What a tool belongs to: a caller may have some groups listed and call the others by name all the same."""

    CORE = "core"
    LANES = "lanes"
    WORK = "work"
    ADMIN = "admin"
    HOOKS = "hooks"
    """What programs call: listed only where it is asked for by name."""


EVERYDAY_GROUPS: Final = frozenset(ToolGroup) - {ToolGroup.HOOKS}


def tool_groups(names: str) -> frozenset[ToolGroup]:
    """Read names of groups with commas between them.

    Raises:
        InvalidArguments: there is no such group; names those that there are.
    """
    named = {name.strip() for name in names.split(",")}
    unknown = sorted(named - set(ToolGroup))
    if unknown:
        raise InvalidArguments(
            f"there is no group of tools {unknown[0][:40]!r}: name some of {', '.join(ToolGroup)}",
            groups=list(ToolGroup),
        )
    return frozenset(ToolGroup(name) for name in named)


class Principal(BaseModel):
    """A participant in a project, as its token proved it a moment ago. Never made from input."""

    model_config = ConfigDict(frozen=True)

    project_id: int
    participation_id: int
    token_hash: bytes | None = None
    project: str
    handle: str
    label: str
    kind: Literal["agent", "human"]
    role: Literal["member", "lead"]
    lane: str | None
    scopes: frozenset[Scope]
    liveness_seconds: int
    suspended: bool
    unread_posts: int
    tool_groups: frozenset[ToolGroup] | None = None
    """The groups of tools that the token is shown; None: all."""

    @property
    def actor(self) -> str:
        """The address everyone sees: `handle/label`, or the bare handle of the owner."""
        return f"{self.handle}/{self.label}" if self.label else self.handle

    @property
    def is_lead(self) -> bool:
        """Whether this participant may manage the project's participants."""
        return self.role == "lead"


class Owner(BaseModel):
    """A human who is signed in, as the session proved it a moment ago. Never made from input."""

    model_config = ConfigDict(frozen=True)

    owner_id: int
    session_id: int
    handle: str
    email: str
    is_operator: bool
    signed_in_at: datetime


def _checksum(entropy: str) -> str:
    number = binascii.crc32(entropy.encode("ascii"))
    digits = ""
    for _ in range(6):  # 62^6 holds any 32-bit number
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits


def mint_token() -> tuple[str, TokenHash]:
    """Make a token: the secret, shown once, and its hash, kept."""
    entropy = "".join(secrets.choice(_DIGITS) for _ in range(_ENTROPY_DIGITS))
    secret = f"sbx_{entropy}{_checksum(entropy)}"
    return secret, TokenHash(hashlib.sha256(secret.encode("ascii")).digest())


def token_hash(secret: str) -> TokenHash:
    """Turn a token into what the database knows.

    Raises:
        Unauthenticated: it cannot be a token (its shape or its checksum is wrong); the database was not asked.
    """
    shape = _TOKEN.fullmatch(secret)
    if shape is None or _checksum(shape[1]) != shape[2]:
        raise Unauthenticated("this is not a Signalbox token (sbx_…): check that it was copied whole")
    return TokenHash(hashlib.sha256(secret.encode("ascii")).digest())


def mint_code() -> tuple[str, bytes]:
    """Make an invite's code: what is sent, and its hash, kept. 24 digits are more than 142 bits."""
    code = "".join(secrets.choice(_DIGITS) for _ in range(24))
    return code, hashlib.sha256(code.encode("ascii")).digest()


def code_hash(code: str) -> bytes | None:
    """Turn an invite's code into what the database knows; None when it cannot be one."""
    if _CODE.fullmatch(code) is None:
        return None
    return hashlib.sha256(code.encode("ascii")).digest()


def mint_secret() -> str:
    """Make what a browser's cookie, or a sign-in in progress, is known by: 32 bytes of entropy, safe in a URL."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> bytes:
    """Turn such a secret into what the database knows."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
