"""`manage.py up`: the whole portal on this machine, as one process tree.

PostgreSQL, Valkey, the database's preparation, the demo, then web, worker and beat.
With DATABASE_URL or BROKER_URL set, that service is not started.
"""

from __future__ import annotations

import argparse
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portal.config.environment import CHECKOUT, data_dir_of
from portal.config.operate import services
from portal.core.services import process
from portal.core.services.data_directory import DataDirectory, make_socket_dir
from portal.core.services.postgres import EmbeddedPostgres
from portal.core.services.refusal import StartRefused
from portal.core.services.tree import Service, Stopping, Tree
from portal.core.services.valkey import EmbeddedValkey

HOST = "127.0.0.1"
PORT_DEFAULT = 8000
MANAGE = CHECKOUT / "manage.py"


@dataclass(frozen=True)
class Wish:
    """What the operator asked for."""

    port: int
    data_dir: Path
    has_demo: bool

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"


def run(arguments: list[str]) -> int:
    """This will run the portal until it is asked to stop. Raises StartRefused."""
    wish = _read(arguments)
    require_free_port(wish.port)
    os.environ["COUNTERSIGN_DATA_DIR"] = str(wish.data_dir)
    directory = DataDirectory.open(wish.data_dir)
    directory.secrets()
    with directory:
        directory.require_space()
        socket_dir = make_socket_dir()
        try:
            with Tree() as tree:
                _run_tree(tree, directory, socket_dir, wish)
        except Stopping:
            pass
        finally:
            shutil.rmtree(socket_dir, ignore_errors=True)
    print("countersign: stopped.", flush=True)
    return 0


def _read(arguments: list[str]) -> Wish:
    parser = argparse.ArgumentParser(
        prog="manage.py up", description="Start everything and say where it is."
    )
    parser.add_argument("--port", type=int, default=PORT_DEFAULT)
    parser.add_argument(
        "--data-dir", type=Path, help="where everything is kept (default: .data/)"
    )
    parser.add_argument(
        "--no-demo", action="store_true", help="start with an empty portal"
    )
    given = parser.parse_args(arguments)
    folder = given.data_dir or data_dir_of(os.environ)
    return Wish(given.port, folder.expanduser().absolute(), not given.no_demo)


def _run_tree(
    tree: Tree, directory: DataDirectory, socket_dir: Path, wish: Wish
) -> None:
    facts = _bring_up_stores(tree, directory, socket_dir)
    facts["public_url"] = os.environ.get("PUBLIC_URL") or wish.address
    environ = os.environ | services.environ_of(facts)
    environ["PYTHONUNBUFFERED"] = "1"
    # The database of someone else may have changed since we last saw it.
    is_ours = "database_url" in facts
    if not is_ours or not services.is_prepared(directory):
        _prepare(tree, environ)
        services.note_prepared(directory)
    directory.publish(facts)
    people = directory.path / "demo-people.txt"
    is_first_demo = wish.has_demo and not (is_ours and people.exists())
    if is_first_demo:
        _load_demo(tree, environ, people)
    web = _web(environ, directory, wish)
    tree.bring_up(web)
    tree.start_together([_worker(environ), _beat(environ)])
    _announce(tree, environ, people if wish.has_demo else None)
    if wish.has_demo and not is_first_demo:
        # A demo that was played with gets something new to decide.
        tree.run_once("demo", [sys.executable, MANAGE, "load_demo"], environ)
    tree.watch()


def _bring_up_stores(
    tree: Tree, directory: DataDirectory, socket_dir: Path
) -> dict[str, str]:
    postgres = valkey = None
    if not os.environ.get("DATABASE_URL"):
        postgres = EmbeddedPostgres(folder=directory.postgres, socket_dir=socket_dir)
        postgres.prepare()
        database = postgres
        tree.bring_up(
            Service(
                "postgres",
                start=lambda output: database.start(output=output),
                is_ready=postgres.is_ready,
                stop_signal=signal.SIGINT,
                stop_seconds_max=30,
            )
        )
        postgres.make_roles()
    if not os.environ.get("BROKER_URL"):
        valkey = EmbeddedValkey(folder=directory.valkey, socket_dir=socket_dir)
        broker = valkey
        tree.bring_up(
            Service(
                "valkey",
                start=lambda output: broker.start(output=output),
                is_ready=valkey.is_ready,
                hidden=("Memory overcommit", "Received SIGTERM", "ready to exit"),
            )
        )
    return services.facts_of(postgres, valkey)


def _prepare(tree: Tree, environ: Mapping[str, str]) -> None:
    tree.say("countersign: bringing the database to this release …")
    command: list[str | Path] = [
        sys.executable,
        MANAGE,
        "prepare_database",
        "-v",
        "0",
    ]
    if tree.run_once("prepare", command, environ) != 0:
        raise StartRefused(
            "The database could not be brought to this release; "
            "the lines above say why."
        )


def _load_demo(tree: Tree, environ: Mapping[str, str], people: Path) -> None:
    tree.say("countersign: loading the demo (once; this takes a moment) …")
    if tree.run_once("demo", [sys.executable, MANAGE, "load_demo"], environ) != 0:
        raise StartRefused(
            "The demo could not be loaded; the lines above say why. "
            "`--no-demo` starts without it."
        )
    shown = subprocess.run(
        [sys.executable, MANAGE, "load_demo", "--show"],
        env=dict(environ),
        capture_output=True,
        check=False,
    )
    people.touch(mode=0o600)
    people.write_bytes(shown.stdout)


def _web(environ: Mapping[str, str], directory: DataDirectory, wish: Wish) -> Service:
    counts = directory.path / "counts"
    shutil.rmtree(counts, ignore_errors=True)
    counts.mkdir(mode=0o700)
    ours = {
        "COUNTERSIGN_PROCESS": "web",
        "PROMETHEUS_MULTIPROC_DIR": str(counts),
        "WEB_BIND": f"{HOST}:{wish.port}",
        "WEB_GRACEFUL_SECONDS": "3",
    }
    command = [
        *(sys.executable, "-m", "gunicorn", "portal.config.wsgi:application"),
        *("--config", "python:portal.config.gunicorn"),
    ]
    return Service(
        "web",
        start=_starter(command, {**environ, **ours}),
        is_ready=lambda: _answers(f"{wish.address}/readyz"),
        is_on_top=True,
    )


def _worker(environ: Mapping[str, str]) -> Service:
    command = [
        *(sys.executable, "-m", "celery", "--quiet"),
        *("-A", "portal.config.celery", "worker"),
        *("--loglevel", "WARNING", "--concurrency", os.environ.get("WORKERS", "2")),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
    # Celery warns about root because of pickle, which is switched off here.
    ours = {
        "COUNTERSIGN_PROCESS": "worker",
        "C_FORCE_ROOT": "true",
        "PYTHONWARNINGS": "ignore:You're running the worker",
    }
    return Service("worker", start=_starter(command, {**environ, **ours}))


def _beat(environ: Mapping[str, str]) -> Service:
    command = [
        *(sys.executable, "-m", "celery", "--quiet"),
        *("-A", "portal.config.celery", "beat"),
        *("--loglevel", "WARNING", "--pidfile="),
    ]
    ours = {"COUNTERSIGN_PROCESS": "beat"}
    return Service("beat", start=_starter(command, {**environ, **ours}))


def _starter(command: list[str], environ: Mapping[str, str]):  # type: ignore[no-untyped-def]
    def start(output: int) -> subprocess.Popen[bytes]:
        return process.start(
            command,
            stop_signal=signal.SIGTERM,
            environ=environ,
            cwd=CHECKOUT,
            output=output,
        )

    return start


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _announce(tree: Tree, environ: Mapping[str, str], people: Path | None) -> None:
    tree.say("")
    tree.say(f"  Countersign is ready at {environ['PUBLIC_URL']}")
    if people is not None:
        for line in people.read_text().splitlines():
            tree.say(f"  {line}")
    tree.say("  Press Ctrl-C to stop.")
    tree.say("")


def require_free_port(port: int) -> None:
    """This will refuse a port that cannot be had. Raises StartRefused."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OverflowError:
            raise StartRefused(
                f"{port} is no port; choose one from 1 to 65535 with --port."
            ) from None
        except OSError as error:
            if error.errno == errno.EACCES:
                raise StartRefused(
                    f"Port {port} needs more rights than this user has; "
                    "choose one above 1023 with --port."
                ) from error
            raise StartRefused(
                f"Port {port} is in use on this machine; stop what uses it, "
                "or choose another with --port."
            ) from error
