"""Settings: one field per environment variable, read once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

PREFIX = "SIGNALBOX_"
UNPREFIXED = {"database_url": "DATABASE_URL"}
SECRETS = frozenset({"database_url", "token"})


class ConfigError(Exception):
    """The environment names a setting that does not exist, or gives one a value it cannot have."""


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _without_slash(value: str) -> str:
    return value.rstrip("/")


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+"), AfterValidator(_without_slash)]


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
    pool_connections: int = Field(10, ge=2, le=200, description="Database connections per worker, at most.")
    pool_wait_seconds: float = Field(20.0, gt=0, le=60, description="Wait for a free connection, at most.")
    queued_writes_max: int = Field(10_000, ge=1, le=100_000, description="Writes of one project waiting per worker.")
    request_bytes_max: int = Field(1_048_576, ge=65_536, le=16_777_216, description="Size of a request body.")
    join_per_minute: int = Field(20, ge=1, le=10_000, description="Tries to redeem an invite per address and worker.")
    session_idle_hours: int = Field(168, ge=1, le=8760, description="A sign-in unused for so long ends.")
    session_hours_max: int = Field(720, ge=1, le=8760, description="A sign-in ends after so long, used or not.")
    recent_sign_in_minutes: int = Field(60, ge=1, le=1440, description="Minting secrets asks for so fresh a sign-in.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    log_format: Literal["text", "json"] = Field("text", description="How a log line looks.")
    url: Url = Field("http://127.0.0.1:8787", description="For commands that call a server: where it is.")
    token: str | None = Field(None, description="For commands that call a server, and stdio: the bearer token.")

    @property
    def base_url(self) -> str:
        """How clients reach the server: its public URL, else the address it listens on."""
        if self.public_url is not None:
            return self.public_url
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host and "[" not in host else f"http://{host}:{self.port}"


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
        elif name.startswith(PREFIX):
            raise ConfigError(f"unknown setting {name}: SELFHOSTING.md lists those there are")
    values |= {field: value for field, value in given.items() if value is not None}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ConfigError(f"{variable(str(first['loc'][0]))}: {first['msg']}") from None


def _read(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{name}: cannot read {path}: {error.strerror}") from error
