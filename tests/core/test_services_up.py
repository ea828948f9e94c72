"""`manage.py up` and single commands, as an operator meets them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from portal.config.operate import remembered
from portal.core.services.data_directory import DataDirectory

CHECKOUT = Path(__file__).resolve().parents[2]
OURS = ("COUNTERSIGN_", "DATABASE_", "BROKER_", "SECRET_", "PUBLIC_", "DJANGO_")
START_SECONDS_MAX = 120
PATIENCE_SECONDS = 30


def environ_of_operator() -> dict[str, str]:
    usual = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
    usual.pop("DEBUG", None)
    return usual | {"COUNTERSIGN_VENV": "off", "NO_COLOR": "1"}


def manage(*arguments: str, **environ: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, CHECKOUT / "manage.py", *arguments],
        env=environ_of_operator() | environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=START_SECONDS_MAX,
    )


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_port_in_use_is_refused_in_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = str(taken.getsockname()[1])

        ran = manage("up", "--port", number, "--data-dir", str(tmp_path / "data"))

    assert ran.returncode == 2
    assert ran.stderr.startswith(f"countersign: Port {number} is in use")
    assert ran.stderr.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_port_that_is_none_is_refused_in_one_sentence(tmp_path):
    ran = manage("up", "--port", "70000", "--data-dir", str(tmp_path / "data"))

    assert ran.returncode == 2
    assert "70000 is no port" in ran.stderr


@pytest.mark.parametrize("command", [("up", "--port", "0"), ("verify_audit",)])
def test_a_data_folder_of_somebody_else_is_refused_by_every_command(tmp_path, command):
    (tmp_path / "thesis.txt").write_text("mine")

    ran = manage(*command, COUNTERSIGN_DATA_DIR=str(tmp_path))

    assert ran.returncode == 2
    assert "is not a Countersign data folder" in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == ["thesis.txt"]


def test_a_wrong_environment_is_refused_by_every_command(tmp_path):
    ran = manage("check", DEBUG="perhaps", COUNTERSIGN_DATA_DIR=str(tmp_path))

    assert ran.returncode == 2
    assert ran.stderr == "countersign: DEBUG must be on or off, not 'perhaps'.\n"


def test_a_command_without_a_portal_starts_the_database_for_itself(tmp_path):
    folder = str(tmp_path / "data")
    # To the command it is a folder that nobody prepared; migrating it takes no time.
    with DataDirectory.open(tmp_path / "data") as directory:
        remembered.bring(directory.postgres)

    ran = manage("verify_audit", COUNTERSIGN_DATA_DIR=folder)
    again = manage("verify_audit", COUNTERSIGN_DATA_DIR=folder)

    assert ran.returncode == 0, ran.stderr
    assert again.returncode == 0, again.stderr
    assert processes_of(folder) == []


def processes_of(folder: str) -> list[tuple[int, str]]:
    """The processes that work in or for a data folder, oldest first."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environ = (entry / "environ").read_bytes().decode(errors="replace")
            # Valkey writes its title over its arguments and its environment.
            working = os.readlink(entry / "cwd")
        except OSError:
            continue
        if folder in command or folder in environ or working.startswith(folder):
            found.append((int(entry.name), command))
    return sorted(found)


class Up:
    """One running `manage.py up`."""

    def __init__(self, folder: Path, port: int, log: Path) -> None:
        self.folder, self.port, self.log = folder, port, log
        self.began = time.monotonic()
        with log.open("wb") as output:
            self.child = subprocess.Popen(
                [
                    *(sys.executable, CHECKOUT / "manage.py", "up", "--no-demo"),
                    *("--port", str(port), "--data-dir", str(folder)),
                ],
                env=environ_of_operator(),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self) -> float:
        while "is ready at" not in self.log.read_text():
            if self.child.poll() is not None:
                pytest.fail(f"up ended:\n{self.log.read_text()[-4000:]}")
            if time.monotonic() - self.began > START_SECONDS_MAX:
                pytest.fail(f"up is not ready:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)
        return time.monotonic() - self.began

    def answers(self, path: str) -> dict:
        address = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(address, timeout=5) as answer:
            return json.load(answer)

    def is_ready(self) -> bool:
        try:
            return self.answers("/readyz")["status"] == "ok"
        except OSError:
            return False

    def leaves_nothing(self) -> bool:
        return eventually(lambda: processes_of(str(self.folder)) == [])


def eventually(holds) -> bool:
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        if holds():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def start_up(tmp_path, port):
    started = []

    def start() -> Up:
        up = Up(tmp_path / "data", port, tmp_path / f"up-{len(started)}.log")
        started.append(up)
        return up

    yield start
    for up in started:
        up.child.kill()
        up.child.wait()
        assert up.leaves_nothing()


@pytest.mark.slow
def test_up_from_start_to_stop(start_up, tmp_path):
    first = start_up()
    first.wait_until_ready()
    assert first.answers("/readyz")["broker"] == "ok"

    # Another command finds the running portal; another portal is told of it.
    folder = str(tmp_path / "data")
    assert manage("verify_audit", COUNTERSIGN_DATA_DIR=folder).returncode == 0
    second = manage("up", "--port", "0", "--data-dir", folder)
    assert second.returncode == 2
    assert f"already runs from {folder}" in second.stderr
    assert first.is_ready()

    # What dies comes back.
    for part in ("gunicorn", "celery", "postgres", "valkey-server"):
        kill_one(folder, part)
    assert eventually(lambda: "starting again" in first.log.read_text())
    assert eventually(first.is_ready)

    first.child.send_signal(signal.SIGTERM)
    assert first.child.wait(PATIENCE_SECONDS) == 0
    assert first.leaves_nothing()
    assert "countersign: stopped." in first.log.read_text()

    again = start_up()
    again.wait_until_ready()
    again.child.kill()
    again.child.wait()

    assert again.leaves_nothing()


def kill_one(folder: str, part: str) -> None:
    """Ends the first process of a part, as an out-of-memory killer would."""

    def running() -> list[int]:
        return [number for number, command in processes_of(folder) if part in command]

    # What was killed before may still be coming back.
    assert eventually(running), f"no {part} runs"
    os.kill(running()[0], signal.SIGKILL)
