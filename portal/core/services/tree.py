"""Runs a handful of processes as one: in order, with names on their log lines.

Everything happens in the main thread, because the kernel's death signal follows
the thread that forked. What dies is started again, more slowly each time; at the
end everything is stopped in reverse order, and nothing is left behind.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from portal.core.services import process
from portal.core.services.refusal import StartRefused

RESTART_SECONDS_MIN = 0.5
RESTART_SECONDS_MAX = 30.0
# Whoever ran this long was well, and is restarted at once.
WELL_AFTER_SECONDS = 60.0
STARTS_MAX = 3
LINE_BYTES_MAX = 16 * 1024
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

type Starter = Callable[[int], "subprocess.Popen[bytes]"]


class Stopping(BaseException):
    """Somebody asked the tree to stop; not an error."""


@dataclass
class Service:
    """One process of the tree: how to start it, when it is ready, how to stop it."""

    name: str
    start: Starter
    is_ready: Callable[[], bool] = lambda: True
    stop_signal: signal.Signals = signal.SIGTERM
    # Nothing else of the tree needs it, so it stops beside its like.
    is_on_top: bool = False
    stop_seconds_max: float = process.KILL_AFTER_SECONDS
    ready_seconds_max: float = 60.0
    child: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restart_at: float = 0.0
    pause_seconds: float = RESTART_SECONDS_MIN
    # Lines that hold one of these say nothing to an operator.
    hidden: tuple[str, ...] = ()


@dataclass
class Tree:
    """Services in their order."""

    services: list[Service] = field(default_factory=list)
    names_wide: int = 8
    _pipes: dict[int, tuple[str, bytearray]] = field(default_factory=dict)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _is_stopping: bool = False
    _colours: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Tree:
        for number in STOP_SIGNALS:
            signal.signal(number, self._ask_to_stop)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _ask_to_stop(self, number: int, _frame: FrameType | None) -> None:
        if not self._is_stopping:
            self._is_stopping = True
            raise Stopping

    def bring_up(self, service: Service) -> None:
        """This will start a service and return when it is ready. Raises StartRefused."""
        self.services.append(service)
        self._start(service)
        self.wait_for(service)

    def start_together(self, services: list[Service]) -> None:
        """This will start services that do not wait for one another."""
        for service in services:
            self.services.append(service)
            self._start(service)

    def wait_for(self, service: Service) -> None:
        """This will return when the service is ready. Raises StartRefused."""
        patience_ends = time.monotonic() + service.ready_seconds_max
        starts = 1
        while not service.is_ready():
            is_dead = service.child is None or service.child.poll() is not None
            if is_dead and starts >= STARTS_MAX:
                self.pump(0.2)
                raise StartRefused(
                    f"{service.name} stopped while it was starting; "
                    "its last lines above say why."
                )
            if is_dead:
                starts += 1
                self.pump(service.pause_seconds)
                self._start(service)
            if time.monotonic() > patience_ends:
                raise StartRefused(
                    f"{service.name} was not ready after "
                    f"{service.ready_seconds_max:.0f} seconds."
                )
            self.pump(0.03)

    def run_once(
        self, name: str, command: list[str | Path], environ: Mapping[str, str]
    ) -> int:
        """This will run a command to its end, with its lines in the log."""
        output = self._new_pipe(name)
        child = process.start(
            command, stop_signal=signal.SIGTERM, environ=environ, output=output
        )
        os.close(output)
        try:
            while child.poll() is None:
                self.pump(0.03)
        except BaseException:
            process.stop(child, signal.SIGTERM)
            raise
        finally:
            process.end_group(child.pid)
            self.pump(0)
        return child.returncode

    def watch(self) -> None:
        """This will restart what dies, until somebody asks to stop."""
        with contextlib.suppress(Stopping):
            while not self._is_stopping:
                self.pump(0.5)
                for service in self.services:
                    self._look_after(service)

    def stop(self) -> None:
        """This will stop everything in reverse order; nothing is left behind."""
        self._is_stopping = True
        for service in reversed(self.services):
            # Those that stand on others are asked together, and waited for first.
            if service.is_on_top:
                self._ask(service)
        for service in reversed(self.services):
            if service.child is not None:
                self._stop(service)
        self.pump(0)

    def pump(self, seconds: float) -> None:
        """This will print the lines that come within so many seconds."""
        if not self._pipes:
            time.sleep(seconds)
            return
        ends = time.monotonic() + seconds
        while True:
            remaining = max(0.0, ends - time.monotonic())
            ready = self._selector.select(remaining)
            for key, _ in ready:
                self._read(key.fd)
            if not ready or remaining == 0.0:
                return

    def say(self, line: str) -> None:
        """This will print a line of our own."""
        _print(line)

    def _start(self, service: Service) -> None:
        output = self._new_pipe(service.name)
        try:
            service.child = service.start(output)
        finally:
            os.close(output)
        service.started_at = time.monotonic()
        service.restart_at = 0.0

    def _look_after(self, service: Service) -> None:
        if service.child is None or service.child.poll() is None:
            return
        now = time.monotonic()
        if not service.restart_at:
            process.end_group(service.child.pid)
            was_well = now - service.started_at > WELL_AFTER_SECONDS
            service.pause_seconds = (
                RESTART_SECONDS_MIN
                if was_well
                else min(RESTART_SECONDS_MAX, service.pause_seconds * 2)
            )
            service.restart_at = now + service.pause_seconds
            self._log(
                service.name,
                f"ended with {service.child.returncode}; "
                f"starting again in {service.pause_seconds:.1f} s",
            )
        elif now >= service.restart_at:
            self._start(service)

    def _ask(self, service: Service) -> None:
        if service.child is not None and service.child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                service.child.send_signal(service.stop_signal)

    def _stop(self, service: Service) -> None:
        child = service.child
        if child is None:
            return
        if not service.is_on_top:
            self._ask(service)
        patience_ends = time.monotonic() + service.stop_seconds_max
        while child.poll() is None:
            if time.monotonic() > patience_ends:
                self._log(service.name, "did not stop in time and was ended")
                child.kill()
                child.wait()
            self.pump(0.02)
        process.end_group(child.pid)

    def _new_pipe(self, name: str) -> int:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self._pipes[reading] = (name, bytearray())
        self._selector.register(reading, selectors.EVENT_READ)
        return writing

    def _read(self, descriptor: int) -> None:
        name, buffer = self._pipes[descriptor]
        try:
            chunk = os.read(descriptor, 65536)
        except BlockingIOError:
            return
        buffer += chunk
        *lines, rest = bytes(buffer).split(b"\n")
        if not chunk or len(rest) > LINE_BYTES_MAX:
            lines, rest = [*lines, rest], b""
        buffer[:] = rest
        hidden = next((s.hidden for s in self.services if s.name == name), ())
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            if text.strip() and not any(part in text for part in hidden):
                self._log(name, text)
        if not chunk:
            self._selector.unregister(descriptor)
            os.close(descriptor)
            del self._pipes[descriptor]

    def _log(self, name: str, line: str) -> None:
        label = name.ljust(self.names_wide)
        if _is_coloured():
            colour = 31 + self._colours.setdefault(name, len(self._colours)) % 6
            label = f"\x1b[{colour}m{label}\x1b[0m"
        _print(f"{label} | {line}")


def _print(line: str) -> None:
    # The reader of our output may be gone; the portal goes on without it.
    with contextlib.suppress(OSError, ValueError):
        print(line, flush=True)


def _is_coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
