"""The process tree and the stores in it: restarted, stopped, and never left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from portal.core.services import process
from portal.core.services.refusal import StartRefused

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 20


def eventually(holds, seconds=PATIENCE_SECONDS):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if holds():
            return True
        time.sleep(0.02)
    return False


def is_alive(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return state[0] not in "ZX"


@pytest.fixture
def start_script(tmp_path):
    """Runs a script beside the tests: children need a main thread of their own."""
    started = []

    def start(script: str, *arguments: str) -> subprocess.Popen:
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), *arguments],
            env=os.environ | {"PYTHONPATH": str(CHECKOUT), "NO_COLOR": "1"},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


TREE = """
    import signal, sys
    from portal.core.services import process
    from portal.core.services.tree import Service, Tree

    def sleeper(name):
        code = (
            "import os, time\\n"
            f"print('I am', os.getpid(), flush=True)\\n"
            "time.sleep(600)\\n"
        )
        command = [sys.executable, "-c", code]
        return Service(name, lambda output: process.start(
            command, stop_signal=signal.SIGTERM, output=output))

    with Tree() as tree:
        tree.bring_up(sleeper("first"))
        tree.bring_up(sleeper("second"))
        tree.watch()
    print("all stopped", flush=True)
"""


def next_process(child) -> tuple[str, int]:
    for line in child.stdout:
        if "I am" in line:
            return line.split()[0], int(line.split()[-1])
    raise AssertionError("the tree ended")


def test_what_dies_is_started_again_under_its_name(start_script):
    tree = start_script(TREE)
    (name, first), _ = next_process(tree), next_process(tree)

    os.kill(first, signal.SIGKILL)
    name_again, again = next_process(tree)

    assert name_again == name
    assert again != first
    assert is_alive(again)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_leaves_nothing_behind(start_script, number):
    tree = start_script(TREE)
    (_, first), (_, second) = next_process(tree), next_process(tree)

    tree.send_signal(number)
    said = tree.communicate(timeout=PATIENCE_SECONDS)[0]

    assert tree.returncode == 0
    assert "all stopped" in said
    assert not is_alive(first)
    assert not is_alive(second)


@pytest.mark.skipif(not process.HAS_DEATH_SIGNAL, reason="needs Linux")
def test_killing_the_parent_leaves_nothing_behind(start_script):
    tree = start_script(TREE)
    (_, first), (_, second) = next_process(tree), next_process(tree)

    tree.kill()

    assert eventually(lambda: not is_alive(first) and not is_alive(second))


def test_the_watcher_of_other_systems_leaves_nothing_behind_either(start_script):
    tree = start_script(
        "from portal.core.services import process\n"
        "process.HAS_DEATH_SIGNAL = False\n" + textwrap.dedent(TREE)
    )
    (_, first), (_, second) = next_process(tree), next_process(tree)
    assert is_alive(first)

    tree.kill()

    assert eventually(lambda: not is_alive(first) and not is_alive(second))


def test_what_never_starts_is_told_in_one_sentence(start_script):
    tree = start_script("""
        import signal
        from portal.core.services import process
        from portal.core.services.refusal import StartRefused
        from portal.core.services.tree import Service, Tree
        broken = Service("broken", lambda output: process.start(
            ["/bin/false"], stop_signal=signal.SIGTERM, output=output),
            is_ready=lambda: False)
        try:
            with Tree() as tree:
                tree.bring_up(broken)
        except StartRefused as refusal:
            print(refusal)
        """)

    said = tree.communicate(timeout=PATIENCE_SECONDS)[0]

    assert "broken stopped while it was starting" in said


STORES = """
    import pathlib, subprocess, sys
    from portal.core.services import process
    from portal.core.services.data_directory import DataDirectory
    from portal.core.services.postgres import EmbeddedPostgres, program
    from portal.core.services.valkey import EmbeddedValkey

    folder, sockets, how = map(pathlib.Path, sys.argv[1:])
    if str(how) == "nobody":
        process._can_namespace = lambda: False
    directory = DataDirectory.open(folder)
    directory.take()
    sockets.mkdir(mode=0o700, exist_ok=True)
    postgres = EmbeddedPostgres(folder=directory.postgres, socket_dir=sockets)
    postgres.prepare()
    valkey = EmbeddedValkey(folder=directory.valkey, socket_dir=sockets)
    log = (directory.logs / "log").open("ab")
    postgres.start(output=log)
    valkey.start(output=log)
    postgres.wait_until_ready()
    valkey.wait_until_ready()
    postgres.make_roles()
    postgres.run_sql("countersign", "CREATE TABLE IF NOT EXISTS kept (n int);"
        "INSERT INTO kept VALUES (1);")
    count = subprocess.run([program("psql"), "-h", sockets, "-U", "portal", "-tA",
        "-c", "SELECT count(*) FROM kept", "countersign"], capture_output=True)
    print("rows", int(count.stdout), postgres.child.pid, valkey.child.pid, flush=True)
    if str(how) == "wait":
        sys.stdin.read()
        import time; time.sleep(600)
    valkey.stop()
    postgres.stop()
"""


@pytest.fixture
def places(tmp_path_factory):
    """A data folder, and a folder for sockets with a short path."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="cs-", dir="/tmp"))
    folder.chmod(0o755)
    yield str(folder / "data"), str(folder / "s")
    shutil.rmtree(folder, ignore_errors=True)


def report_of(child) -> tuple[int, int, int]:
    for line in child.stdout:
        if line.startswith("rows"):
            rows, postgres, valkey = map(int, line.split()[1:])
            return rows, postgres, valkey
    raise AssertionError("the stores did not start")


def test_data_is_kept_between_starts_and_after_a_kill(start_script, places):
    first = start_script(STORES, *places, "wait")
    rows, postgres, valkey = report_of(first)
    assert rows == 1

    first.kill()
    assert eventually(lambda: not is_alive(postgres) and not is_alive(valkey))
    again = start_script(STORES, *places, "stop")
    rows, postgres, valkey = report_of(again)
    again.communicate(timeout=PATIENCE_SECONDS)

    assert rows == 2
    assert not is_alive(postgres)
    assert not is_alive(valkey)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has this trouble")
def test_root_without_namespaces_runs_postgresql_as_nobody(start_script, places):
    child = start_script(STORES, *places, "nobody")

    rows, *_ = report_of(child)
    child.communicate(timeout=PATIENCE_SECONDS)

    assert rows == 1
    assert (Path(places[0]) / "postgres").stat().st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has this trouble")
def test_root_is_told_when_nobody_cannot_enter(tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    (closed / "data" / "postgres").mkdir(parents=True)
    closed.chmod(0o700)
    monkeypatch.setattr(process, "_can_namespace", lambda: False)

    with pytest.raises(StartRefused, match=r"cannot enter .*DATABASE_URL"):
        process.credentials_for(closed / "data" / "postgres")
