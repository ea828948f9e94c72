"""A web server of the test's own, so that killing it harms nobody else."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.approvals.asking import Portal, make_portal
from tests.conftest import CHECKOUT, TEMPLATE, TestDatabase, _wait_until_alive

ANSWER_SECONDS_MAX = 20


@dataclass(frozen=True)
class Answered:
    """What came back over the wire."""

    status: int
    headers: dict[str, str]
    document: dict[str, Any]


@dataclass(frozen=True)
class Web:
    """One web server with its processes in a group of their own."""

    url: str
    child: subprocess.Popen[bytes]

    def send(
        self, path: str, key: str, document: Any = None, *, once: str = ""
    ) -> Answered:
        """GET, or POST when there is a document. Raises OSError when nobody answers."""
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.url}/api/v1{path}",
            data=None if document is None else json.dumps(document).encode(),
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
                "Idempotency-Key": once or "none",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:  # noqa: S310
                return _answered(answer)
        except urllib.error.HTTPError as problem:
            with problem:
                return _answered(problem)

    def kill(self) -> None:
        """Kill master and worker at once, as `kill -9` does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()


def _answered(answer: Any) -> Answered:
    return Answered(answer.status, dict(answer.headers), json.loads(answer.read()))


@pytest.fixture
def start_web(tmp_path) -> Iterator[Callable[..., Web]]:
    """Start web servers; what still runs at the end is killed."""
    started: list[Web] = []

    def start(**environ: str) -> Web:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        log = tmp_path / f"web-{port}.log"
        ours = {
            "PUBLIC_URL": url,
            "COUNTERSIGN_PROCESS": "web",
            "WEB_WORKERS": "1",
            "WEB_THREADS": "8",
            "WEB_BIND": f"127.0.0.1:{port}",
        }
        with log.open("wb") as output:
            child = subprocess.Popen(
                [
                    *(
                        sys.executable,
                        "-m",
                        "gunicorn",
                        "portal.config.wsgi:application",
                    ),
                    *("--config", "python:portal.config.gunicorn"),
                ],
                env=os.environ | ours | environ,
                cwd=CHECKOUT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        web = Web(url, child)
        started.append(web)
        _wait_until_alive(url, child, log)
        return web

    yield start
    for web in started:
        web.kill()


@pytest.fixture
def database_url(committed_db: TestDatabase) -> str:
    return os.environ["DATABASE_URL"].replace(f"/{TEMPLATE}?", f"/{committed_db.name}?")


@pytest.fixture
def portal(committed_db: TestDatabase) -> Portal:
    """The live workflow, committed."""
    return make_portal()
