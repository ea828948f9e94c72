"""The data folder: ours or refused, one holder at a time, and plain about trouble."""

import errno
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from portal.core.services import data_directory
from portal.core.services.data_directory import DataDirectory, write_private_json
from portal.core.services.refusal import StartRefused

CHECKOUT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, pathlib
sys.path.insert(0, sys.argv[1])
from portal.core.services.data_directory import DataDirectory
directory = DataDirectory.open(pathlib.Path(sys.argv[2]))
directory.take()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def other_holder(folder):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(CHECKOUT), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    holder.stdout.readline()
    yield holder
    holder.kill()
    holder.communicate()


def test_an_empty_folder_becomes_ours_and_stays_ours(folder):
    DataDirectory.open(folder)

    again = DataDirectory.open(folder)

    assert (folder / "countersign.json").exists()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert again.path == folder


def test_a_folder_of_somebody_else_is_refused_and_left_alone(folder):
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")

    with pytest.raises(StartRefused, match=r"not a Countersign data folder.*thesis"):
        DataDirectory.open(folder)

    assert sorted(os.listdir(folder)) == ["thesis.txt"]


def test_a_file_is_no_folder(folder):
    folder.write_text("")

    with pytest.raises(StartRefused, match="is a file"):
        DataDirectory.open(folder)


@pytest.mark.parametrize(
    ("marker", "sentence"),
    [
        ({"product": "countersign", "format": 99}, "another version"),
        ({"product": "other"}, "not readable as a Countersign marker"),
    ],
)
def test_a_marker_we_do_not_know_is_refused(folder, marker, sentence):
    folder.mkdir()
    write_private_json(folder / "countersign.json", marker)

    with pytest.raises(StartRefused, match=sentence):
        DataDirectory.open(folder)


def test_a_full_disk_is_said_in_one_sentence(folder, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))

    with pytest.raises(StartRefused, match=r"disk under .* is full.*free some space"):
        DataDirectory.open(folder)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "is full"),
        (errno.EDQUOT, "is full"),
        (errno.EACCES, "cannot be written by this user"),
        (errno.EROFS, "cannot be written by this user"),
    ],
)
def test_trouble_of_the_disk_becomes_a_sentence(folder, number, sentence):
    with (
        pytest.raises(StartRefused, match=sentence),
        data_directory.refuse_on_disk_trouble(folder),
    ):
        raise OSError(number, os.strerror(number))


def test_other_trouble_stays_what_it_is(folder):
    with (
        pytest.raises(OSError, match="Interrupted"),
        data_directory.refuse_on_disk_trouble(folder),
    ):
        raise OSError(errno.EINTR, os.strerror(errno.EINTR))


def test_a_second_portal_is_told_where_the_first_one_is(folder, other_holder):
    write_private_json(folder / "runtime.json", {"public_url": "http://first"})
    directory = DataDirectory.open(folder)

    with pytest.raises(StartRefused, match="already runs from .* at http://first"):
        directory.take()

    assert directory.is_in_use()


def test_the_folder_is_free_again_when_its_holder_was_killed(folder, other_holder):
    directory = DataDirectory.open(folder)
    assert directory.is_in_use()

    other_holder.kill()
    other_holder.wait()

    assert not directory.is_in_use()
    with directory:
        assert directory.is_in_use()


def test_what_a_killed_holder_published_is_forgotten(folder, tmp_path):
    sockets = tmp_path / "countersign-left-behind"
    sockets.mkdir()
    directory = DataDirectory.open(folder)
    directory.publish({"socket_dir": str(sockets), "database_url": "postgresql://x/y"})
    assert directory.runtime() == {}

    with directory:
        assert directory.runtime() == {}

    assert not sockets.exists()


def test_only_our_own_leftovers_are_removed(folder, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    directory = DataDirectory.open(folder)
    directory.publish({"socket_dir": str(precious)})

    with directory:
        pass

    assert precious.exists()


def test_secrets_are_made_once_and_for_the_owner_only(folder):
    directory = DataDirectory.open(folder)

    first = directory.secrets()

    assert DataDirectory.open(folder).secrets() == first
    assert (folder / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert len(first["secret_key"]) >= 50
