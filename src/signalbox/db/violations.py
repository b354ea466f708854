"""What PostgreSQL says no with -> the refusal a caller hears."""

from __future__ import annotations

import json
import logging

import asyncpg

from signalbox.errors import REFUSALS, Conflict, OwnerSuspended, Refusal, SessionEnded, SetupError, Unavailable

log = logging.getLogger("signalbox")

RULES = {
    "owners_handle_key": Conflict("this handle is taken: choose another"),
    "handles_pkey": Conflict("this handle is taken: choose another"),
    "owners_email_key": Conflict("there is an owner with this email already"),
    "owner_identities_pkey": Conflict("this account has just been signed up: sign in with it once more"),
    "participants_label_key": Conflict("this name has just been taken: choose another, or repeat the call"),
    "projects_name_key": Conflict("there is a project of this name already"),
}

RETRY = "the database does not answer for now: repeat the call in a second, with the same idempotency_key"

OWN_STATUSES: dict[int, type[Refusal]] = {
    410: SessionEnded,  # what session_holds_v1 says; over HTTP it is 404, as MCP wants it
    423: OwnerSuspended,  # what begin_act_v1 says; over HTTP it is 403
}

DRIVER_ERRORS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""All that a statement or a connection can fail with."""

GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server's farewell was read, the end of the connection not yet
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,  # the primary has just become a standby
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    ConnectionError,
    TimeoutError,
    OSError,
)


def unavailable(error: Exception) -> Unavailable:
    """Make the refusal of a database that is away; why it is, only the log says."""
    log.warning("the database does not answer: %s: %s", type(error).__name__, error)
    return Unavailable(RETRY, retry_after_seconds=1)


def refusal_for(error: Exception) -> Exception:
    """Translate an error of the driver; one that is nobody's refusal comes back as it is."""
    if isinstance(error, asyncpg.PostgresError):
        sqlstate = str(error.sqlstate)
        if sqlstate.startswith("SB"):
            return _refused(error, int(sqlstate[2:]))
        rule = RULES.get(str(getattr(error, "constraint_name", None)))
        if rule is not None:
            return type(rule)(rule.message)
    if isinstance(error, GONE):
        return unavailable(error)
    return error


def _refused(error: asyncpg.PostgresError, status: int) -> Exception:
    message = str(error.args[0])
    refusal = OWN_STATUSES.get(status) or REFUSALS.get(status)
    if refusal is None:
        return SetupError(message)
    return refusal(message, **json.loads(getattr(error, "detail", None) or "{}"))
