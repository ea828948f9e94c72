"""The small statistics, against published values and by properties."""

from math import isclose

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
