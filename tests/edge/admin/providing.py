"""An OpenID provider for tests, on Authlib's server side: in a thread on loopback, with knobs for doing wrong."""

# ruff: noqa: ARG002 - Authlib names what it calls with

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

import httpx2
import uvicorn
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Error
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

CLIENT_ID = "signalbox-here"
CLIENT_SECRET = "known to the two of them & nobody else"


@dataclass
class Knobs:
    """Who signs in, and what the provider does wrong."""

    claims: dict[str, Any] = field(default_factory=dict)
    """Of the ID token, and instead of right ones; also what it says of the user."""
    userinfo: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    callback: dict[str, str] = field(default_factory=dict)
    """Parameters that come back besides, or instead."""
    answers: dict[str, Response] = field(default_factory=dict)
    """What a path answers, whatever it is asked."""
    signs_with_another_key: bool = False
    algorithm: str = "RS256"
    denies: bool = False


class KnownClient(ClientMixin):  # type: ignore[misc]
    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri.endswith("/sign-in/with/oidc/callback")

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method, endpoint) == ("client_secret_basic", "token")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):  # type: ignore[misc]
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> None:
        return None

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Asked(OAuth2Request):  # type: ignore[misc]
    """A request as Authlib's server side reads it. Over plain http on loopback, which it would refuse."""

    def __init__(self, request: Request, body: bytes) -> None:
        super().__init__(request.method, str(request.url).replace("http://", "https://", 1), headers=request.headers)
        self._sent = dict(parse_qsl(body.decode()))
        self.payload = BasicOAuth2Payload(dict(request.query_params) | self._sent)

    @property
    def args(self) -> dict[str, Any]:
        return dict(self.payload.data)

    @property
    def form(self) -> dict[str, str]:
        return self._sent


class Issuing(AuthorizationServer):  # type: ignore[misc]
    def query_client(self, client_id: str) -> KnownClient | None:
        return KnownClient() if client_id == CLIENT_ID else None

    def save_token(self, token: dict[str, Any], request: Asked) -> None:
        pass

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        pass

    def create_oauth2_request(self, request: Asked) -> Asked:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        if isinstance(body, dict):
            return JSONResponse(body, status, dict(headers))
        return Response(body, status, dict(headers))


class OnLoopback:
    """An application in a thread; what `knobs` says answers before it."""

    def __init__(self) -> None:
        self.knobs = Knobs()
        self.asked: list[str] = []
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._app: ASGIApp = Starlette(routes=self.routes())

    def routes(self) -> list[Route]:
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        await self.knobs.answers.get(scope["path"], self._app)(scope, receive, send)

    @contextmanager
    def running(self) -> Iterator[Self]:
        server = uvicorn.Server(uvicorn.Config(self, log_config=None, lifespan="off", loop="asyncio", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.should_exit = True
            thread.join(10)

    async def answer(self, address: str) -> str:
        """Go where the browser is sent, agree, and answer where it is sent back to."""
        async with httpx2.AsyncClient() as web:
            back = await web.get(address)
        assert back.status_code in {302, 303, 307}, back.text
        return back.headers["location"]


class OpenIDServer(OnLoopback):
    """The OpenID provider."""

    def __init__(self) -> None:
        super().__init__()
        self.key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"}, private=True)
        self.other_key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"}, private=True)
        self.codes: dict[str, Code] = {}
        self._issuing = Issuing()
        self._issuing.register_token_generator("default", BearerTokenGenerator(lambda **_: "an-access-token"))
        self._issuing.register_grant(_grant_of(self), [CodeChallenge(required=True), _id_tokens_of(self)])

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/openid-configuration", self._discovery),
            Route("/keys", self._keys),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
            Route("/userinfo", self._userinfo),
        ]

    async def _discovery(self, _request: Request) -> Response:
        metadata = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "authorization_response_iss_parameter_supported": True,
        }
        return JSONResponse(metadata | self.knobs.metadata)

    async def _keys(self, _request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def _authorize(self, request: Request) -> Response:
        asked = Asked(request, b"")
        if self.knobs.denies:
            back: str = f"{asked.args['redirect_uri']}?error=access_denied&state={asked.args['state']}"
            return RedirectResponse(back, status_code=302)
        try:
            grant = self._issuing.get_consent_grant(asked, end_user="somebody")
        except OAuth2Error as error:
            return JSONResponse(dict(error.get_body()), 400)
        response: Response = self._issuing.create_authorization_response(asked, grant_user="somebody", grant=grant)
        address, _, query = response.headers["location"].partition("?")
        sent = dict(parse_qsl(query)) | {"iss": self.url} | self.knobs.callback
        return RedirectResponse(f"{address}?{urlencode(sent)}", status_code=302)

    async def _token(self, request: Request) -> Response:
        response: Response = self._issuing.create_token_response(Asked(request, await request.body()))
        return response

    async def _userinfo(self, request: Request) -> Response:
        if request.headers["authorization"] != "Bearer an-access-token":
            return JSONResponse({"error": "invalid_token"}, 401)
        return JSONResponse(self.knobs.userinfo)


def _grant_of(provider: OpenIDServer) -> type[AuthorizationCodeGrant]:
    class Grant(AuthorizationCodeGrant):  # type: ignore[misc]
        def save_authorization_code(self, code: str, request: Asked) -> None:
            sent = request.payload.data
            kept = ("redirect_uri", "scope", "nonce", "code_challenge", "code_challenge_method")
            provider.codes[code] = Code(**{name: sent[name] for name in kept})

        def query_authorization_code(self, code: str, client: KnownClient) -> Code | None:
            return provider.codes.pop(code, None)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            pass

        def authenticate_user(self, authorization_code: Code) -> str:
            return "somebody"

    return Grant


def _id_tokens_of(provider: OpenIDServer) -> OpenIDCode:
    class IDTokens(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, request: Asked) -> bool:
            return False

        def resolve_client_private_key(self, client: KnownClient) -> Any:
            return provider.other_key if provider.knobs.signs_with_another_key else provider.key

        def get_client_algorithm(self, client: KnownClient) -> str:
            return provider.knobs.algorithm

        def get_encode_header(self, client: KnownClient) -> dict[str, str]:
            return {"alg": provider.knobs.algorithm, "kid": str(provider.key.kid)}

        def get_client_claims(self, client: KnownClient) -> dict[str, Any]:
            return {"iss": provider.url, "aud": [CLIENT_ID]}

        def generate_user_info(self, user: str, scope: str) -> dict[str, Any]:
            return provider.knobs.claims

    return IDTokens(require_nonce=True)
