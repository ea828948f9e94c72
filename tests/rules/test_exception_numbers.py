"""Escalations avoided, and exceptions settled alike: by hand, and against an oracle."""

import random

import pytest

from approvals.rules.consistency import alikeness_of
from approvals.rules.ended import EndKind, decided_in
from runs.rules.avoided import KindOfCase, avoided_in
from runs.rules.stats.agreement import krippendorff_alpha


def test_avoided_is_expected_less_seen_by_kind_of_case():
    late = KindOfCase(cases=100, escalated=10, rate_before=0.2, cases_before=200)
    lost = KindOfCase(cases=50, escalated=20, rate_before=0.3, cases_before=100)

    found = avoided_in([late, lost])

    # 100 × 0.2 + 50 × 0.3 = 35 expected, 30 seen.
    assert (found.expected, found.escalated, found.value) == (35, 30, 5)
    # 100²·0.16/200 + 100·0.09 + 50²·0.21/100 + 50·0.24 = 8 + 9 + 5.25 + 12 = 34.25
    half = 1.959964 * 34.25**0.5
    assert found.low == pytest.approx(5 - half, abs=1e-4)
    assert found.high == pytest.approx(5 + half, abs=1e-4)


@pytest.mark.parametrize(
    ("kinds", "value"),
    [
        ([], None),
        ([KindOfCase(0, 0, 0.5, 10)], None),
        # More than before: a negative number is an answer.
        ([KindOfCase(10, 10, 0.1, 100)], -9),
        ([KindOfCase(10, 0, 0.0, 0)], 0),
        ([KindOfCase(1, 0, 1.0, 1)], 1),
    ],
)
def test_avoided_at_its_edges(kinds, value):
    found = avoided_in(kinds)

    assert (found and found.value) == value
    assert found is None or found.low <= found.value <= found.high


def test_alike_counts_pairs_within_a_signature_only():
    found = alikeness_of([{"passed": 3, "refused": 1}, {"refused": 2}, {"passed": 1}])

    # Of four: 3 pairs alike of 6; of two: 1 of 1; one alone is compared with nothing.
    assert (found.alike, found.pairs) == (4, 7)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([], (0, 0, None)),
        ([{"passed": 1}], (0, 0, None)),
        ([{"passed": 5}, {"passed": 2}], (11, 11, None)),
        ([{"passed": 2}, {"refused": 2}], (2, 2, 1.0)),
    ],
)
def test_alike_at_its_edges(counts, expected):
    found = alikeness_of(counts)

    assert (found.alike, found.pairs, found.alpha) == expected


def test_alpha_agrees_with_the_alpha_of_the_weekly_review():
    dice = random.Random(11)  # noqa: S311 - no secret
    for _ in range(60):
        groups = [
            {"passed": dice.randrange(5), "refused": dice.randrange(5)}
            for _ in range(dice.randrange(1, 8))
        ]
        readings = [
            ["passed"] * each["passed"] + ["refused"] * each["refused"]
            for each in groups
        ]
        expected = krippendorff_alpha(readings)
        found = alikeness_of(groups).alpha
        if found is not None:
            assert found == pytest.approx(expected)


def test_whatever_ended_is_counted_in_exactly_one_place():
    states = ("APPROVED", "EDITED", "REJECTED", "RESPONDED", "EXPIRED", "WITHDRAWN")
    counts = {
        EndKind(state, is_material=state == "EDITED" and odd): number
        for number, state in enumerate(states, start=1)
        for odd in (False, True)
    }
    counts[EndKind("APPROVED", is_superseded=True)] = 50
    found = decided_in(counts)

    assert found.decided == found.as_is + found.cosmetic + found.overridden
    everything = found.decided + found.expired + found.withdrawn + found.superseded
    assert everything == sum(counts.values())


def test_nothing_ended_is_nothing_counted():
    assert decided_in({}).decided == 0
