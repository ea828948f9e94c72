"""PostgreSQL and Valkey around one command.

A command uses what the environment names, or what a running portal published in
the data folder, or it starts the embedded services for itself and stops them
afterwards.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

from portal.config.environment import CHECKOUT, data_dir_of
from portal.core.services.data_directory import DataDirectory, make_socket_dir
from portal.core.services.postgres import (
    APPLICATION,
    OWNER,
    SUPERUSER,
    EmbeddedPostgres,
)
from portal.core.services.refusal import StartRefused
from portal.core.services.valkey import EmbeddedValkey

# These read the code and no rows, so they start nothing.
WITHOUT_SERVICES = frozenset(
    [
        "help",
        "version",
        "check",
        "makemigrations",
        "collectstatic",
        "findstatic",
        "compilemessages",
        "makemessages",
        "startapp",
        "diffsettings",
        "--help",
        "-h",
        "--version",
    ]
)
# These change tables, so they run as their owner.
AS_OWNER = frozenset({"migrate", "sqlmigrate", "showmigrations"})
STARTING_SECONDS_MAX = 60
IMPORT_ONLY_KEY = "only-for-commands-that-read-no-row-and-sign-nothing"


def run_django_command(arguments: list[str]) -> int:
    """This will run a Django command with its services around it."""
    command = arguments[1] if len(arguments) > 1 else "help"
    if command in WITHOUT_SERVICES or "--help" in arguments:
        _let_settings_import()
        return _execute(arguments)
    with services_for_command():
        if command in AS_OWNER:
            os.environ["DATABASE_URL"] = os.environ.get(
                "DATABASE_OWNER_URL", os.environ.get("DATABASE_URL", "")
            )
        return _execute(arguments)


@contextlib.contextmanager
def services_for_command() -> Iterator[None]:
    """This will make sure that DATABASE_URL and BROKER_URL lead somewhere."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    directory = DataDirectory.open(data_dir_of(os.environ))
    directory.secrets()
    try:
        directory.take()
    except StartRefused:
        with _sharing(directory):
            os.environ.update(_addresses_of_running(directory))
            yield
        return
    with directory, _ending_on_sigterm():
        directory.require_space()
        with (
            (directory.logs / "services.log").open("ab") as log,
            embedded(directory, log) as facts,
        ):
            os.environ.update(environ_of(facts))
            prepare_if_changed(directory)
            directory.publish(facts)
            try:
                yield
            finally:
                directory.withdraw()
                _wait_for_sharers(directory)


@contextlib.contextmanager
def embedded(
    directory: DataDirectory, log: object, *, is_throwaway: bool = False
) -> Iterator[dict[str, str]]:
    """This will run both services under a data folder and say where they are."""
    from portal.core.services.postgres import THROWAWAY_OPTIONS

    socket_dir = make_socket_dir()
    postgres = EmbeddedPostgres(
        folder=directory.postgres,
        socket_dir=socket_dir,
        options=THROWAWAY_OPTIONS if is_throwaway else (),
    )
    valkey = EmbeddedValkey(
        folder=directory.valkey, socket_dir=socket_dir, is_kept=not is_throwaway
    )
    try:
        postgres.prepare()
        postgres.start(output=log)  # type: ignore[arg-type]
        valkey.start(output=log)  # type: ignore[arg-type]
        valkey.wait_until_ready()
        postgres.wait_until_ready()
        postgres.make_roles()
        yield facts_of(postgres, valkey)
    finally:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(socket_dir, ignore_errors=True)


def facts_of(
    postgres: EmbeddedPostgres | None, valkey: EmbeddedValkey | None
) -> dict[str, str]:
    """This will return what other commands need to find the services."""
    facts = {"pid": str(os.getpid())}
    if postgres:
        facts |= {
            "database_url": postgres.url(APPLICATION),
            "owner_url": postgres.url(OWNER),
            "superuser_url": postgres.url(SUPERUSER),
            "socket_dir": str(postgres.socket_dir),
        }
    if valkey:
        facts |= {
            "broker_url": valkey.url(),
            "socket_dir": str(valkey.socket.parent),
        }
    return facts


def environ_of(facts: Mapping[str, str]) -> dict[str, str]:
    """This will return the same facts as environment variables."""
    names = {
        "database_url": "DATABASE_URL",
        "owner_url": "DATABASE_OWNER_URL",
        "broker_url": "BROKER_URL",
        "public_url": "PUBLIC_URL",
    }
    return {names[key]: value for key, value in facts.items() if key in names}


def is_prepared(directory: DataDirectory) -> bool:
    """This will say whether the folder's database has the code's migrations."""
    stamp = directory.path / "prepared"
    return stamp.exists() and stamp.read_text() == migrations_fingerprint()


def note_prepared(directory: DataDirectory) -> None:
    """This will remember that the database has the code's migrations."""
    (directory.path / "prepared").write_text(migrations_fingerprint())


def prepare_if_changed(directory: DataDirectory) -> None:
    """This will migrate when the code's migrations are not those of last time."""
    if not is_prepared(directory):
        prepare_database()
        note_prepared(directory)


def prepare_database() -> None:
    """This will run `prepare_database` in a process of its own."""
    ran = subprocess.run(  # noqa: S603
        [sys.executable, CHECKOUT / "manage.py", "prepare_database", "-v", "0"],
        check=False,
    )
    if ran.returncode != 0:
        raise StartRefused(
            "The database could not be brought to this release; "
            "the lines above say why."
        )


def migrations_fingerprint() -> str:
    """This will name the code's migrations by their content."""
    digest = hashlib.sha256()
    for pattern in ("*/migrations/*.py", "*/*/migrations/*.py", "requirements.txt"):
        for file in sorted(CHECKOUT.glob(pattern)):
            digest.update(str(file.relative_to(CHECKOUT)).encode())
            digest.update(file.read_bytes())
    digest.update((CHECKOUT / "portal/core/database.py").read_bytes())
    return digest.hexdigest()


def _addresses_of_running(directory: DataDirectory) -> dict[str, str]:
    patience_ends = time.monotonic() + STARTING_SECONDS_MAX
    while time.monotonic() < patience_ends:
        if (facts := directory.runtime()) and "database_url" in facts:
            return environ_of(facts)
        time.sleep(0.1)
    raise StartRefused(
        f"Another process holds {directory.path} and does not say where its "
        "database is; wait for it to end, or stop it."
    )


@contextlib.contextmanager
def _sharing(directory: DataDirectory) -> Iterator[None]:
    """Whoever started the services waits for those who share them."""
    descriptor = os.open(directory.path / "users", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _wait_for_sharers(directory: DataDirectory) -> None:
    descriptor = os.open(directory.path / "users", os.O_RDWR | os.O_CREAT, 0o600)
    patience_ends = time.monotonic() + STARTING_SECONDS_MAX
    try:
        while time.monotonic() < patience_ends:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(0.05)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _let_settings_import() -> None:
    if not os.environ.get("SECRET_KEY"):
        folder: Path = data_dir_of(os.environ)
        if not (folder / "secrets.json").exists():
            os.environ["SECRET_KEY"] = IMPORT_ONLY_KEY


def _execute(arguments: list[str]) -> int:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(arguments)
    except ImproperlyConfigured as error:
        raise StartRefused(str(error)) from error
    return 0
