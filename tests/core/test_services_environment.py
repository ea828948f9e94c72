"""What an operator sets: read, or refused with a sentence that names the variable."""

import re
from pathlib import Path

import pytest
import yaml

from portal.config.environment import EnvironmentRefused, read_environment
from portal.config.middleware import believe_proxy

CHECKOUT = Path(__file__).resolve().parents[2]
GOOD = {
    "DATABASE_URL": "postgresql://app:p%40ss@db.example:6432/countersign?sslmode=require",
    "DATABASE_OWNER_URL": "postgresql://owner:x@db.example/countersign",
    "BROKER_URL": "redis://broker.example/0",
    "SECRET_KEY": "k" * 40,
    "PUBLIC_URL": "https://countersign.example.com",
}


def test_a_good_environment_is_read(tmp_path):
    read = read_environment(GOOD | {"COUNTERSIGN_DATA_DIR": str(tmp_path)})

    assert read.database.host == "db.example"
    assert read.database.port == "6432"
    assert read.database.password == "p@ss"
    assert read.database.options == {"sslmode": "require"}
    assert read.database_owner.user == "owner"
    assert read.allowed_hosts == ("countersign.example.com",)
    assert read.is_https
    assert not read.is_debug


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://db.example/countersign"),
        ("DATABASE_URL", "postgresql://db.example/"),
        ("DATABASE_URL", "postgresql://db.example:port/countersign"),
        ("DATABASE_OWNER_URL", "sqlite:///file"),
        ("BROKER_URL", "amqp://broker.example"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", ""),
        ("PUBLIC_URL", "countersign.example.com"),
        ("PUBLIC_URL", "ftp://countersign.example.com"),
        ("PUBLIC_URL", "https://example.com/countersign"),
        ("ALLOWED_HOSTS", "*"),
        ("DEBUG", "perhaps"),
        ("COUNTERSIGN_TIME_ZONE", "Mars/Olympus"),
        ("COUNTERSIGN_TIME_ZONE", "../etc/passwd"),
        ("COUNTERSIGN_PROCESS", "wizard"),
        ("DATABASE_POOL_SIZE", "-1"),
        ("DATABASE_POOL_SIZE", "many"),
        ("BEHIND_PROXY", "maybe"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(tmp_path, variable, value):
    environ = GOOD | {"COUNTERSIGN_DATA_DIR": str(tmp_path)}
    read_environment(environ)

    with pytest.raises(EnvironmentRefused) as refusal:
        read_environment(environ | {variable: value})

    sentence = str(refusal.value)
    assert sentence.startswith(variable)
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_password_in_a_refused_url_is_not_repeated(tmp_path):
    environ = GOOD | {"DATABASE_URL": "mysql://app:hunter2@db.example/countersign"}

    with pytest.raises(EnvironmentRefused) as refusal:
        read_environment(environ)

    assert "hunter2" not in str(refusal.value)


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((CHECKOUT / "deploy/compose.yaml").read_text())


def test_production_has_every_process_it_needs(compose):
    services = compose["services"]

    assert set(services) == {
        *("postgres", "valkey", "migrate", "web", "worker", "beat", "proxy"),
    }
    assert services["web"]["deploy"]["replicas"] > 1
    assert services["worker"]["deploy"]["replicas"] > 1
    # Two would send every hint twice.
    assert "deploy" not in services["beat"]
    for name in ("web", "worker", "beat"):
        after = services[name]["depends_on"]["migrate"]
        assert after["condition"] == "service_completed_successfully"


def test_only_migrate_knows_the_owner_of_the_tables(compose):
    knowing = {
        name
        for name, service in compose["services"].items()
        if "DATABASE_OWNER_URL" in service.get("environment", {})
    }

    assert knowing == {"migrate"}


@pytest.mark.parametrize("name", ["migrate", "web", "worker", "beat"])
def test_the_environment_in_compose_is_one_that_settings_take(compose, name, tmp_path):
    def fill(text: str) -> str:
        values = {"PUBLIC_URL": GOOD["PUBLIC_URL"]}
        return re.sub(
            r"\$\{(\w+):(\?|-([^}]*))\}",
            lambda m: m[3] if m[3] is not None else values.get(m[1], "a" * 40),
            text,
        )

    environ = compose["services"][name]["environment"]
    filled = {key: fill(str(value)) for key, value in environ.items()}

    read = read_environment(filled | {"COUNTERSIGN_DATA_DIR": str(tmp_path)})

    assert read.is_behind_proxy
    assert read.is_https
    assert read.process == {"migrate": "command"}.get(name, name)


def test_commands_in_compose_name_what_exists(compose):
    commands = {n: compose["services"][n]["command"] for n in ("web", "worker", "beat")}

    assert "portal.config.wsgi:application" in commands["web"]
    assert "python:portal.config.gunicorn" in commands["web"]
    assert "portal.config.celery" in commands["worker"]
    assert "portal.config.celery" in commands["beat"]
    assert compose["services"]["migrate"]["command"][-1] == "prepare_database"
    for name in ("wsgi", "gunicorn", "celery"):
        assert (CHECKOUT / f"portal/config/{name}.py").exists()


def test_the_example_lists_every_variable_that_compose_demands(compose):
    text = (CHECKOUT / "deploy/compose.yaml").read_text()
    demanded = set(re.findall(r"\$\{(\w+):\?\}", text))
    example = (CHECKOUT / "deploy/.env.example").read_text()

    assert demanded <= set(re.findall(r"^(\w+)=", example, re.MULTILINE))


def test_the_image_copies_every_room_and_installs_with_hashes():
    image = (CHECKOUT / "deploy/Dockerfile").read_text()
    sent = (CHECKOUT / "deploy/Dockerfile.dockerignore").read_text()

    for name in ("portal", "registry", "runs", "approvals", "static", "templates"):
        assert f"COPY {name} {name}" in image
        assert f"!{name}" in sent
    assert "--require-hashes" in image
    assert "USER countersign" in image


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        # The caller wrote the first, our proxy the last.
        ("10.0.0.1, 203.0.113.9", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("not an address", "192.0.2.1"),
        ("", "192.0.2.1"),
    ],
)
def test_only_the_last_word_of_the_proxy_is_believed(rf, told, address):
    request = rf.get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": told})

    seen = believe_proxy(lambda request: request.META["REMOTE_ADDR"])(request)

    assert seen == address
