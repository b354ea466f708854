"""Every refusal Signalbox gives, and nothing else.

    SignalboxError
    ├── Refusal                 an answer to a caller; has a stable code and says what to do next
    │   ├── InvalidArguments    400   the arguments do not fit; names each one
    │   ├── Unauthenticated     401   a credential that does not (or no longer) hold
    │   │   └── NoCredential              none at all
    │   ├── Forbidden           403   known, but may not
    │   │   ├── OwnerSuspended        the owner of the token or of the project is suspended
    │   │   ├── ScopeTooNarrow        the participant may, this token may not
    │   │   └── ForeignOrigin         a page of another site sent it
    │   ├── NotFound            404   not there, or not yours: the same answer
    │   │   └── SessionEnded              the MCP session is not known, or was ended
    │   ├── Conflict            409   the present state does not allow it; carries that state
    │   ├── BodyTooLarge        413   the body of a request has too many bytes
    │   ├── Misdirected         421   the request names a host that is not this server
    │   ├── TooMany             429   a bound is reached; says when to come back
    │   └── Unavailable         503   the database does not answer; safe to repeat
    └── SetupError              a server that cannot start; says what to change
        └── SchemaError               the database answers, and wants `signalbox migrate`

Codes are part of the API: they do not change once released. HTTP statuses stand here because REST,
MCP's challenges and pages share them.
"""

from __future__ import annotations

from typing import Any, ClassVar


class SignalboxError(Exception):
    """Whatever Signalbox raises on purpose."""


class SetupError(SignalboxError):
    """The server or a command cannot start as it is set up; the message says what to change."""


class SchemaError(SetupError):
    """The database has another schema than this code, or none yet."""


class Refusal(SignalboxError):  # noqa: N818 - a refusal is an answer, not a failure
    """An answer that says no.

    `message` is one line that ends with the next step. `state` is what the caller may need to decide
    (the present status and owner of a task, the number of seconds to wait): plain JSON values.
    """

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(self, message: str, **state: Any) -> None:
        super().__init__(message)
        self.message = message
        self.state = state

    def as_json(self) -> dict[str, Any]:
        """The refusal as every edge shows it: `code`, `message` and the state, flat."""
        return {"code": self.code, "message": self.message, **self.state}


class InvalidArguments(Refusal):
    """The arguments do not fit the tool's schema; nothing was done."""

    status = 400
    code = "invalid_arguments"


class Unauthenticated(Refusal):
    """The credential does not hold."""

    status = 401
    code = "unauthenticated"


class NoCredential(Unauthenticated):
    """The request carries no credential."""


class Forbidden(Refusal):
    """The caller is known and may not do this."""

    status = 403
    code = "forbidden"


class OwnerSuspended(Forbidden):
    """The owner of the token or of the project is suspended: nothing of theirs may be read or done."""

    code = "owner_suspended"


class ScopeTooNarrow(Forbidden):
    """The token may not do this, whatever its participant may; HTTP edges challenge for a wider one."""

    code = "insufficient_scope"


class ForeignOrigin(Forbidden):
    """A page of another site sent the request."""

    code = "foreign_origin"


class NotFound(Refusal):
    """There is no such thing in the caller's project."""

    status = 404
    code = "not_found"


class SessionEnded(NotFound):
    """The request names an MCP session that is not the caller's, has expired or was ended: initialize a new one."""

    code = "session_not_found"


class Conflict(Refusal):
    """The present state does not allow it."""

    status = 409
    code = "conflict"


class BodyTooLarge(Refusal):
    """The body of a request is larger than this server takes."""

    status = 413
    code = "too_large"


class Misdirected(Refusal):
    """The request names a host that this server does not serve."""

    status = 421
    code = "unknown_host"


class TooMany(Refusal):
    """A bound is reached."""

    status = 429
    code = "too_many"


class Unavailable(Refusal):
    """The database does not answer for now; repeating the call with its idempotency key is safe."""

    status = 503
    code = "unavailable"


REFUSALS: dict[int, type[Refusal]] = {
    refusal.status: refusal
    for refusal in (InvalidArguments, Unauthenticated, Forbidden, NotFound, Conflict, TooMany, Unavailable)
}
