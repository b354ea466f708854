"""GitHub: OAuth 2, the user's number, and the primary email if it is verified."""

from __future__ import annotations

import ssl
from typing import Final

from pydantic import BaseModel, TypeAdapter

from signalbox.domain.identities import Begun, Flow, Identity
from signalbox.domain.owners import EMAIL
from signalbox.edge.admin.providers.asking import AskingClient, asking, not_verified

SCOPE: Final = "read:user user:email"


class User(BaseModel):
    """A user; the number stays when the name changes."""

    id: int


class Email(BaseModel):
    """One of a user's emails."""

    email: str
    primary: bool
    verified: bool


EMAILS: Final = TypeAdapter(list[Email])


class GitHub:
    """GitHub. `web` and `api` are other addresses in tests only."""

    key = "github"
    name = "GitHub"

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        web: str = "https://github.com",
        api: str = "https://api.github.com",
    ) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._web = web
        self._api = api
        self._tls = ssl.create_default_context()

    async def address(self, begun: Begun, redirect_uri: str, *, again: bool) -> str:  # noqa: ARG002 - it cannot be asked
        """Answer where the browser goes to sign in."""
        async with self._client(redirect_uri) as client:
            url, _state = client.create_authorization_url(
                f"{self._web}/login/oauth/authorize", begun.state, begun.code_verifier
            )
            return str(url)

    async def prove(self, flow: Flow, code: str, issuer: str | None, redirect_uri: str) -> Identity:
        """Fetch a token, ask with it who the user is, and forget it."""
        async with asking(self.name), self._client(redirect_uri) as client:
            if issuer not in (None, f"{self._web}/login/oauth"):
                raise ValueError(f"the answer says that it comes from {issuer}")
            await client.fetch_token(
                f"{self._web}/login/oauth/access_token",
                grant_type="authorization_code",
                code=code,
                code_verifier=flow.code_verifier,
                redirect_uri=redirect_uri,
            )
            user = User.model_validate(await client.read(f"{self._api}/user", as_client=True))
            emails = EMAILS.validate_python(await client.read(f"{self._api}/user/emails", as_client=True))
        found = [one.email for one in emails if one.primary and one.verified and EMAIL.fullmatch(one.email)]
        if not found:
            raise not_verified(self.name)
        return Identity(self.key, str(user.id), found[0])

    def _client(self, redirect_uri: str) -> AskingClient:
        client = AskingClient(self._client_id, self._client_secret, redirect_uri, SCOPE, self._tls)
        client.token_endpoint_auth_method = "client_secret_post"  # noqa: S105 - the method's name
        return client
