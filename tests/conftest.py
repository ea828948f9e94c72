"""What every test can ask for: a database, a committed database, a real server.

- `db` (pytest-django's): a transaction that is rolled back. Most tests want this.
- `committed_db`: real commits on several connections and threads; afterwards the
  whole database is as the migrated template again.
- `portal_server`: a web server process on the committed database; `.url` is its
  address.
- `page` (pytest-playwright's): a Chromium; skipped where there is none, except in
  CI.
Tests connect as the application's role, so they can do no more than the portal.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, settings

from tests.databases import TEMPLATE, TestDatabase

# How busy the machine is says nothing about the portal: no property has a deadline.
settings.register_profile(
    "portal", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("portal")

CHECKOUT = Path(__file__).resolve().parents[1]
CHROMIUM_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SERVER_READY_SECONDS_MAX = 30


# Each of these takes half a minute or more: begun last, one process would wait for the other.
LONGEST = (
    "tests/core/test_services_up.py",
    "tests/deploy/",
    "tests/home/test_demo.py",
    "tests/journey/",
    "tests/approvals/test_races_",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests; the others keep their order."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_configure(config: pytest.Config) -> None:
    if "COUNTERSIGN_TEST_SUPERUSER_URL" not in os.environ:
        raise pytest.UsageError(
            "The tests need a PostgreSQL and a Valkey of their own: run them with "
            "`python3 manage.py test` (arguments are passed on to pytest)."
        )
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    number = int(worker.removeprefix("gw")) % 15 + 1
    broker = os.environ["BROKER_URL"].partition("?")[0]
    os.environ["BROKER_URL"] = f"{broker}?db={number}"


@pytest.fixture(scope="session", autouse=True)
def _static_files_listed_once() -> Iterator[None]:
    """Every `Client()` loads the middleware, and WhiteNoise then lists every file."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    original = WhiteNoiseMiddleware.add_files_from_finders
    listed: dict[tuple[object, ...], dict[str, Any]] = {}

    def add_files_from_finders(self: WhiteNoiseMiddleware) -> None:
        key = (self.static_prefix, self.max_age, self.allow_all_origins, self.charset)
        if key not in listed:
            original(self)
            listed[key] = self.files
        self.files = dict(listed[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            WhiteNoiseMiddleware, "add_files_from_finders", add_files_from_finders
        )
        yield


@pytest.fixture(scope="session")
def database_of_process() -> TestDatabase:
    """The database of this test process, freshly copied from the template."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    superuser_url = os.environ["COUNTERSIGN_TEST_SUPERUSER_URL"]
    made = TestDatabase(name=f"test_{worker}", superuser_url=superuser_url)
    made.make_anew()
    return made


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, database_of_process: TestDatabase
) -> None:
    """Replaces pytest-django's own: the database was migrated once, as a template."""
    from django.db import connections

    connections["default"].close()
    connections["default"].settings_dict["NAME"] = database_of_process.name
    connections.settings["default"]["NAME"] = database_of_process.name


@pytest.fixture(scope="session")
def _broker() -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(os.environ["BROKER_URL"])
    yield client
    client.close()


@pytest.fixture(autouse=True)
def _empty_broker(_broker: redis.Redis) -> None:
    """Counters of one test must not limit the next."""
    _broker.flushdb()


@pytest.fixture(autouse=True)
def _nobody_was_hasty() -> None:
    """Whoever opened costly pages in one test is not told to wait in the next."""
    from portal.accounts.costly import ASKED

    ASKED.forget()


@pytest.fixture
def committed_db(
    django_db_setup: None,
    django_db_blocker: Any,
    database_of_process: TestDatabase,
) -> Iterator[TestDatabase]:
    """Real commits, many connections; nothing of it is left afterwards."""
    from django.db import connections

    with django_db_blocker.unblock():
        try:
            yield database_of_process
        finally:
            connections.close_all()
            database_of_process.put_back()


@dataclass(frozen=True)
class PortalServer:
    """A web server process of the portal."""

    url: str
    process_id: int


@pytest.fixture(scope="session")
def _server_process(
    database_of_process: TestDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PortalServer]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "server.log"
    name = database_of_process.name
    environ = os.environ | {
        "DATABASE_URL": os.environ["DATABASE_URL"].replace(
            f"/{TEMPLATE}?", f"/{name}?"
        ),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "COUNTERSIGN_PROCESS": "web",
        "WEB_WORKERS": "1",
        "WEB_THREADS": "16",
        "WEB_BIND": f"127.0.0.1:{port}",
    }
    environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
    with log.open("wb") as output:
        child = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "portal.config.wsgi:application"),
                *("--config", "python:portal.config.gunicorn"),
            ],
            env=environ,
            cwd=CHECKOUT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_alive(url, child, log)
        yield PortalServer(url=url, process_id=child.pid)
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@pytest.fixture
def portal_server(
    committed_db: TestDatabase, _server_process: PortalServer
) -> PortalServer:
    """A real web server on the committed database."""
    return _server_process


def _wait_until_alive(url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    patience_ends = time.monotonic() + SERVER_READY_SECONDS_MAX
    while time.monotonic() < patience_ends and child.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    pytest.fail(f"The web server did not start:\n{log.read_text()[-4000:]}")


def chromium_path() -> str | None:
    """This will find a Chromium on this machine."""
    for name in CHROMIUM_NAMES:
        if found := shutil.which(name):
            return found
    return None


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any],
) -> dict[str, Any]:
    """Replaces pytest-playwright's own: the system's Chromium, no download."""
    found = chromium_path()
    if found is None:
        sentence = (
            "Browser tests need a Chromium: `apt-get install chromium` on Debian."
        )
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    return {
        **browser_type_launch_args,
        "executable_path": found,
        "args": CHROMIUM_FLAGS,
    }
