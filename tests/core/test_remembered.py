"""The migrated cluster that is kept between runs of the tests."""

import sys
from pathlib import Path

import pytest

from portal.config.operate import remembered, services


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cluster to keep, in an environment of its own."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    (tmp_path / "environment").mkdir()
    made = tmp_path / "cluster"
    (made / "base").mkdir(parents=True, mode=0o700)
    (made / "base" / "1").write_text("rows")
    return made


def test_what_was_kept_is_brought_whole_and_stays_as_it_was(cluster, tmp_path):
    remembered.keep(cluster)

    assert remembered.bring(tmp_path / "first")
    (tmp_path / "first" / "base" / "1").write_text("written by a test")
    assert remembered.bring(tmp_path / "second")
    assert (tmp_path / "second" / "base" / "1").read_text() == "rows"


def test_other_migrations_are_never_answered_with_the_kept_ones(
    cluster, tmp_path, monkeypatch
):
    remembered.keep(cluster)
    monkeypatch.setattr(services, "migrations_fingerprint", lambda: "another")

    assert not remembered.bring(tmp_path / "first")
    assert not (tmp_path / "first").exists()


def test_keeping_twice_leaves_one_and_no_half(cluster):
    remembered.keep(cluster)
    remembered.keep(cluster)

    kept = Path(sys.prefix) / "migrated"
    assert [each.name for each in kept.iterdir()] == [services.migrations_fingerprint()]


def test_only_the_last_few_are_kept(cluster, monkeypatch):
    for number in range(remembered.KEPT_MAX + 2):
        monkeypatch.setattr(
            services, "migrations_fingerprint", lambda n=number: f"m{n}"
        )
        remembered.keep(cluster)

    kept = list((Path(sys.prefix) / "migrated").iterdir())
    assert len(kept) == remembered.KEPT_MAX


def test_an_environment_that_takes_no_folder_keeps_none(cluster, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "file"))
    remembered.keep(cluster)

    assert not remembered.bring(tmp_path / "first")
