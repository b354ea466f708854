"""A browser: the secret in its cookie, the tokens of its forms, and whether a form came from our own page."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from signalbox.config import Settings
from signalbox.errors import Forbidden
from signalbox.identity import mint_secret, secret_hash

SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")
LOCAL: Final = re.compile(r"/(admin|invite|sign-in/link)([/?][\x21-\x5b\x5d-\x7e]*)?")
HOME: Final = "/admin"
OUT_OF_DATE: Final = "this form is out of date: go back, load the page again, and send it once more"


class Browser:
    """What one browser is known by.

    It has a secret from its first form on, which is nothing but what the tokens of its forms are made from. Signing in
    gives it another one, which opens a session: a secret that somebody planted never becomes one.
    """

    def __init__(self, request: Request, settings: Settings) -> None:
        self.is_secure = settings.base_url.startswith("https://") or request.url.scheme == "https"
        # The prefix makes browsers refuse the cookie to other hosts and to plain http; so http has a name of its own.
        self.cookie = "__Host-signalbox" if self.is_secure else "signalbox"
        self._origins = {settings.base_url, f"{request.url.scheme}://{request.headers.get('host', '')}"}
        given = request.cookies.get(self.cookie, "")
        self.secret = given if SECRET.fullmatch(given) else mint_secret()
        self._is_new = self.secret != given
        self._age_seconds: int | None = None

    @property
    def secret_hash(self) -> bytes:
        """What the database knows the secret as."""
        return secret_hash(self.secret)

    @property
    def form_token(self) -> str:
        """What a form of this browser's carries, so that no other site can send it."""
        return hmac.new(self.secret.encode(), b"form", hashlib.sha256).hexdigest()

    def require_own_form(self, request: Request, token: str) -> None:
        """See that a form was sent from a page of ours, in this browser.

        Raises:
            Forbidden: it was not, or the browser has signed in or out since it was shown.
        """
        origin = request.headers.get("origin")
        if origin is None and request.headers.get("sec-fetch-site") != "same-origin":
            raise Forbidden(OUT_OF_DATE)
        if origin is not None and origin not in self._origins:
            raise Forbidden(OUT_OF_DATE)
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.form_token.encode()):
            raise Forbidden(OUT_OF_DATE)

    def becomes(self, secret: str, age_seconds: int) -> None:
        """Give the browser another secret: it has signed in."""
        self.secret, self._is_new, self._age_seconds = secret, True, age_seconds

    def forget(self) -> None:
        """Give the browser a secret that opens nothing: it has signed out."""
        self.secret, self._is_new, self._age_seconds = mint_secret(), True, None

    def leave_cookie(self, response: Response) -> None:
        """Send the secret along when the browser does not have it yet."""
        if self._is_new:
            response.set_cookie(
                self.cookie,
                self.secret,
                max_age=self._age_seconds,
                path="/",
                secure=self.is_secure,
                httponly=True,
                samesite="lax",
            )


def local_path(wanted: str | None) -> str:
    """Answer where to go after signing in: a page of ours as it was asked for, else the first page."""
    return wanted if wanted and LOCAL.fullmatch(wanted) else HOME
