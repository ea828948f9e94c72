"""`manage.py gate`: everything that CI runs, except the tests.

Every check runs, also after one has failed, so that one look tells it all.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from portal.config.environment import CHECKOUT

AUDIT_SECONDS_MAX = 180
UNREACHABLE = (
    "ConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
    "NameResolutionError",
    "Max retries exceeded",
    "ProxyError",
    "SSLError",
    "HTTPError",
    "ServiceError",
    "404 Client Error",
    "403 Client Error",
)
# As a server on the internet would be set up.
PRODUCTION = {
    "DATABASE_URL": "postgresql://countersign_app:x@database.example/countersign",
    "DATABASE_OWNER_URL": "postgresql://countersign_owner:x@database.example/countersign",
    "BROKER_URL": "redis://broker.example/0",
    "SECRET_KEY": "gate-0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3-gate-0aB1cD2eF",
    "PUBLIC_URL": "https://countersign.example.com",
    "EMAIL_URL": "smtp+tls://countersign:x@mail.example:587",
    "DEBUG": "off",
    "DJANGO_SETTINGS_MODULE": "portal.config.settings",
}


@dataclass(frozen=True)
class Check:
    """One thing that must hold, and the command that says whether it does."""

    name: str
    command: list[str]
    environ: dict[str, str] = field(default_factory=dict)
    # What an unusual answer means: a reason to skip, or nothing.
    skipped_because: Callable[[str], str] = lambda said: ""
    seconds_max: float | None = None


def run(arguments: list[str]) -> int:
    """This will run the checks (all, or those named) and return 0 or 1."""
    chosen = [c for c in checks() if not arguments or c.name in arguments]
    failed = []
    for check in chosen:
        if not _holds(check):
            failed.append(check.name)
    if failed:
        print(f"gate: failed: {', '.join(failed)}")
        return 1
    print("gate: everything holds.")
    return 0


def checks() -> list[Check]:
    """This will list the checks, cheapest first."""
    python = sys.executable
    module = [python, "-m"]
    manage = [python, str(CHECKOUT / "manage.py")]
    own = str(Path(python).parent / "lint-imports")
    return [
        Check("lint", [*module, "ruff", "check", "."]),
        Check("format", [*module, "ruff", "format", "--check", "."]),
        Check("arrows", [own, "--no-cache"]),
        Check("types", [*module, "mypy"], PRODUCTION),
        Check(
            "deploy",
            [*manage, "check", "--deploy", "--fail-level", "WARNING"],
            PRODUCTION,
        ),
        Check(
            "migrations",
            [
                *(python, "-W", "ignore", str(CHECKOUT / "manage.py")),
                *("makemigrations", "--check", "--dry-run"),
            ],
            PRODUCTION,
        ),
        Check(
            "audit",
            [
                *module,
                *("pip_audit", "--disable-pip", "--require-hashes"),
                *("--progress-spinner", "off", "-r", "requirements-dev.txt"),
            ],
            skipped_because=_index_is_away,
            seconds_max=AUDIT_SECONDS_MAX,
        ),
    ]


def _holds(check: Check) -> bool:
    started = time.monotonic()
    try:
        ran = subprocess.run(  # noqa: S603
            check.command,
            cwd=CHECKOUT,
            env=os.environ | check.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=check.seconds_max,
        )
        said, has_passed = ran.stdout, ran.returncode == 0
    except subprocess.TimeoutExpired:
        said, has_passed = "ReadTimeout", False
    took = f"{time.monotonic() - started:.1f} s"
    reason = "" if has_passed else check.skipped_because(said)
    if has_passed or reason:
        print(f"{check.name:11} {f'skipped: {reason}' if reason else f'ok, {took}'}")
        return True
    print(f"{check.name:11} FAILED after {took}")
    print("\n".join(f"    {line}" for line in said.splitlines()))
    return False


def _index_is_away(said: str) -> str:
    is_finding = "Found " in said and "vulnerabilit" in said
    if not is_finding and any(word in said for word in UNREACHABLE):
        return "the index of known weaknesses cannot be asked from here"
    return ""
