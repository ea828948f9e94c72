"""The start from any Python: it finds one that runs, or says what to do."""

import ast
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.core.services import bootstrap
from portal.core.services.refusal import StartRefused

CHECKOUT = Path(__file__).resolve().parents[2]
BEFORE_INSTALLING = [
    CHECKOUT / "manage.py",
    CHECKOUT / "portal/__init__.py",
    CHECKOUT / "portal/core/__init__.py",
    CHECKOUT / "portal/core/services/__init__.py",
    CHECKOUT / "portal/core/services/bootstrap.py",
    CHECKOUT / "portal/core/services/refusal.py",
]


@pytest.mark.parametrize("file", BEFORE_INSTALLING, ids=lambda file: file.name)
def test_what_runs_before_installing_is_readable_by_python_3_11(file):
    ast.parse(file.read_text(), feature_version=(3, 11))


@pytest.mark.parametrize(
    "file",
    [*BEFORE_INSTALLING, *(CHECKOUT / "portal/core/services").glob("*.py")],
    ids=lambda file: file.name,
)
def test_services_import_nothing_that_must_be_installed(file):
    allowed = sys.stdlib_module_names | {"portal"}
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        assert {name.partition(".")[0] for name in names} <= allowed


@pytest.fixture
def shim(tmp_path):
    """A version manager's shim: on PATH, executable, and it fails."""
    file = tmp_path / "python3.13"
    file.write_text("#!/bin/sh\nexit 127\n")
    file.chmod(0o755)
    return file


def test_a_shim_that_does_not_run_is_passed_over(shim, monkeypatch):
    monkeypatch.setenv("PATH", str(shim.parent))
    monkeypatch.setattr(sys, "_base_executable", str(shim))
    assert str(shim) in list(bootstrap._candidates())

    found = bootstrap.find_python(CHECKOUT / bootstrap.WHOLE_LOCK)

    assert found != str(shim)
    assert bootstrap._runs(Path(found))


def test_without_any_python_it_says_what_to_install(shim, monkeypatch):
    monkeypatch.setattr(bootstrap, "_candidates", lambda: iter([str(shim)]))
    monkeypatch.setattr(bootstrap, "_ask_uv", lambda folder, lock: "")

    with pytest.raises(StartRefused) as refusal:
        bootstrap.find_python(CHECKOUT / bootstrap.WHOLE_LOCK)

    assert "needs Python 3.12 or newer" in str(refusal.value)
    assert "apt-get install python3.12" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def ran(said: str) -> subprocess.CompletedProcess:
    return subprocess.CompletedProcess([], 1, "", said)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "WARNING: Retrying after connection broken\n"
            "ERROR: No matching distribution found for django==6.1.3",
            "first start needs the network once",
        ),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE FILE.",
            "does not have the hash that the lock promises",
        ),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: something new", "could not be installed: ERROR: something new"),
    ],
)
def test_a_failed_installation_is_told_in_one_sentence(said, sentence):
    assert sentence in bootstrap._why_not_installed(ran(said))


def test_one_package_is_cut_out_of_the_lock_with_its_hashes():
    cut = bootstrap._lines_of("uv", CHECKOUT / bootstrap.WHOLE_LOCK)

    assert cut.startswith("uv==")
    assert cut.count("--hash=sha256:") > 5
    assert cut.count("==") == 1


def test_a_changed_lock_is_installed_anew(tmp_path):
    environment = tmp_path / ".venv"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to(sys.executable)
    lock = tmp_path / "requirements.txt"
    lock.write_text("one==1\n")
    stamp = f'{{"requirements.txt": "{bootstrap._fingerprint(lock)}"}}'
    (environment / "countersign.stamp").write_text(stamp)
    assert bootstrap._is_installed(environment, lock)

    lock.write_text("one==2\n")

    assert not bootstrap._is_installed(environment, lock)


def test_the_installer_can_take_its_own_lock_while_ours_is_held(tmp_path, monkeypatch):
    # uv locks the environment's .lock, and waits five minutes for whoever holds it.
    tried = []

    def install(environment: Path, lock: Path, whole_lock: Path) -> None:
        del lock, whole_lock
        with (environment / ".lock").open("w") as theirs:
            fcntl.flock(theirs, fcntl.LOCK_EX | fcntl.LOCK_NB)
        tried.append(environment)

    monkeypatch.setattr(bootstrap, "_install", install)
    environment = tmp_path / ".venv"

    bootstrap._install_alone(environment, tmp_path / "a.txt", tmp_path / "b.txt")

    assert tried == [environment]


def test_an_image_with_everything_in_place_installs_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("COUNTERSIGN_VENV", "off")

    bootstrap.enter_environment(checkout=tmp_path, arguments=["manage.py", "up"])

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_the_lock_has_hashes_and_names_no_host(name):
    text = (CHECKOUT / name).read_text()
    pins = [line for line in text.splitlines() if line and line[0].isalpha()]

    assert len(pins) > 20
    assert all("==" in pin for pin in pins)
    assert "://" not in text
    assert text.count("--hash=sha256:") >= len(pins)


def test_compiled_modules_are_kept_in_the_environment_whatever_the_machine_says(
    tmp_path,
):
    (tmp_path / "kept.py").write_text("")
    code = (
        "import pathlib, sys\n"
        "from portal.core.services import bootstrap\n"
        f"bootstrap._keep_compiled(pathlib.Path({str(tmp_path / 'venv')!r}))\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "import kept\n"
        "import os, subprocess\n"
        "subprocess.run([sys.executable, '-c', 'import sys; print(sys.pycache_prefix)'])"
    )

    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.strip() == str(tmp_path / "venv" / "pycache")
    assert list((tmp_path / "venv").rglob("kept.*.pyc"))
    assert not (tmp_path / "__pycache__").exists()
