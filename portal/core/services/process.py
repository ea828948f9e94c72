"""Child processes that never outlive us.

On Linux the kernel signals a child when the thread that forked it ends, so
children are started from the main thread only. Elsewhere a small watcher holds
the read end of a pipe and signals the child when the pipe closes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from portal.core.services.refusal import StartRefused

PR_SET_PDEATHSIG = 1
KILL_AFTER_SECONDS = 10
HAS_DEATH_SIGNAL = sys.platform == "linux"


@dataclass(frozen=True)
class Credentials:
    """As whom a child runs: inside a user namespace, as another user, or as we do."""

    is_namespaced: bool = False
    user_id: int | None = None


def start(
    command: Sequence[str | Path],
    *,
    stop_signal: signal.Signals,
    credentials: Credentials | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: IO[bytes] | int | None = None,
) -> subprocess.Popen[bytes]:
    """This will start a child that gets `stop_signal` when we die, however we die."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("children are started from the main thread")
    whole = [str(part) for part in command]
    if not HAS_DEATH_SIGNAL:
        return _start_watched(whole, stop_signal, environ, cwd, output)
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()
    who = credentials or Credentials()

    def become_child() -> None:
        if who.is_namespaced:
            _enter_user_namespace()
        if who.user_id is not None:
            os.setgroups([])
            os.setgid(who.user_id)
            os.setuid(who.user_id)
        # Last: a change of credentials would clear it again.
        libc.prctl(PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(  # noqa: S603
        whole,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=dict(environ) if environ is not None else None,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=become_child,  # noqa: PLW1509
    )


def stop(
    child: subprocess.Popen[bytes],
    stop_signal: signal.Signals,
    *,
    kill_after_seconds: float = KILL_AFTER_SECONDS,
) -> int:
    """This will ask the child to stop, wait, and then end what is left of its group."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(stop_signal)
        try:
            child.wait(kill_after_seconds)
        except subprocess.TimeoutExpired:
            child.kill()
    code = child.wait()
    end_group(child.pid)
    return code


def end_group(leader: int) -> None:
    """This will end what a dead leader left behind in its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def credentials_for(folder: Path) -> Credentials:
    """This will choose as whom a program that refuses root may run on `folder`.

    An ordinary user runs it as themselves. Root runs it as whoever owns the folder,
    in a user namespace, or as nobody. Raises StartRefused when none can be done.
    """
    if os.geteuid() != 0:
        return Credentials()
    owner = folder.stat().st_uid
    if owner != 0:
        return Credentials(user_id=owner)
    if HAS_DEATH_SIGNAL and _can_namespace():
        return Credentials(is_namespaced=True)
    return _as_nobody(folder)


def _as_nobody(folder: Path) -> Credentials:
    """This will give the folder to the user who owns nothing else.

    Raises StartRefused when that user cannot get there.
    """
    nobody = Credentials(user_id=_nobody())
    # Passing through is allowed, looking around is not.
    folder.parent.chmod(0o711)
    for place in (folder, *folder.rglob("*")):
        os.chown(place, nobody.user_id or 0, -1, follow_symlinks=False)
    if _can_enter(folder, nobody):
        return nobody
    raise StartRefused(
        "PostgreSQL refuses to run as root, and this machine gives root no user "
        f"namespace; user {nobody.user_id} could run it but cannot enter {folder}: "
        "name a data folder outside /root, start as an ordinary user, or set "
        "DATABASE_URL to a PostgreSQL that runs already."
    )


def _nobody() -> int:
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        return 65534


def _can_enter(folder: Path, who: Credentials) -> bool:
    needed = [str(folder), str(Path(__file__).resolve().parent)]
    tried = subprocess.run(
        ["/bin/sh", "-c", 'cd "$0" && cd "$1"', *needed],
        user=who.user_id,
        check=False,
        capture_output=True,
    )
    return tried.returncode == 0


def _enter_user_namespace() -> None:
    user_id, group_id = os.geteuid(), os.getegid()
    os.unshare(os.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"1000 {user_id} 1")
    Path("/proc/self/gid_map").write_text(f"1000 {group_id} 1")


def _can_namespace() -> bool:
    try:
        tried = subprocess.run(  # noqa: S603
            ["/bin/true"],
            preexec_fn=_enter_user_namespace,  # noqa: PLW1509
            check=False,
            capture_output=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return tried.returncode == 0


def _start_watched(
    command: list[str],
    stop_signal: signal.Signals,
    environ: Mapping[str, str] | None,
    cwd: Path | None,
    output: IO[bytes] | int | None,
) -> subprocess.Popen[bytes]:
    reading, writing = os.pipe()
    watcher = [sys.executable, "-m", "portal.core.services.process"]
    child = subprocess.Popen(  # noqa: S603
        [*watcher, str(reading), str(int(stop_signal)), *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=dict(os.environ if environ is None else environ)
        | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        cwd=cwd,
        start_new_session=True,
        pass_fds=[reading],
    )
    os.close(reading)
    # The write end stays open, and unshared, for as long as we live.
    os.set_inheritable(writing, False)
    return child


def _watch(reading: int, stop_signal: int, command: list[str]) -> int:
    """This will run the command and signal it when our parent is gone."""
    child = subprocess.Popen(command)  # noqa: S603
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(name, lambda number, _frame: child.send_signal(number))

    def wait_for_parent() -> None:
        with contextlib.suppress(OSError):
            os.read(reading, 1)
        child.send_signal(stop_signal)
        time.sleep(KILL_AFTER_SECONDS)
        child.kill()

    threading.Thread(target=wait_for_parent, daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(_watch(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
