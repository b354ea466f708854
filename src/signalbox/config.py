"""Settings: one field per environment variable, read once."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

PREFIX = "SIGNALBOX_"
UNPREFIXED = {"database_url": "DATABASE_URL"}
SECRETS = frozenset(
    {
        "database_url",
        "token",
        "oidc_client_secret",
        "google_client_secret",
        "github_client_secret",
        "proxy_auth_secret",
        "smtp_url",
    }
)
DISCOVERY = "/.well-known/openid-configuration"
TOGETHER = (
    ("oidc_issuer", "oidc_client_id", "oidc_client_secret"),
    ("google_client_id", "google_client_secret"),
    ("github_client_id", "github_client_secret"),
    ("proxy_auth_header", "proxy_auth_secret", "trusted_proxies"),
    ("smtp_url", "mail_from"),
)


class ConfigError(Exception):
    """The environment names a setting that does not exist, or gives one a value it cannot have."""


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _without_slash(value: str) -> str:
    return value.rstrip("/")


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError("an issuer is an https:// address: its keys travel unprotected otherwise")
    return value.removesuffix(DISCOVERY).rstrip("/")


def _mail_server(value: str) -> str:
    """See that a mail server's address is whole; a password goes over TLS, or not over a network."""
    parts = urlsplit(value)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path.strip("/"):
        raise ValueError("smtp://user:password@host:587?starttls=required, or smtps://user:password@host:465")
    starttls = parse_qs(parts.query, keep_blank_values=True)
    if starttls not in ({}, {"starttls": ["required"]}, {"starttls": ["never"]}):
        raise ValueError("after the ? there may be starttls=required (as without it) or starttls=never")
    if parts.scheme == "smtp" and "never" in parts.query and parts.password and not is_loopback(parts.hostname):
        raise ValueError("with starttls=never the password would cross the network as it is")
    return value


def _lowered(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower().removeprefix("@") for name in value)


READ_BY_HOOKS: Final = frozenset({"SIGNALBOX_OVERRIDE"})  # of the kit: not a setting


def is_loopback(host: str) -> bool:
    """Say whether a host's name or address is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+"), AfterValidator(_without_slash)]
Issuer = Annotated[str, Field(pattern=r"^https?://[^\s/]+[^\s?#]*$"), AfterValidator(_issuer)]
MailServer = Annotated[str, AfterValidator(_mail_server)]
Filled = Annotated[str, Field(min_length=1, max_length=2000)]


class Settings(BaseModel):
    """Everything that can be set. `SIGNALBOX_<FIELD>` sets a field; `SIGNALBOX_<FIELD>_FILE` names a file with it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: str | None = Field(None, description="PostgreSQL 15 or later; without it the embedded one is used.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8787, ge=0, le=65535, description="Port to listen on.")
    data_dir: Path | None = Field(None, description="Where the embedded PostgreSQL keeps its data.")
    pg_bin: Path | None = Field(None, description="Directory of the PostgreSQL programs the embedded server runs.")
    workers: int = Field(1, ge=1, le=64, description="Server processes.")
    public_url: Url | None = Field(None, description="How clients reach the server; its host is allowed.")
    allowed_hosts: Names = Field((), description="Further names clients may call the server by, comma-separated.")
    allowed_origins: Names = Field((), description="Origins of pages that may call it, comma-separated.")
    trusted_proxies: Names = Field((), description="Proxies whose X-Forwarded-* headers count, comma-separated.")
    pool_connections: int = Field(10, ge=2, le=200, description="Database connections per worker, beside one.")
    pool_wait_seconds: float = Field(20.0, gt=0, le=60, description="Wait for a free connection, at most.")
    queued_writes_max: int = Field(10_000, ge=1, le=100_000, description="Writes of one project waiting per worker.")
    waits_max: int = Field(4096, ge=1, le=100_000, description="Calls that wait, per worker.")
    waits_per_participant_max: int = Field(16, ge=1, le=1000, description="Of one participant, per worker.")
    request_bytes_max: int = Field(1_048_576, ge=65_536, le=16_777_216, description="Size of a request body.")
    task_silence_minutes: int = Field(
        240, ge=0, le=43_200, description="Tasks of an agent that is silent for longer are open again; 0: never."
    )
    lease_renew_seconds: int = Field(
        0, ge=0, le=86_400, description="Leases about to end are renewed if their holder called within; 0: never."
    )
    join_per_minute: int = Field(20, ge=1, le=10_000, description="Tries to redeem an invite per address and worker.")
    session_idle_hours: int = Field(168, ge=1, le=8760, description="A sign-in unused for so long ends.")
    session_hours_max: int = Field(720, ge=1, le=8760, description="A sign-in ends after so long, used or not.")
    recent_sign_in_minutes: int = Field(60, ge=1, le=1440, description="Minting secrets asks for so fresh a sign-in.")
    sign_up: Literal["closed", "open", "domains"] = Field(
        "closed", description="Who may make an account by signing in."
    )
    sign_up_domains: Annotated[Names, AfterValidator(_lowered)] = Field((), description="Domains of emails that may.")
    oidc_issuer: Issuer | None = Field(None, description="OpenID provider: its issuer, or discovery address.")
    oidc_client_id: Filled | None = Field(None, description="What the provider knows this server as.")
    oidc_client_secret: Filled | None = Field(None, description="The provider's secret for this server.")
    oidc_name: Annotated[str, Field(min_length=1, max_length=60)] = Field("OpenID", description="Its name on pages.")
    google_client_id: Filled | None = Field(None, description="What Google knows this server as.")
    google_client_secret: Filled | None = Field(None, description="Google's secret for this server.")
    github_client_id: Filled | None = Field(None, description="What GitHub knows this server as.")
    github_client_secret: Filled | None = Field(None, description="GitHub's secret for this server.")
    proxy_auth_header: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")] | None = Field(
        None, description="Header in which a proxy of trusted_proxies says the email of who is signed in."
    )
    proxy_auth_secret: Annotated[str, Field(pattern=r"^[\x21-\x7e]{16,200}$")] | None = Field(
        None, description="What that proxy sends along as X-Signalbox-Proxy-Secret."
    )
    smtp_url: MailServer | None = Field(None, description="Server that takes mail.")
    mail_from: Annotated[str, Field(pattern=r"^[^\s@<>,;:\"()]{1,64}@[^\s@<>,;:\"()]{1,255}$")] | None = Field(
        None, description="Address that mail comes from."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    log_format: Literal["text", "json"] = Field("text", description="How a log line looks.")
    url: Url = Field("http://127.0.0.1:8787", description="For commands that call a server: where it is.")
    token: str | None = Field(None, description="For commands that call a server, and stdio: the bearer token.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        """Refuse a way to sign in that is set up by halves."""
        for fields in TOGETHER:
            missing = [variable(name) for name in fields if not getattr(self, name)]
            own = [name for name in fields if name != "trusted_proxies" and getattr(self, name)]
            if own and missing:
                raise ValueError(f"{variable(own[0])} needs {' and '.join(missing)} too")
        if self.proxy_auth_header is not None:
            _see_addresses(self.trusted_proxies)
        if (self.sign_up == "domains") != bool(self.sign_up_domains):
            raise ValueError("SIGNALBOX_SIGN_UP=domains and SIGNALBOX_SIGN_UP_DOMAINS go together")
        return self

    @property
    def base_url(self) -> str:
        """How clients reach the server: its public URL, else the address it listens on."""
        if self.public_url is not None:
            return self.public_url
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host and "[" not in host else f"http://{host}:{self.port}"


def _see_addresses(proxies: tuple[str, ...]) -> None:
    for proxy in proxies:
        try:
            ip_network(proxy)
        except ValueError:
            raise ValueError(
                f"SIGNALBOX_PROXY_AUTH_HEADER needs addresses or networks in SIGNALBOX_TRUSTED_PROXIES, not {proxy!r}"
            ) from None


def variable(field: str) -> str:
    """Name the environment variable of a field."""
    return UNPREFIXED.get(field, PREFIX + field.upper())


def load_settings(environ: Mapping[str, str], **given: Any) -> Settings:
    """Read the settings from the environment; what is `given` (command-line flags) and not None wins.

    Raises:
        ConfigError: an unknown `SIGNALBOX_*` variable, a file that cannot be read, a value that does not fit.
    """
    fields = {variable(field): field for field in Settings.model_fields}
    values: dict[str, Any] = {}
    for name, value in environ.items():
        base = name.removesuffix("_FILE")
        if name in fields:
            values[fields[name]] = value
        elif base in fields and name != base:
            values.setdefault(fields[base], _read(name, value))
        elif name.startswith(PREFIX) and name not in READ_BY_HOOKS:
            raise ConfigError(f"unknown setting {name}: SELFHOSTING.md lists those there are")
    values |= {field: value for field, value in given.items() if value is not None}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = f"{variable(str(first['loc'][0]))}: " if first["loc"] else ""
        raise ConfigError(name + first["msg"].removeprefix("Value error, ")) from None


def _read(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{name}: cannot read {path}: {error.strerror}") from error
