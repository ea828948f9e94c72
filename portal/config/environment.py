"""What an operator may set, read and checked in one place.

Every value comes from the environment. What is wrong is refused with one
sentence that names the variable; nothing is guessed in its stead.
"""

from __future__ import annotations

import json
import os
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

CHECKOUT = Path(__file__).resolve().parents[2]
SECRET_KEY_LENGTH_MIN = 32
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
TRUE_WORDS = frozenset({"1", "on", "true", "yes"})
FALSE_WORDS = frozenset({"0", "off", "false", "no"})
_HOUR_RATE = re.compile(r"([a-z_]{1,40})\s*=\s*(\d{1,6}(?:\.\d{1,2})?)\s+([A-Z]{3})")
PROCESSES = ("web", "worker", "beat", "command")


class EnvironmentRefused(Exception):
    """A variable is missing or wrong; the message is for the operator."""


@dataclass(frozen=True)
class DatabaseAddress:
    """Where a database is, as Django wants to hear it."""

    name: str
    user: str
    password: str
    host: str
    port: str
    options: dict[str, str]


@dataclass(frozen=True)
class Environment:
    """Everything that the settings take from outside."""

    data_dir: Path
    database: DatabaseAddress
    database_owner: DatabaseAddress
    broker_url: str
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    redaction_keys: tuple[str, ...]
    is_debug: bool
    public_url: str
    allowed_hosts: tuple[str, ...]
    time_zone: str
    hour_rates: dict[str, tuple[Decimal, str]]
    process: str
    static_root: Path | None
    metrics_token: str
    is_behind_proxy: bool
    pool_size_max: int
    statement_timeout_seconds: int | None
    undo_seconds: int
    irreversible_seconds: int | None
    webhook_private_hosts: tuple[str, ...]
    mailer: dict[str, Any]
    email_from: str

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")


def data_dir_of(environ: Mapping[str, str]) -> Path:
    """This will say where the portal keeps its data on this machine."""
    named = environ.get("COUNTERSIGN_DATA_DIR", "").strip()
    return Path(named).expanduser().absolute() if named else CHECKOUT / ".data"


def read_environment(environ: Mapping[str, str]) -> Environment:
    """This will return the checked environment.

    Raises EnvironmentRefused. Reads at most two small files of the data folder.
    """
    data_dir = data_dir_of(environ)
    running = _read_json(data_dir / "runtime.json")
    database_url = environ.get("DATABASE_URL") or running.get("database_url")
    owner_url = environ.get("DATABASE_OWNER_URL") or (
        database_url if environ.get("DATABASE_URL") else running.get("owner_url")
    )
    # Without a portal that runs, settings still import (for `check`, for types);
    # the address then leads nowhere, and says so when it is used.
    nowhere = f"postgresql://countersign_app@/countersign?host={data_dir}/stopped"
    public_url = _public_url(environ, running)
    process = _process(environ)
    return Environment(
        data_dir=data_dir,
        database=parse_database_url("DATABASE_URL", database_url or nowhere),
        database_owner=parse_database_url("DATABASE_OWNER_URL", owner_url or nowhere),
        broker_url=_broker_url(environ, running, data_dir),
        secret_key=_secret_key(environ, data_dir),
        secret_key_fallbacks=_list(environ, "SECRET_KEY_FALLBACKS"),
        redaction_keys=_redaction_keys(environ, data_dir),
        is_debug=_switch(environ, "DEBUG"),
        public_url=public_url,
        allowed_hosts=_allowed_hosts(environ, public_url),
        time_zone=_time_zone(environ),
        hour_rates=_hour_rates(environ),
        process=process,
        static_root=_static_root(environ),
        metrics_token=environ.get("METRICS_TOKEN", ""),
        is_behind_proxy=_switch(environ, "BEHIND_PROXY"),
        pool_size_max=_whole_number(environ, "DATABASE_POOL_SIZE", 16, least=0),
        statement_timeout_seconds={"web": 30, "worker": 300}.get(process),
        undo_seconds=_whole_number(environ, "APPROVALS_UNDO_SECONDS", 10, least=0),
        irreversible_seconds=_whole_number(
            environ, "APPROVALS_IRREVERSIBLE_SECONDS", None, least=0
        ),
        webhook_private_hosts=_list(environ, "COUNTERSIGN_WEBHOOK_PRIVATE_HOSTS"),
        mailer=_mailer(environ, data_dir),
        email_from=environ.get("EMAIL_FROM", "").strip()
        or f"Countersign <countersign@{urlsplit(public_url).hostname}>",
    )


def parse_database_url(variable: str, url: str) -> DatabaseAddress:
    """This will take a postgresql:// URL apart; `?host=` may name a socket folder."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EnvironmentRefused(f"{variable} is not a URL: {error}.") from error
    if parts.scheme not in {"postgres", "postgresql"}:
        raise EnvironmentRefused(
            f"{variable} must start with postgresql://, not {parts.scheme or 'nothing'}"
            "; Countersign runs on PostgreSQL 16 or newer only."
        )
    options = dict(parse_qsl(parts.query))
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise EnvironmentRefused(
            f"{variable} names no database; write postgresql://user:password@host/name."
        )
    host = options.pop("host", "") or (parts.hostname or "")
    return DatabaseAddress(
        name=name,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        host=host,
        port=options.pop("port", "") or str(port or ""),
        options=options,
    )


def _broker_url(
    environ: Mapping[str, str], running: Mapping[str, str], data_dir: Path
) -> str:
    url = environ.get("BROKER_URL") or running.get("broker_url")
    if not url:
        return f"unix://{data_dir}/stopped/valkey.sock"
    if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
        raise EnvironmentRefused(
            "BROKER_URL must start with redis://, rediss:// or unix://; Valkey and "
            "Redis are the brokers that Countersign knows."
        )
    return url


def _mailer(environ: Mapping[str, str], data_dir: Path) -> dict[str, Any]:
    """This will say how e-mail is sent; without EMAIL_URL it is kept as files."""
    url = environ.get("EMAIL_URL", "").strip()
    backends = "django.core.mail.backends"
    if not url:
        return {
            "BACKEND": f"{backends}.filebased.EmailBackend",
            "OPTIONS": {"file_path": str(data_dir / "mail")},
        }
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EnvironmentRefused(f"EMAIL_URL is not a URL: {error}.") from error
    if parts.scheme not in {"smtp", "smtp+tls", "smtps"} or not parts.hostname:
        raise EnvironmentRefused(
            "EMAIL_URL must look like smtp+tls://user:password@host:587; smtps:// is"
            " encrypted from the first byte, smtp:// is not encrypted."
        )
    return {
        "BACKEND": f"{backends}.smtp.EmailBackend",
        "OPTIONS": {
            "host": parts.hostname,
            "port": port or {"smtp": 25, "smtp+tls": 587, "smtps": 465}[parts.scheme],
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_tls": parts.scheme == "smtp+tls",
            "use_ssl": parts.scheme == "smtps",
            "timeout": 15,
        },
    }


def _secret_key(environ: Mapping[str, str], data_dir: Path) -> str:
    given = environ.get("SECRET_KEY")
    key = given or _read_json(data_dir / "secrets.json").get("secret_key", "")
    if not key:
        raise EnvironmentRefused(
            "SECRET_KEY is not set; give it at least "
            f"{SECRET_KEY_LENGTH_MIN} random characters and keep it secret."
        )
    if len(key) < SECRET_KEY_LENGTH_MIN:
        raise EnvironmentRefused(
            f"SECRET_KEY is too short: it has {len(key)} characters and needs "
            f"{SECRET_KEY_LENGTH_MIN}."
        )
    return key


def _redaction_keys(environ: Mapping[str, str], data_dir: Path) -> tuple[str, ...]:
    """Read the keys that seal what is hidden, newest first; else the portal's secrets."""
    given = _list(environ, "REDACTION_KEYS")
    for key in given:
        if len(key) < SECRET_KEY_LENGTH_MIN:
            raise EnvironmentRefused(
                f"A key of REDACTION_KEYS is too short: it has {len(key)} characters and"
                f" needs {SECRET_KEY_LENGTH_MIN}."
            )
    return given or (
        _secret_key(environ, data_dir),
        *_list(environ, "SECRET_KEY_FALLBACKS"),
    )


def _public_url(environ: Mapping[str, str], running: Mapping[str, str]) -> str:
    url = (
        environ.get("PUBLIC_URL")
        or running.get("public_url")
        or "http://127.0.0.1:8000"
    ).rstrip("/")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise EnvironmentRefused(f"PUBLIC_URL is not a URL: {error}.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
        raise EnvironmentRefused(
            "PUBLIC_URL must be the address people type, without a path, like "
            "https://countersign.example.com."
        )
    return url


def _allowed_hosts(environ: Mapping[str, str], public_url: str) -> tuple[str, ...]:
    named = _list(environ, "ALLOWED_HOSTS")
    if "*" in named:
        raise EnvironmentRefused(
            "ALLOWED_HOSTS must name the hosts; * would let anyone choose the "
            "address that links are made from."
        )
    host = urlsplit(public_url).hostname or ""
    own = f"[{host}]" if ":" in host else host
    loopback = LOOPBACK_HOSTS if own in LOOPBACK_HOSTS else ()
    return tuple(dict.fromkeys((*named, own, *loopback)))


def _time_zone(environ: Mapping[str, str]) -> str:
    name = environ.get("COUNTERSIGN_TIME_ZONE", "") or "UTC"
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise EnvironmentRefused(
            f"COUNTERSIGN_TIME_ZONE names no time zone: {name!r}; "
            "write it like Europe/Berlin."
        ) from error
    return name


def _hour_rates(environ: Mapping[str, str]) -> dict[str, tuple[Decimal, str]]:
    """Read what an hour of each role costs: "reviewer=45.00 EUR, assessor=60 EUR"."""
    rates = {}
    for part in environ.get("COUNTERSIGN_HOUR_RATES", "").split(","):
        if not part.strip():
            continue
        found = _HOUR_RATE.fullmatch(part.strip())
        if found is None:
            raise EnvironmentRefused(
                f"COUNTERSIGN_HOUR_RATES is wrong at {part.strip()!r}; "
                "write it like reviewer=45.00 EUR, escalation_owner=80 EUR."
            )
        role, value, currency = found.groups()
        rates[role] = (Decimal(value), currency)
    return rates


def _static_root(environ: Mapping[str, str]) -> Path | None:
    named = environ.get("STATIC_ROOT", "")
    return Path(named) if named else None


def _process(environ: Mapping[str, str]) -> str:
    name = environ.get("COUNTERSIGN_PROCESS", "") or "command"
    if name not in PROCESSES:
        raise EnvironmentRefused(
            f"COUNTERSIGN_PROCESS must be one of {', '.join(PROCESSES)}, not {name!r}."
        )
    return name


def _switch(environ: Mapping[str, str], variable: str) -> bool:
    word = environ.get(variable, "").strip().lower()
    if word in TRUE_WORDS:
        return True
    if not word or word in FALSE_WORDS:
        return False
    raise EnvironmentRefused(f"{variable} must be on or off, not {word!r}.")


def _whole_number[Default: (int, None)](
    environ: Mapping[str, str], variable: str, default: Default, *, least: int
) -> int | Default:
    word = environ.get(variable, "").strip()
    if not word:
        return default
    if not word.isdecimal() or int(word) < least:
        raise EnvironmentRefused(
            f"{variable} must be a whole number of at least {least}, not {word!r}."
        )
    return int(word)


def _list(environ: Mapping[str, str], variable: str) -> tuple[str, ...]:
    return tuple(
        part.strip() for part in environ.get(variable, "").split(",") if part.strip()
    )


def _read_json(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def current() -> Environment:
    """This will read the environment of this process."""
    return read_environment(os.environ)
