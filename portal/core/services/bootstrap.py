"""From any Python 3.11+ to our own environment with exactly what is locked.

Runs before anything is installed: standard library only, and the syntax of
Python 3.11. It never installs outside .venv and never without a hash.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from portal.core.services.refusal import StartRefused

PYTHON_MIN = (3, 12)
# The versions that the lock was made for, best first.
PYTHON_NAMES = ("python3.14", "python3.13", "python3.12")
RUNTIME_LOCK = "requirements.txt"
WHOLE_LOCK = "requirements-dev.txt"
NEEDS_WHOLE_LOCK = frozenset({"test", "gate", "lock"})
PROBE = "import sys, venv, ensurepip; sys.exit(sys.version_info[:2] < (3, 12))"
PROBE_SECONDS_MAX = 20


def enter_environment(*, checkout: Path, arguments: list[str]) -> None:
    """This will return inside .venv, or replace this process by one that is.

    Raises StartRefused.
    """
    if os.environ.get("COUNTERSIGN_VENV", "") == "off":
        # An image that was built with everything in place.
        return
    environment = checkout / ".venv"
    command = arguments[1] if len(arguments) > 1 else ""
    lock = checkout / (WHOLE_LOCK if command in NEEDS_WHOLE_LOCK else RUNTIME_LOCK)
    python = environment / "bin" / "python"
    if not _is_installed(environment, lock):
        _install_alone(environment, lock, checkout / WHOLE_LOCK)
    if Path(sys.prefix).resolve() != environment.resolve():
        os.execv(python, [str(python), *arguments])  # noqa: S606
    _keep_compiled(environment)


def _keep_compiled(environment: Path) -> None:
    """Keep compiled modules in the environment, here and in every process after this.

    A machine may be told to write none beside the sources: each of our processes would
    then compile two thousand modules, and take twice as long to start.
    """
    sys.pycache_prefix = str(environment / "pycache")
    sys.dont_write_bytecode = False
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def _install_alone(environment: Path, lock: Path, whole_lock: Path) -> None:
    """Two first starts at once would install over each other."""
    try:
        environment.mkdir(exist_ok=True)
        with (environment / "countersign.lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            if not _is_installed(environment, lock):
                _install(environment, lock, whole_lock)
    except PermissionError as error:
        raise StartRefused(
            f"{error.filename or environment} cannot be written by this user; "
            "start as the owner of the checkout, or make a checkout of your own."
        ) from error
    except OSError as error:
        raise StartRefused(f"{environment} could not be made: {error}.") from error


def _is_installed(environment: Path, lock: Path) -> bool:
    if not os.access(environment / "bin" / "python", os.X_OK):
        return False
    return _read_stamp(environment).get(lock.name) == _fingerprint(lock)


def _install(environment: Path, lock: Path, whole_lock: Path) -> None:
    python = environment / "bin" / "python"
    stamp = _read_stamp(environment)
    if not _runs(python):
        base = find_python(whole_lock)
        _say(f"Making {environment.name} with {base} …")
        _make_environment(base, environment)
        stamp = {}
    _say(f"Installing what {lock.name} lists (once; this takes a moment) …")
    _install_packages(python, lock, whole_lock)
    for name in (RUNTIME_LOCK, lock.name):
        # The whole lock holds everything of the runtime's, at the same versions.
        stamp[name] = _fingerprint(lock.parent / name)
    (environment / "countersign.stamp").write_text(json.dumps(stamp))


def _make_environment(base: str, environment: Path) -> None:
    made = _run([base, "-m", "venv", "--clear", "--symlinks", str(environment)])
    if made.returncode != 0:
        raise StartRefused(
            f"{base} could not make {environment}: {_last_line(made)}; "
            "on Debian and Ubuntu, install python3-venv."
        )


def _install_packages(python: Path, lock: Path, whole_lock: Path) -> None:
    """uv is fetched first: it installs the rest in seconds. pip is the second way."""
    quick = environment_file(python, "uv.lock.txt")
    quick.write_text(_lines_of("uv", whole_lock))
    pip = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes"]
    pip += ["--disable-pip-version-check", "--retries", "2", "--timeout", "20"]
    fetched = _run([*pip, "-r", str(quick)])
    if fetched.returncode == 0:
        uv = [str(python), "-m", "uv", "pip", "install", "--quiet", "--no-config"]
        uv += ["--python", str(python), "--require-hashes", "-r", str(lock)]
        if _run(uv, UV_PYTHON_DOWNLOADS="never").returncode == 0:
            return
        uv.remove("--no-config")
        if _run(uv, UV_PYTHON_DOWNLOADS="never").returncode == 0:
            return
    installed = _run([*pip, "-r", str(lock)])
    if installed.returncode != 0:
        raise StartRefused(_why_not_installed(installed))


def environment_file(python: Path, name: str) -> Path:
    """This will name a file in the environment's root."""
    return python.parent.parent / name


def _why_not_installed(tried: subprocess.CompletedProcess[str]) -> str:
    said = tried.stderr + tried.stdout
    if "No space left" in said:
        return "The disk is full; free some space and start again."
    if "HASHES" in said or "hash" in _last_line(tried).lower():
        return (
            "A package does not have the hash that the lock promises, so nothing "
            f"was installed: {_last_line(tried)}"
        )
    lost = ("connection", "resolve", "timed out", "Network", "No matching", "proxy")
    if any(word in said for word in lost):
        return (
            "The first start needs the network once, to install packages, and the "
            "package index cannot be reached; connect (or set PIP_INDEX_URL to a "
            "mirror) and start again."
        )
    return f"The packages could not be installed: {_last_line(tried)}"


def _lines_of(package: str, lock: Path) -> str:
    """This will cut one package, with its hashes, out of a lock."""
    kept: list[str] = []
    for line in lock.read_text().splitlines():
        if (
            line.startswith(f"{package}==")
            or kept
            and line.lstrip().startswith("--hash")
        ):
            kept.append(line)
        elif kept:
            break
    return "\n".join(kept) + "\n"


def find_python(whole_lock: Path) -> str:
    """This will find a Python of 3.12 or newer that really runs, or fetch one.

    Raises StartRefused with what to install.
    """
    for candidate in _candidates():
        if _runs(Path(candidate)):
            return candidate
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        if found := _ask_uv(Path(folder), whole_lock):
            return found
    raise StartRefused(
        "Countersign needs Python 3.12 or newer and none was found here (this is "
        f"{sys.version.split()[0]}); install one, for example with "
        "`apt-get install python3.12 python3.12-venv`, `brew install python@3.13` "
        "or `uv python install 3.13`, and start again."
    )


def _candidates() -> Iterator[str]:
    # A virtual environment's own interpreter may vanish with it; its base stays.
    yield getattr(sys, "_base_executable", "") or sys.executable
    yield sys.executable
    for name in PYTHON_NAMES:
        # A version manager's shim may be on PATH and not run: so every one is tried.
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            if folder and os.access(Path(folder) / name, os.X_OK):
                yield str(Path(folder) / name)
    yield from _siblings()


def _siblings() -> Iterator[str]:
    """Version managers keep versions side by side: look beside the running one."""
    beside = Path(sys.base_prefix).resolve().parent
    try:
        versions = sorted(beside.iterdir(), key=_by_version, reverse=True)
    except OSError:
        return
    for version in versions:
        python = version / "bin" / "python3"
        if _by_version(version) >= PYTHON_MIN and os.access(python, os.X_OK):
            yield str(python)


def _by_version(folder: Path) -> tuple[int, ...]:
    digits = "".join(c if c.isdecimal() else " " for c in folder.name).split()
    return tuple(int(part) for part in digits[:3])


def _ask_uv(folder: Path, whole_lock: Path) -> str:
    """This will ask uv for a Python, and uv from the lock when there is none here."""
    uv = [shutil.which("uv") or ""]
    if not uv[0]:
        _say("No Python 3.12 or newer found; asking uv for one …")
        uv = _fetch_uv(folder, whole_lock)
    if not uv:
        return ""
    found = _run([*uv, "python", "find", ">=3.12"], UV_PYTHON_DOWNLOADS="never")
    if found.returncode != 0 or not _runs(Path(found.stdout.strip())):
        _run([*uv, "python", "install", "3.13"], UV_PYTHON_DOWNLOADS="automatic")
        found = _run([*uv, "python", "find", "3.13"], UV_PYTHON_DOWNLOADS="never")
    path = found.stdout.strip()
    return path if found.returncode == 0 and _runs(Path(path)) else ""


def _fetch_uv(folder: Path, whole_lock: Path) -> list[str]:
    if _run([sys.executable, "-m", "venv", str(folder / "uv")]).returncode != 0:
        return []
    python = folder / "uv" / "bin" / "python"
    (folder / "uv.txt").write_text(_lines_of("uv", whole_lock))
    pip = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes"]
    fetched = _run([*pip, "--retries", "1", "-r", str(folder / "uv.txt")])
    return [str(python), "-m", "uv"] if fetched.returncode == 0 else []


def _runs(python: Path) -> bool:
    if not str(python) or not os.access(python, os.X_OK):
        return False
    return _run([str(python), "-I", "-c", PROBE]).returncode == 0


def _run(command: list[str], **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONHOME"}
    try:
        return subprocess.run(  # noqa: S603
            command,
            capture_output=True,
            text=True,
            check=False,
            env=inherited | environ,
            timeout=PROBE_SECONDS_MAX if PROBE in command else None,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))


def _last_line(ran: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (ran.stderr or ran.stdout).splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it gave no reason"


def _read_stamp(environment: Path) -> dict[str, str]:
    try:
        found = json.loads((environment / "countersign.stamp").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _fingerprint(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _say(line: str) -> None:
    print(f"countersign: {line}", file=sys.stderr, flush=True)
