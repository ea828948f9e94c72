"""Two other receivers of OTLP, given the same batches where they are installed.

They are no dependencies: `COUNTERSIGN_BENCH_PEERS` names a Python that has them, else
this one is asked. What is not there is said to be absent. What they answer "accepted" to
may not be written yet, so a peer's figure counts until what was sent can be read again.
"""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from portal.home.bench.measuring import memory_of

READY_SECONDS_MAX = 60
DRAIN_SECONDS_MAX = 45
SENDERS = 4
ABSENT = "not installed"


@dataclass(frozen=True)
class Peer:
    """How one receiver is started, and where it counts what it has kept."""

    module: str
    arguments: Callable[[Path, int], Sequence[str]]
    environ: Callable[[Path, int], Mapping[str, str]]
    database: str
    counting: str
    headers: Mapping[str, str]


PEERS = {
    "phoenix": Peer(
        module="phoenix",
        arguments=lambda folder, port: ("-m", "phoenix.server.main", "serve"),
        environ=lambda folder, port: {
            "PHOENIX_WORKING_DIR": str(folder),
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": str(port),
            "PHOENIX_GRPC_PORT": str(_free_port()),
            "PHOENIX_TELEMETRY_ENABLED": "false",
        },
        database="phoenix.db",
        counting="SELECT count(*) FROM spans",
        headers={},
    ),
    "mlflow": Peer(
        module="mlflow",
        arguments=lambda folder, port: (
            *("-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
            *("--backend-store-uri", f"sqlite:///{folder}/mlflow.db"),
            *("--default-artifact-root", str(folder / "artifacts")),
        ),
        environ=lambda folder, port: {"MLFLOW_DISABLE_TELEMETRY": "true"},
        database="mlflow.db",
        counting="SELECT count(*) FROM spans",
        headers={"x-mlflow-experiment-id": "0"},
    ),
}


def peers(bodies: Sequence[bytes], spans: int) -> dict[str, Any]:
    """Give each peer the same batches and say how many spans a second it took."""
    return {name: _measured(peer, bodies, spans) for name, peer in PEERS.items()}


def _measured(peer: Peer, bodies: Sequence[bytes], spans: int) -> Any:
    python = os.environ.get("COUNTERSIGN_BENCH_PEERS") or sys.executable
    if not _has(python, peer.module):
        return ABSENT
    folder = Path(tempfile.mkdtemp(prefix="countersign-bench-peer-"))
    try:
        with _running(python, peer, folder) as (url, process_id):
            return _received(peer, url, process_id, folder, bodies, spans)
    except (RuntimeError, httpx.HTTPError, OSError) as error:
        return f"could not be measured: {type(error).__name__}: {str(error)[:200]}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _has(python: str, module: str) -> bool:
    look = f"import importlib.util, sys; sys.exit(not importlib.util.find_spec({module!r}))"
    return subprocess.run([python, "-c", look], check=False).returncode == 0  # noqa: S603


@contextlib.contextmanager
def _running(python: str, peer: Peer, folder: Path) -> Iterator[tuple[str, int]]:
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with (folder / "peer.log").open("wb") as log:
        child = subprocess.Popen(  # noqa: S603
            [python, *peer.arguments(folder, port)],
            env=os.environ | dict(peer.environ(folder, port)),
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(url, child)
        yield url, child.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)


def _received(
    peer: Peer,
    url: str,
    process_id: int,
    folder: Path,
    bodies: Sequence[bytes],
    spans: int,
) -> dict[str, Any]:
    before = _count(folder / peer.database, peer.counting)
    began = time.perf_counter()
    with (
        httpx.Client(base_url=url, timeout=60, trust_env=False) as client,
        ThreadPoolExecutor(max_workers=SENDERS) as pool,
    ):
        answers = list(pool.map(lambda body: _send(client, peer, body), bodies))
    accepted = time.perf_counter() - began
    kept = 0
    while time.perf_counter() - began < accepted + DRAIN_SECONDS_MAX:
        kept = _count(folder / peer.database, peer.counting) - before
        if kept >= spans:
            break
        time.sleep(0.25)
    took = time.perf_counter() - began
    return {
        "spans": spans,
        "kept": kept,
        "accepted_a_second": round(spans / accepted),
        "kept_a_second": round(kept / took),
        "refused_batches": sum(status >= 300 for status in answers),  # noqa: PLR2004
        "memory_mib": memory_of({"peer": process_id})["peer"]["mib"],
    }


def _send(client: httpx.Client, peer: Peer, body: bytes) -> int:
    headers = {"Content-Type": "application/x-protobuf", **peer.headers}
    return client.post("/v1/traces", content=body, headers=headers).status_code


def _count(database: Path, statement: str) -> int:
    if not database.exists():
        return 0
    with contextlib.closing(
        sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
    ) as connection:
        try:
            return int(connection.execute(statement).fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def _wait_until_ready(url: str, child: subprocess.Popen) -> None:
    ends = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < ends and child.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=2, trust_env=False).status_code < 500:  # noqa: PLR2004
                return
        time.sleep(0.25)
    raise RuntimeError("it did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
