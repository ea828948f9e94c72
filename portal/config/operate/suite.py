"""`manage.py test`: pytest on a PostgreSQL and a Valkey of its own.

Everything is made in a temporary folder and thrown away, but for a copy of the migrated
cluster (`remembered`); its database is the template that each test process copies.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import IO

from portal.config.environment import CHECKOUT
from portal.config.operate import remembered, services
from portal.core.services import process
from portal.core.services.data_directory import DataDirectory

TEST_SECRET_KEY = "a-key-for-tests-that-protects-nothing-at-all-0123456789"  # noqa: S105
PROCESSES_DEFAULT = "2"


def run(arguments: list[str]) -> int:
    """This will run the tests and return pytest's exit code. Raises StartRefused."""
    folder = Path(tempfile.mkdtemp(prefix="countersign-test-"))
    try:
        directory = DataDirectory.open(folder)
        with (
            directory,
            services._ending_on_sigterm(),  # noqa: SLF001
            (directory.logs / "services.log").open("ab") as log,
        ):
            if not remembered.bring(directory.postgres):
                _migrate(directory, log)
            with services.embedded(directory, log, is_throwaway=True) as facts:
                os.environ.update(services.environ_of(facts))
                os.environ.update(_environ(directory, facts))
                return _run_pytest(arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _migrate(directory: DataDirectory, log: IO[bytes]) -> None:
    """Migrate a cluster and let its server end, because only then may it be copied."""
    with services.embedded(directory, log, is_throwaway=True) as facts:
        os.environ.update(services.environ_of(facts))
        os.environ.update(_environ(directory, facts))
        services.prepare_database()
    remembered.keep(directory.postgres)


def _environ(directory: DataDirectory, facts: dict[str, str]) -> dict[str, str]:
    return {
        "COUNTERSIGN_DATA_DIR": str(directory.path),
        "COUNTERSIGN_TEST_SUPERUSER_URL": facts["superuser_url"],
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        # The browser's driver keeps an event loop in the thread of the tests.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
        "SECRET_KEY": TEST_SECRET_KEY,
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "DEBUG": "off",
    }


def _run_pytest(arguments: list[str]) -> int:
    asks_for_processes = any(
        part == "-n" or part.startswith(("-n", "--numprocesses")) for part in arguments
    )
    # Whoever has nothing left takes over half of what waits for another.
    shared = ["-n", PROCESSES_DEFAULT, "--dist", "worksteal"]
    parallel = [] if asks_for_processes else shared
    child = process.start(
        [sys.executable, "-m", "pytest", *parallel, *arguments],
        stop_signal=signal.SIGTERM,
        cwd=CHECKOUT,
    )
    try:
        return child.wait()
    except BaseException:
        process.stop(child, signal.SIGINT)
        raise
    finally:
        process.end_group(child.pid)
