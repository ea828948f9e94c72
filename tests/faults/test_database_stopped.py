"""The database stops: the API says so, and works again when it is back, by itself."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.core.services.postgres import (
    APPLICATION,
    DATABASE,
    THROWAWAY_OPTIONS,
    EmbeddedPostgres,
    program,
)
from tests.conftest import TestDatabase

pytestmark = [pytest.mark.race, pytest.mark.slow]
BACK_SECONDS_MAX = 20


@pytest.fixture
def own_postgres(portal, committed_db: TestDatabase) -> Iterator[EmbeddedPostgres]:
    """A second server with a copy of the test's database, for this test to stop."""
    folder = Path(tempfile.mkdtemp(prefix="cs-fault-"))
    folder.chmod(0o755)  # noqa: S103 - the server may run as another user
    (folder / "socket").mkdir()
    server = EmbeddedPostgres(
        folder=folder / "data",
        socket_dir=folder / "socket",
        options=THROWAWAY_OPTIONS,
    )
    try:
        server.prepare()
        server.start(output=subprocess.DEVNULL)
        server.wait_until_ready()
        server.make_roles()
        source = committed_db.superuser_url.replace(
            "/countersign?", f"/{committed_db.name}?"
        )
        dump = subprocess.run(  # noqa: S603
            [program("pg_dump"), "-d", source], capture_output=True, check=True
        )
        server.run_sql(
            DATABASE, dump.stdout.decode().replace("CREATE SCHEMA public;", "")
        )
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_the_api_says_unavailable_and_recovers(portal, start_web, own_postgres):
    web = start_web(DATABASE_URL=own_postgres.url(APPLICATION))
    before = web.send("/actions", portal.key, portal.body("1.00"), once="a")

    own_postgres.stop()
    away = [
        web.send("/actions", portal.key, portal.body("1.00"), once="b"),
        web.send(f"/actions/{before.document['id']}", portal.key),
        web.send("/events", portal.key, {"events": []}),
    ]
    own_postgres.start(output=subprocess.DEVNULL)
    own_postgres.wait_until_ready()
    ends = time.monotonic() + BACK_SECONDS_MAX
    after = web.send("/actions", portal.key, portal.body("1.00"), once="b")
    while after.status == 503 and time.monotonic() < ends:
        time.sleep(0.2)
        after = web.send("/actions", portal.key, portal.body("1.00"), once="b")

    assert before.status == 201
    for answer in away:
        assert answer.status == 503
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.document["code"]
    assert after.status == 201
    kept = web.send(f"/actions/{before.document['id']}", portal.key)
    assert kept.document["status"] == "allowed"
