"""When two readers agree enough for an estimate to be published."""

import pytest

from runs.rules.agreeing import agreements
from runs.rules.questions import KEYS


def readings(*pairs):
    return [
        (dict.fromkeys(KEYS, one), dict.fromkeys(KEYS, two))
        for one, two, count in pairs
        for _ in range(count)
    ]


def test_readers_who_differ_too_often_are_told_to_calibrate():
    found = agreements(readings(("yes", "yes", 6), ("no", "yes", 4), ("no", "no", 4)))[
        0
    ]

    assert (found.alike, found.pairs) == (10, 14)
    assert found.judged_by == "alpha"
    assert found.is_calibrated is False
    assert "calibrate the questions before publishing" in found.said


def test_readers_who_agree_on_nearly_all_yes_are_not_punished_for_it():
    found = agreements(readings(("yes", "yes", 38), ("yes", "no", 2)))[0]

    assert found.kappa == pytest.approx(0, abs=0.05)
    assert found.judged_by == "AC1"
    assert found.is_calibrated is True


def test_fewer_than_ten_runs_read_twice_are_not_judged():
    few = agreements(readings(("yes", "no", 9)))[0]
    enough = agreements(readings(("yes", "no", 10)))[0]

    assert few.is_calibrated is None
    assert "1 more run read by two people" in few.said
    assert enough.is_calibrated is False


def test_nothing_read_twice_says_how_many_are_needed():
    found = agreements([])[0]

    assert (found.raw, found.kappa, found.alpha, found.ac1) == (None, None, None, None)
    assert "10 more runs" in found.said
