"""A portal for one benchmark: PostgreSQL, Valkey, web and worker, in a folder of its own.

Its PostgreSQL keeps every commit as production does; nothing outlives the block.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connections

from portal.core.services import process
from portal.core.services.data_directory import make_socket_dir
from portal.core.services.postgres import (
    APPLICATION,
    OWNER,
    SUPERUSER,
    EmbeddedPostgres,
)
from portal.core.services.valkey import EmbeddedValkey

CHECKOUT = Path(__file__).resolve().parents[3]
READY_SECONDS_MAX = 60
WEB_WORKERS = 2


@dataclass(frozen=True)
class Stage:
    """Where the portal of a benchmark is, and which processes it is made of."""

    url: str
    database_url: str
    superuser_url: str
    processes: Mapping[str, int]


@contextmanager
def stage() -> Iterator[Stage]:
    """Set the portal up, point Django at its database, and take it all down again."""
    folder = Path(tempfile.mkdtemp(prefix="countersign-bench-"))
    sockets = make_socket_dir()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(shutil.rmtree, sockets, ignore_errors=True)
        log = stack.enter_context((folder / "bench.log").open("wb"))
        postgres = EmbeddedPostgres(folder=folder / "postgres", socket_dir=sockets)
        valkey = EmbeddedValkey(folder=folder / "valkey", socket_dir=sockets)
        postgres.prepare()
        postgres.start(output=log)
        stack.callback(postgres.stop)
        valkey.start(output=log)
        stack.callback(valkey.stop)
        valkey.wait_until_ready()
        postgres.wait_until_ready()
        postgres.make_roles()
        port = _free_port()
        environ = _environ(folder, postgres, valkey, port)
        _prepare(environ, log)
        children = {}
        for name, command in _commands().items():
            child = process.start(
                command,
                stop_signal=signal.SIGTERM,
                environ=environ | {"COUNTERSIGN_PROCESS": name},
                cwd=CHECKOUT,
                output=log,
            )
            stack.callback(process.stop, child, signal.SIGTERM)
            children[name] = child
        stack.enter_context(_django_there(postgres))
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, children["web"], folder / "bench.log")
        own = {"postgres": postgres.child, "valkey": valkey.child}
        yield Stage(
            url=url,
            database_url=postgres.url(APPLICATION),
            superuser_url=postgres.url(SUPERUSER),
            processes={
                name: child.pid
                for name, child in (children | own).items()
                if child is not None
            },
        )


def _environ(
    folder: Path, postgres: EmbeddedPostgres, valkey: EmbeddedValkey, port: int
) -> dict[str, str]:
    url = f"http://127.0.0.1:{port}"
    return os.environ | {
        "COUNTERSIGN_DATA_DIR": str(folder),
        "DATABASE_URL": postgres.url(APPLICATION),
        "DATABASE_OWNER_URL": postgres.url(OWNER),
        "BROKER_URL": valkey.url(),
        "SECRET_KEY": secrets.token_urlsafe(40),
        "PUBLIC_URL": url,
        "WEB_BIND": f"127.0.0.1:{port}",
        "WEB_WORKERS": str(WEB_WORKERS),
        "WEB_THREADS": "32",
        "APPROVALS_UNDO_SECONDS": "0",
        "DJANGO_SETTINGS_MODULE": "portal.config.settings",
        "C_FORCE_ROOT": "true",
    }


def _commands() -> dict[str, list[str]]:
    python = [sys.executable, "-m"]
    return {
        "web": [
            *(*python, "gunicorn", "portal.config.wsgi:application"),
            *("--config", "python:portal.config.gunicorn"),
        ],
        "worker": [
            *(*python, "celery", "-A", "portal.config.celery", "worker"),
            *("--loglevel", "WARNING", "--concurrency", "1"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
    }


def _prepare(environ: Mapping[str, str], log) -> None:
    subprocess.run(  # noqa: S603
        [sys.executable, str(CHECKOUT / "manage.py"), "prepare_database", "-v", "0"],
        env=dict(environ),
        cwd=CHECKOUT,
        stdout=log,
        stderr=subprocess.STDOUT,
        check=True,
    )


@contextmanager
def _django_there(postgres: EmbeddedPostgres) -> Iterator[None]:
    """Let this process's own connection lead to the database of the benchmark."""
    connection = connections["default"]
    usual = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(
        NAME="countersign",
        USER=APPLICATION,
        PASSWORD="",
        HOST=str(postgres.socket_dir),
        PORT="",
    )
    try:
        yield
    finally:
        connections.close_all()
        connection.settings_dict.update(usual)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_ready(url: str, web: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < ends and web.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"The web server did not start: {log.read_text()[-2000:]}")
