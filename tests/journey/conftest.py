"""What the journey stands on: a web server and a worker, as processes, on real commits."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
READY_SECONDS_MAX = 40


@pytest.fixture
def live_portal(committed_db, tmp_path: Path) -> Iterator[str]:
    """A web server with a worker, whose approvals can be used at once; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environ = os.environ | {
        "DATABASE_URL": _address_of(committed_db.name),
        "PUBLIC_URL": url,
        "WEB_BIND": f"127.0.0.1:{port}",
        "WEB_WORKERS": "1",
        "WEB_THREADS": "24",
        "APPROVALS_UNDO_SECONDS": "0",
        "DJANGO_SETTINGS_MODULE": "portal.config.settings",
        "C_FORCE_ROOT": "true",
    }
    environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
    web = (
        *("gunicorn", "portal.config.wsgi:application"),
        *("--config", "python:portal.config.gunicorn"),
    )
    worker = (
        *("celery", "-A", "portal.config.celery", "worker", "--loglevel", "WARNING"),
        *("--concurrency", "1", "--without-gossip", "--without-mingle"),
    )
    log = tmp_path / "portal.log"
    with log.open("wb") as output:
        children = [
            subprocess.Popen(
                [sys.executable, "-m", *command],
                env=environ | {"COUNTERSIGN_PROCESS": process},
                cwd=CHECKOUT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            for process, command in (("web", web), ("worker", worker))
        ]
        try:
            _wait_until_ready(url, children[0], log)
            yield url
        finally:
            _stop(children)


def _address_of(name: str) -> str:
    before, _, query = os.environ["DATABASE_URL"].partition("?")
    return f"{before.rpartition('/')[0]}/{name}?{query}"


def _wait_until_ready(url: str, web: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < ends and web.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"The web server did not start:\n{log.read_text()[-4000:]}")


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.send_signal(signal.SIGTERM)
    for child in children:
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
