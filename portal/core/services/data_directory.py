"""The folder that holds everything a local portal keeps.

A folder is ours when it carries our marker; any other folder that is not empty
is refused and never written to. One portal runs in it at a time, by a lock that
the operating system drops when its holder dies.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from portal.core.services.refusal import StartRefused

MARKER_NAME = "countersign.json"
FORMAT = 1
FREE_BYTES_MIN = 256 * 1024 * 1024
# A socket's path may have 107 bytes; longer ones cannot be bound.
SOCKET_PATH_BYTES_MAX = 100


class DataDirectory:
    """One data folder, opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def runtime_file(self) -> Path:
        return self.path / "runtime.json"

    @classmethod
    def open(cls, path: Path) -> DataDirectory:
        """This will open the folder, making it when it is missing or empty.

        Raises StartRefused when it is not ours, not writable, or the disk is full.
        """
        directory = cls(path)
        with refuse_on_disk_trouble(path):
            if path.exists() and not path.is_dir():
                raise StartRefused(
                    f"{path} is a file; name a folder in COUNTERSIGN_DATA_DIR."
                )
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            marker = path / MARKER_NAME
            if not marker.exists():
                directory._claim(marker)
            directory._check(marker)
            for folder in (directory.logs,):
                folder.mkdir(mode=0o700, exist_ok=True)
        return directory

    def _claim(self, marker: Path) -> None:
        foreign = sorted(entry.name for entry in self.path.iterdir())
        if foreign:
            raise StartRefused(
                f"{self.path} is not a Countersign data folder: it holds "
                f"{foreign[0]!r} and no {MARKER_NAME}; name an empty folder."
            )
        self.path.chmod(0o700)
        self.require_space()
        write_private_json(marker, {"product": "countersign", "format": FORMAT})

    def _check(self, marker: Path) -> None:
        found = read_json(marker)
        if found.get("product") != "countersign":
            raise StartRefused(
                f"{marker} is not readable as a Countersign marker; "
                "name another data folder or restore the file."
            )
        if found.get("format") != FORMAT:
            raise StartRefused(
                f"{self.path} was written by another version of Countersign "
                f"(format {found.get('format')}, this one knows {FORMAT})."
            )
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise StartRefused(
                f"{self.path} belongs to another user and cannot be written; "
                "start as that user or name another data folder."
            )

    def require_space(self) -> None:
        """This will refuse when the disk has no room to start on."""
        free = shutil.disk_usage(self.path).free
        if free < FREE_BYTES_MIN:
            raise StartRefused(
                f"The disk under {self.path} is full: {free // 2**20} MB are free "
                f"and {FREE_BYTES_MIN // 2**20} MB are needed; free some space."
            )

    def secrets(self) -> dict[str, str]:
        """This will return the portal's own secrets, making them the first time."""
        file = self.path / "secrets.json"
        if found := read_json(file):
            return found
        made = {"secret_key": secrets.token_urlsafe(48)}
        with refuse_on_disk_trouble(self.path):
            write_private_json(file, made)
        return made

    def runtime(self) -> dict[str, str]:
        """This will return where the running portal's services are, or nothing."""
        return read_json(self.runtime_file) if self.is_in_use() else {}

    def publish(self, facts: dict[str, str]) -> None:
        """This will tell other commands where the services are."""
        with refuse_on_disk_trouble(self.path):
            write_private_json(self.runtime_file, facts)

    def withdraw(self) -> None:
        """This will take back what `publish` told."""
        self.runtime_file.unlink(missing_ok=True)

    def is_in_use(self) -> bool:
        """This will say whether a live process holds this folder."""
        if self._lock is not None:
            return True
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def take(self) -> None:
        """This will hold the folder until this process ends; holding it twice is once.

        Raises StartRefused when another live process holds it.
        """
        if self._lock is not None:
            return
        with refuse_on_disk_trouble(self.path):
            descriptor = os.open(
                self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                where = read_json(self.runtime_file).get("public_url")
                raise StartRefused(
                    f"Countersign already runs from {self.path}"
                    + (f" at {where}" if where else "")
                    + "; stop it first, or name another data folder."
                ) from None
        self._lock = descriptor
        self._forget_the_dead()

    def release(self) -> None:
        """This will let others have the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> DataDirectory:
        self.take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.withdraw()
        self.release()

    def _forget_the_dead(self) -> None:
        """Whoever held the folder before was killed and could not tidy up."""
        left = read_json(self.runtime_file).get("socket_dir", "")
        if left and Path(left).name.startswith("countersign-"):
            shutil.rmtree(left, ignore_errors=True)
        self.withdraw()


def make_socket_dir() -> Path:
    """This will make a private folder whose path is short enough for sockets."""
    runtime_dir = os.environ.get("XDG_RUNTIME_DIR", "")
    for parent in (runtime_dir, tempfile.gettempdir(), "/tmp"):  # noqa: S108
        is_short = len(os.fsencode(parent)) + 40 < SOCKET_PATH_BYTES_MAX
        if parent and is_short and os.access(parent, os.W_OK | os.X_OK):
            return Path(tempfile.mkdtemp(prefix="countersign-", dir=parent))
    raise StartRefused(
        "No temporary folder with a short path can be written; "
        "set TMPDIR to a folder like /tmp."
    )


def read_json(path: Path) -> dict[str, Any]:
    """This will return what the file holds, or nothing when it cannot be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_private_json(path: Path, facts: dict[str, object] | dict[str, str]) -> None:
    """This will write the file for its owner's eyes only, whole or not at all."""
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(facts, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def refuse_on_disk_trouble(path: Path) -> Iterator[None]:
    """This will turn trouble of the disk into a sentence for the operator."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StartRefused(
                f"The disk under {path} is full; free some space and start again."
            ) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise StartRefused(
                f"{error.filename or path} cannot be written by this user; "
                "start as its owner or name another folder in COUNTERSIGN_DATA_DIR."
            ) from error
        raise
