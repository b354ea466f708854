"""Who else can say who somebody is: providers that owners sign in with.

asking.py     what a provider is, and how it is asked     openid.py   any OpenID provider, Google too
github.py     GitHub, which speaks OAuth 2 alone
"""

from __future__ import annotations

from signalbox.config import Settings
from signalbox.edge.admin.providers.asking import Provider
from signalbox.edge.admin.providers.github import GitHub
from signalbox.edge.admin.providers.openid import OpenID

__all__ = ["GitHub", "OpenID", "Provider", "providers_of"]

GOOGLE = "https://accounts.google.com"  # documents no way of asking for a fresh sign-in, nor when the last one was


def providers_of(settings: Settings) -> dict[str, Provider]:
    """Make the providers that are set up, by the key that paths and the database know them by."""
    found: list[Provider] = []
    if settings.oidc_issuer and settings.oidc_client_id and settings.oidc_client_secret:
        own = (settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret)
        found.append(OpenID("oidc", settings.oidc_name, *own, says_when=settings.oidc_issuer != GOOGLE))
    if settings.google_client_id and settings.google_client_secret:
        own = (GOOGLE, settings.google_client_id, settings.google_client_secret)
        found.append(OpenID("google", "Google", *own, says_when=False))
    if settings.github_client_id and settings.github_client_secret:
        found.append(GitHub(settings.github_client_id, settings.github_client_secret))
    return {provider.key: provider for provider in found}
