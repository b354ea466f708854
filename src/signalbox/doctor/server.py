"""Seen from a client: the server, the way to it, and the token."""

from __future__ import annotations

import email.utils
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import httpx2
from cryptography.x509 import load_pem_x509_certificate

from signalbox import __version__
from signalbox.doctor.findings import Finding, error, ok, warning

ANSWER_SECONDS_MAX: Final = 10.0
SKEW_SECONDS_MAX: Final = 30.0
CERTIFICATE_DAYS_MIN: Final = 14
TOKEN_DAYS_MIN: Final = 7
DAY_SECONDS: Final = 86_400
KEEP_ALIVE_SECONDS: Final = 60.0
MODERN: Final = "2026-07-28"


class ServerDoctor:
    """Looks at one server with one token."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self._token = token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx2.Client(base_url=url, headers=headers, timeout=ANSWER_SECONDS_MAX)

    def findings(self, *, slow: bool) -> Iterator[Finding]:
        """Look, one after the other; what cannot be looked at without the thing before is left out."""
        with self._client:
            try:
                health = self._client.get("/healthz")
            except httpx2.HTTPError as failure:
                yield self._unreachable(failure)
                return
            yield from self._health(health)
            yield from self._certificate()
            if self._token is None:
                yield error("token", "there is none", "set SIGNALBOX_TOKEN, or run signalbox connect")
                return
            answer = self._client.post("/api/tools/my_token", json={})
            yield from self._token_of(answer)
            if answer.status_code != httpx2.codes.OK:
                return
            yield self._era()
            yield self._push(may_write="write" in answer.json()["scopes"])
            if slow:
                yield self._keep_alive()

    def _unreachable(self, failure: Exception) -> Finding:
        if isinstance(failure.__cause__, ssl.SSLError) or "CERTIFICATE" in str(failure).upper():
            return error(
                "server", f"{self._url}: the certificate is not accepted: {failure}", "renew it, or trust its issuer"
            )
        fix = "start it (signalbox up), or set SIGNALBOX_URL to where it is"
        return error("server", f"{self._url} does not answer: {failure}", fix)

    def _health(self, health: httpx2.Response) -> Iterator[Finding]:
        try:
            facts = health.json()
        except ValueError:
            facts = {}
        if facts.get("service") != "signalbox":
            yield error("server", f"{self._url} is something else than Signalbox", "set SIGNALBOX_URL to the server")
            return
        if not facts.get("ok"):
            yield error("server", "it answers, but its database does not", "on the server: signalbox doctor --server")
        elif facts["version"] != __version__:
            fix = "bring the older of the two to the version of the other"
            yield warning("server", f"it is of version {facts['version']}, this command of {__version__}", fix)
        else:
            yield ok("server", f"{self._url} answers, version {facts['version']}")
        said = email.utils.parsedate_to_datetime(health.headers["date"]) if "date" in health.headers else None
        skew = abs((datetime.now(UTC) - said).total_seconds()) if said else 0.0
        if skew > SKEW_SECONDS_MAX:
            yield warning("clock", f"this machine and the server are {skew:.0f} s apart", "set both clocks by NTP")
        else:
            yield ok("clock", "this machine and the server agree")

    def _certificate(self) -> Iterator[Finding]:
        parts = urlsplit(self._url)
        if parts.scheme != "https":
            if parts.hostname in {"127.0.0.1", "localhost", "::1"}:
                yield ok("tls", "not needed on loopback")
            else:
                yield warning("tls", "the token travels in clear", "put a proxy with TLS before it: SELFHOSTING.md")
            return
        text = ssl.get_server_certificate((parts.hostname or "", parts.port or 443), timeout=ANSWER_SECONDS_MAX)
        days = (load_pem_x509_certificate(text.encode()).not_valid_after_utc - datetime.now(UTC)).days
        if days < CERTIFICATE_DAYS_MIN:
            yield warning("tls", f"the certificate expires in {days} days", "see that its renewal works")
        else:
            yield ok("tls", "the certificate is accepted")

    def _token_of(self, answer: httpx2.Response) -> Iterator[Finding]:
        if answer.status_code == httpx2.codes.UNAUTHORIZED:
            yield error("token", "the server does not take it", "ask a lead for a new one (admin_rotate)")
            return
        if answer.status_code != httpx2.codes.OK:
            yield error(
                "token", f"the server answers {answer.status_code}: {answer.text[:200]}", "look at the server's log"
            )
            return
        facts = answer.json()
        seconds = facts.get("expires_in_seconds")
        if seconds is not None and seconds < TOKEN_DAYS_MIN * DAY_SECONDS:
            yield warning("token", f"it expires in {seconds // 3600} hours", "ask a lead for a new one (admin_rotate)")
        else:
            yield ok("token", "it holds")
        if "write" not in facts["scopes"]:
            yield warning("scope", "it may only read", "ask a lead for one with the scope write")
        else:
            yield ok("scope", ", ".join(facts["scopes"]))

    def _era(self) -> Finding:
        meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": meta}}
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": MODERN,
            "Mcp-Method": "server/discover",
        }
        answer = self._client.post("/mcp", json=message, headers=headers)
        if answer.status_code != httpx2.codes.OK:
            fix = "let the proxy pass the headers MCP-Protocol-Version, Mcp-Method and Mcp-Name"
            return error("protocol", f"server/discover is answered with {answer.status_code}", fix)
        return ok("protocol", ", ".join(answer.json()["result"]["supportedVersions"]))

    def _push(self, *, may_write: bool) -> Finding:
        """Wait for an event, make one, and see the wait end."""
        if not may_write:
            return warning("push", "not tried: the token may only read", "try it with a token that may write")
        head = self._client.post("/api/tools/whats_new", json={"advance_cursor": False, "limit": 1}).json()["head"]
        answered: list[float] = []

        def wait() -> None:
            question = {"for": [{"on": "seq"}], "after": head, "timeout_seconds": 8}
            with httpx2.Client(base_url=self._url, headers=self._client.headers, timeout=ANSWER_SECONDS_MAX) as other:
                if other.post("/api/tools/wait", json=question).json().get("fired"):
                    answered.append(time.monotonic())

        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.3)
        begun = time.monotonic()
        self._client.post("/api/tools/lease", json={"surface": "signalbox doctor", "ttl_seconds": 5})
        waiting.join()
        self._client.post("/api/tools/release", json={"surface": "signalbox doctor"})
        if not answered:
            return error("push", "an event did not end a wait", "let the proxy pass answers that take a minute")
        taken = (answered[0] - begun) * 1000
        return ok("push", f"an event ended a wait on another connection after {max(taken, 0):.0f} ms")

    def _keep_alive(self) -> Finding:
        """Hold a quiet stream open for a minute."""
        begun = time.monotonic()
        headers = {"Accept": "text/event-stream"}
        try:
            with self._client.stream("GET", "/api/events", headers=headers, timeout=KEEP_ALIVE_SECONDS) as stream:
                for _ in stream.iter_lines():
                    if time.monotonic() - begun > KEEP_ALIVE_SECONDS:
                        return ok("keep-alive", "a stream stays open for a minute")
        except httpx2.HTTPError as failure:
            return self._cut(begun, str(failure))
        return self._cut(begun, "it was ended")

    def _cut(self, begun: float, why: str) -> Finding:
        seconds = time.monotonic() - begun
        return error(
            "keep-alive", f"a quiet stream was cut after {seconds:.0f} s: {why}", "raise the proxy's idle time to 75 s"
        )
