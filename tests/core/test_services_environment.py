"""What an operator sets: read, or refused with a sentence that names the variable."""

import pytest

from portal.config.environment import EnvironmentRefused, read_environment
from portal.config.middleware import believe_proxy

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
