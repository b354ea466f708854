"""A provider for tests that is shaped like GitHub."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from edge.admin.providing import CLIENT_ID, CLIENT_SECRET, OnLoopback


class GitHubServer(OnLoopback):
    """A provider that is shaped like GitHub: its web and its API on one address."""

    def __init__(self) -> None:
        super().__init__()
        self.user: dict[str, Any] = {}
        self.emails: list[dict[str, Any]] = []

    def routes(self) -> list[Route]:
        return [
            Route("/login/oauth/authorize", self._authorize),
            Route("/login/oauth/access_token", self._token, methods=["POST"]),
            Route("/user", self._user),
            Route("/user/emails", self._emails),
        ]

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        assert asked["code_challenge_method"] == "S256"
        return RedirectResponse(f"{asked['redirect_uri']}?code=one&state={asked['state']}", status_code=302)

    async def _token(self, request: Request) -> Response:
        sent = dict(parse_qsl((await request.body()).decode()))
        if (sent["client_id"], sent["client_secret"], sent["code"]) != (CLIENT_ID, CLIENT_SECRET, "one"):
            return JSONResponse({"error": "bad_verification_code"})
        assert sent["code_verifier"]
        return JSONResponse({"access_token": "gho_one", "token_type": "bearer", "scope": "read:user,user:email"})

    async def _user(self, request: Request) -> Response:
        return self._to_who_has_the_token(request, self.user)

    async def _emails(self, request: Request) -> Response:
        return self._to_who_has_the_token(request, self.emails)

    def _to_who_has_the_token(self, request: Request, content: Any) -> Response:
        if request.headers["authorization"] != "Bearer gho_one":
            return JSONResponse({"message": "Bad credentials"}, 401)
        return JSONResponse(content)
