"""The small statistics, against published values and by properties."""

from math import isclose

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.rules.estimating import Answered, results_of
from runs.rules.questions import KEYS
from runs.rules.stats import (
    Stratum,
    binomial_at_most,
    stratified,
    stratified_interval,
    upper_bound,
    wilson,
)

COUNTS = st.integers(1, 2_000).flatmap(
    lambda judged: st.tuples(st.integers(0, judged), st.just(judged))
)


@pytest.mark.parametrize(
    ("having", "judged", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (0, 10, 0.0, 0.2775),
        (7, 50, 0.0695, 0.2619),
        (12, 300, 0.0230, 0.0686),
    ],
)
def test_wilson_agrees_with_published_intervals(having, judged, low, high):
    found = wilson(having, judged)

    assert found is not None
    assert found.low == pytest.approx(low, abs=6e-5)
    assert found.high == pytest.approx(high, abs=6e-5)


@pytest.mark.parametrize(
    ("having", "judged", "bound"),
    [
        (0, 10, 0.259),
        (0, 300, 0.0099),
        (7, 50, 0.247),
        (12, 300, 0.064),
        (0, 59, 0.0495),
        (0, 299, 0.00997),
        (5, 5, 1.0),
    ],
)
def test_the_exact_upper_bound_agrees_with_published_values(having, judged, bound):
    # Published to a tenth of a percent; the property below holds them to a millionth.
    assert upper_bound(having, judged) == pytest.approx(bound, abs=5e-4)


def test_nothing_judged_gives_nothing_and_never_divides_by_zero():
    assert wilson(0, 0) is None
    assert upper_bound(0, 0) is None
    assert stratified([]) is None
    assert stratified([Stratum(10, 0, 0)]) is None
    assert stratified([Stratum(0, 0, 0)]) is None


def test_a_layer_without_a_judged_run_is_never_left_out_silently():
    whole = [Stratum(90, 9, 9), Stratum(10, 5, 0)]

    assert stratified(whole).share == pytest.approx(0.9)
    assert stratified([*whole, Stratum(50, 0, 0)]) is None


def test_the_stratified_variance_is_cochrans():
    found = stratified([Stratum(100, 11, 5), Stratum(300, 21, 7)])

    first, second = 5 / 11, 1 / 3
    variance = 0.25**2 * first * (1 - first) / 10 * (1 - 11 / 100)
    variance += 0.75**2 * second * (1 - second) / 20 * (1 - 21 / 300)
    assert found.share == pytest.approx(0.25 * first + 0.75 * second)
    assert found.variance == pytest.approx(variance)


@given(COUNTS)
@settings(max_examples=200, deadline=None)
def test_an_interval_holds_its_share_and_mirrors(counts):
    having, judged = counts
    found, mirror = wilson(having, judged), wilson(judged - having, judged)

    assert 0 <= found.low <= found.share <= found.high <= 1
    assert isclose(found.low, 1 - mirror.high, abs_tol=1e-12)


@given(COUNTS)
@settings(max_examples=100, deadline=None)
def test_the_upper_bound_leaves_five_percent_below(counts):
    having, judged = counts
    bound = upper_bound(having, judged)

    assert having / judged <= bound <= 1
    if having < judged:
        assert binomial_at_most(having, judged, bound) == pytest.approx(0.05, abs=1e-6)


@given(st.lists(COUNTS, min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_a_stratified_interval_stays_within_zero_and_one(layers):
    found = stratified_interval(
        Stratum(judged + 10, judged, having) for having, judged in layers
    )

    assert 0 <= found.low <= found.share <= found.high <= 1


# What a week's answers come to.


def answered(*parts):
    """Give reviewed runs from (layer, chance, "yes" runs, "no" runs)."""
    return [
        Answered(layer, dict.fromkeys(KEYS, answer), chance)
        for layer, chance, yes, no in parts
        for answer in ["yes"] * yes + ["no"] * no
    ]


def test_a_share_is_said_with_its_interval_and_its_ground():
    rows = answered(("rest", 0.1, 44, 4))

    result = results_of(rows, populations={"rest": 611})[0]

    assert result.shown == "92 % (81–97), 48 of 611 runs reviewed"
    assert result.note == ""


def test_fewer_than_ten_judged_are_counts_and_no_share():
    result = results_of(answered(("rest", 0.1, 8, 1)), populations={"rest": 90})[0]

    assert result.interval is None
    assert result.shown == "8 of 9 yes, 9 of 90 runs reviewed"
    assert "10 judged runs are needed" in result.note


def test_none_seen_is_a_bound_and_says_how_many_more_would_lower_it():
    found = results_of(answered(("rest", 0.1, 40, 0)), populations={"rest": 4_000})[0]
    bound = found.bound_of_no

    assert bound == pytest.approx(1 - 0.05 ** (1 / int(found.size_effective)))
    assert f"fewer than {bound * 100:.1f} % of runs" in found.note
    short = 59 - int(found.size_effective)
    assert f"{short} more clean ones for fewer than 5 %" in found.note
    assert found.clean_needed[1] == (0.01, 299 - int(found.size_effective))


def test_fifty_clean_runs_of_a_small_layer_do_not_bound_a_large_one():
    rows = answered(("must_see", 1, 50, 0), ("rest", 0.005, 5, 0))

    found = results_of(rows, populations={"must_see": 50, "rest": 1_000})[0]

    assert found.size_effective < 6
    assert found.bound_of_no > 0.4


def test_a_layer_without_a_judged_run_makes_the_share_unweighted_and_says_so():
    rows = answered(("must_see", 1, 12, 3))

    found = results_of(rows, populations={"must_see": 15, "rest": 400})[0]

    assert not found.is_weighted
    assert found.interval.share == pytest.approx(0.8)
    assert "Not weighted" in found.note


def test_rare_runs_drawn_often_weigh_little():
    rows = answered(("money", 1.0, 0, 10), ("money", 0.1, 10, 0))

    found = results_of(rows, populations={"money": 110})[0]

    assert found.interval.share == pytest.approx(100 / 110)
    assert found.judged_by_layer == {"money": 20}


def test_an_empty_week_has_no_data():
    found = results_of([], populations={})[0]

    assert found.shown == "No data yet, 0 of 0 runs reviewed"
    assert (found.interval, found.bound_of_no, found.clean_needed) == (None, None, ())
