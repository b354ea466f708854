"""Any OpenID provider, found by its issuer: discovery, the code flow with PKCE, and an ID token that is proved."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from pydantic import BaseModel

from signalbox.config import DISCOVERY
from signalbox.domain.identities import SUBJECT_LENGTH_MAX, Begun, Flow, Identity
from signalbox.domain.owners import EMAIL
from signalbox.edge.admin.providers.asking import AskingClient, asking, not_verified

SCOPE: Final = "openid email"
ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
CLOCKS_APART_SECONDS_MAX: Final = 60
KEPT_SECONDS: Final = 3600
PROVED_SECONDS_MAX: Final = 30 * 86_400  # who is asked for a bound has to say when it was (Core, section 3.1.2.1)


class Metadata(BaseModel):
    """What a provider says of itself, as far as it matters here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    authorization_response_iss_parameter_supported: bool = False


class OpenID:
    """One OpenID provider. What it says of itself, and its keys, are kept for an hour; any worker finds them itself.

    One that `says_when` somebody proved who they are is asked for it, and to let them prove it again.
    """

    def __init__(
        self, key: str, name: str, issuer: str, client_id: str, client_secret: str, *, says_when: bool = True
    ) -> None:
        self.key = key
        self.name = name
        self._issuer = issuer
        self._says_when = says_when
        self._client_id = client_id
        self._client_secret = client_secret
        self._tls = ssl.create_default_context()
        self._metadata: Metadata | None = None
        self._metadata_until = 0.0
        self._keys: KeySet | None = None
        self._keys_until = 0.0

    async def address(self, begun: Begun, redirect_uri: str, *, again: bool) -> str:
        """Answer where the browser goes to sign in."""
        freshness: dict[str, Any] = {"prompt": "login", "max_age": 0} if again else {"max_age": PROVED_SECONDS_MAX}
        async with asking(self.name), self._client(redirect_uri) as client:
            metadata = await self._discover(client)
            url, _state = client.create_authorization_url(
                metadata.authorization_endpoint,
                begun.state,
                begun.code_verifier,
                nonce=begun.nonce,
                **(freshness if self._says_when else {}),
            )
            return str(url)

    async def prove(self, flow: Flow, code: str, issuer: str | None, redirect_uri: str) -> Identity:
        """Fetch the ID token, and answer whom it proves."""
        async with asking(self.name), self._client(redirect_uri) as client:
            metadata = await self._discover(client)
            _require_issuer(metadata, issuer)
            if "client_secret_basic" not in metadata.token_endpoint_auth_methods_supported:
                client.token_endpoint_auth_method = "client_secret_post"  # noqa: S105 - the method's name
            token = await client.fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=flow.code_verifier,
                redirect_uri=redirect_uri,
            )
            claims = await self._claims(client, metadata, token, flow.nonce)
            subject, proved_at = claims["sub"], _moment(claims.get("auth_time"))
            if not {"email", "email_verified"} <= claims.keys() and metadata.userinfo_endpoint is not None:
                claims = await client.read(metadata.userinfo_endpoint, as_client=True)
                if claims["sub"] != subject:
                    raise ValueError("the user info is about somebody else")
        return self._identity(subject, claims, proved_at)

    def _client(self, redirect_uri: str) -> AskingClient:
        return AskingClient(self._client_id, self._client_secret, redirect_uri, SCOPE, self._tls)

    def _identity(self, subject: str, claims: dict[str, Any], proved_at: datetime | None) -> Identity:
        email = claims.get("email")
        verified = claims.get("email_verified")
        is_verified = verified is True or verified == "true"  # some providers write the truth as a word
        if not is_verified or not isinstance(email, str) or EMAIL.fullmatch(email) is None:
            raise not_verified(self.name)
        return Identity(self.key, subject, email, proved_at)

    async def _discover(self, client: AskingClient) -> Metadata:
        if self._metadata is None or time.monotonic() > self._metadata_until:
            found = Metadata.model_validate(await client.read(self._issuer + DISCOVERY))
            _require_whole(found, self._issuer)
            self._metadata, self._metadata_until = found, time.monotonic() + KEPT_SECONDS
        return self._metadata

    async def _claims(self, client: AskingClient, metadata: Metadata, token: Any, nonce: str) -> dict[str, Any]:
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        keys, are_new = await self._key_set(client, metadata)
        try:
            proved = jwt.decode(token["id_token"], keys, registry=registry)
        except InvalidKeyIdError:
            if are_new:
                raise
            self._keys = None  # the provider has changed its keys
            keys, _ = await self._key_set(client, metadata)
            proved = jwt.decode(token["id_token"], keys, registry=registry)
        claims = CodeIDToken(
            proved.claims,
            proved.header,
            {
                "iss": {"essential": True, "value": metadata.issuer},
                "aud": {"essential": True, "value": self._client_id},
            },
            {"nonce": nonce, "client_id": self._client_id, "access_token": token.get("access_token")},
        )
        claims.validate(leeway=CLOCKS_APART_SECONDS_MAX)
        if not 0 < len(claims["sub"]) <= SUBJECT_LENGTH_MAX:
            raise ValueError("the subject is empty or too long")
        return dict(claims)

    async def _key_set(self, client: AskingClient, metadata: Metadata) -> tuple[KeySet, bool]:
        """Answer the provider's keys, and whether they are fresh."""
        if self._keys is not None and time.monotonic() < self._keys_until:
            return self._keys, False
        self._keys = KeySet.import_key_set(await client.read(metadata.jwks_uri))
        self._keys_until = time.monotonic() + KEPT_SECONDS
        return self._keys, True


def _moment(auth_time: float | None) -> datetime | None:
    """Read when somebody proved to the provider who they are, if it says so."""
    if auth_time is None:
        return None
    if not 0 <= auth_time <= time.time() + CLOCKS_APART_SECONDS_MAX:
        raise ValueError("the time of the sign-in is none, or has yet to come")
    return datetime.fromtimestamp(auth_time, UTC)


def _require_whole(found: Metadata, issuer: str) -> None:
    """See that a provider speaks of itself, and nowhere over plain http where it is not itself reached so."""
    if found.issuer.rstrip("/") != issuer:
        raise ValueError(f"the issuer calls itself {found.issuer}")
    addresses = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint)
    scheme = issuer.partition("://")[0]
    if not all(address is None or address.startswith(("https://", f"{scheme}://")) for address in addresses):
        raise ValueError("an address of the provider is not https")


def _require_issuer(metadata: Metadata, issuer: str | None) -> None:
    """See that an answer comes from the provider that was asked (RFC 9207): another one must not slip in its code."""
    is_needed = metadata.authorization_response_iss_parameter_supported
    if issuer != metadata.issuer and (is_needed or issuer is not None):
        raise ValueError(f"the answer says that it comes from {issuer}")
