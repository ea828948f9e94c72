"""Reads the compose file and the Dockerfile as the engine would."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
DEPLOY = CHECKOUT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PORTAL = ("migrate", "web", "worker", "beat")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
INTERPOLATED = re.compile(r"\$\{([A-Z_]+)(?::([?-])([^}]*))?\}")
# Where a variable of the portal's may be read.
READERS = (
    "portal/config/environment.py",
    "portal/config/settings.py",
    "portal/config/gunicorn.py",
    "portal/config/metrics.py",
    "portal/core/services/bootstrap.py",
)
KEPT = ("PYTHONPYCACHEPREFIX",)
FILLED_IN = {
    "COUNTERSIGN_RELEASE": "test",
    "PUBLIC_URL": "https://countersign.example.com",
    "SECRET_KEY": "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3-0aB1cD2eF3gH4iJ5",
    "REDACTION_KEYS": "5tR6eD7aC8tI9oN0kE1yY2zZ3xX4wW5vV6uU7sS8",
    "JOURNAL_SIGNING_KEY": "9zY8xW7vU6tS5rQ4pO3nM2lK1jI0hG9fE8dC7bA6",
    "POSTGRES_PASSWORD": "superuserpassword",
    "COUNTERSIGN_OWNER_PASSWORD": "ownerpassword",
    "COUNTERSIGN_APP_PASSWORD": "apppassword",
    "METRICS_TOKEN": "metricstoken",
}


def filled(text: str) -> str:
    """This will put values in, as Compose would."""

    def value(found: re.Match[str]) -> str:
        name, kind, default = found.groups()
        return FILLED_IN.get(name) or (default if kind == "-" else "")

    return INTERPOLATED.sub(value, text)


def environment_of(service: str) -> dict[str, str]:
    given = SERVICES[service].get("environment", {})
    return {name: filled(str(value)) for name, value in given.items()}


def command_of(service: str) -> list[str]:
    return [filled(part) for part in SERVICES[service]["command"]]


def image_environment() -> dict[str, str]:
    final = DOCKERFILE.split("\nFROM ")[-1].replace("\\\n", " ")
    pairs = re.findall(r"([A-Z_]+)=(\S+)", re.findall(r"^ENV (.*)$", final, re.M)[0])
    return dict(pairs)


def example_env() -> dict[str, str]:
    lines = (DEPLOY / "example.env").read_text().splitlines()
    return dict(
        line.split("=", 1) for line in lines if line and not line.startswith("#")
    )


def variables_read() -> set[str]:
    # A variable is named in one string of its own, in capitals.
    found: set[str] = set()
    for path in READERS:
        found |= set(re.findall(r'"([A-Z][A-Z_]+)"', (CHECKOUT / path).read_text()))
    return found


def copied() -> list[tuple[list[str], str]]:
    """This will list what the final stage copies out of the checkout."""
    final = DOCKERFILE.split("\nFROM ")[-1]
    lines = re.findall(r"^COPY (?!--from)(.*)$", final, re.M)
    return [(parts[:-1], parts[-1]) for parts in (line.split() for line in lines)]
