"""Our statistics against scipy's and statsmodels', over a grid and by properties.

The only file that imports them: it takes seconds.
"""

from collections import Counter
from fractions import Fraction
from itertools import permutations, product
from math import isclose, log
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.rules.stats import (
    Stratum,
    clean_needed,
    clopper_pearson,
    lower_bound,
    stratified,
    stratified_interval,
    upper_bound,
    wilson,
)
from runs.rules.stats.agreement import (
    cohens_kappa,
    gwet_ac1,
    krippendorff_alpha,
    pabak,
    raw_agreement,
)
from runs.rules.stats.control import (
    ODDS_CHANGE,
    Watch,
    bernoulli_cusum,
    chance_of_alarm,
    changed_odds,
    p_chart_limits,
    reference_value,
)
from runs.rules.stats.many import benjamini_hochberg, weighted_percentile

SIZES = (1, 2, 3, 5, 10, 29, 50, 148, 300, 1_999)
GRID = [
    (having, size)
    for size in SIZES
    for having in sorted({0, 1, size // 3, size // 2, size - 1, size})
    if 0 <= having <= size
]
ANSWERS = st.sampled_from(("yes", "no", "not_applicable", "cannot_judge"))
PAIRS = st.lists(st.tuples(ANSWERS, ANSWERS), min_size=1, max_size=40)
READINGS = st.lists(st.lists(ANSWERS, max_size=4), max_size=20)
SHARES = (0.05, 0.1, 0.3)


# One share.


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_intervals_are_those_of_statsmodels_over_a_grid(confidence):
    from statsmodels.stats.proportion import proportion_confint

    for having, size in GRID:
        ours = wilson(having, size, confidence=confidence)
        theirs = proportion_confint(having, size, 1 - confidence, method="wilson")
        assert (ours.low, ours.high) == pytest.approx(theirs, abs=1e-12)
        exact = clopper_pearson(having, size, confidence=confidence)
        theirs = proportion_confint(having, size, 1 - confidence, method="beta")
        assert (exact.low, exact.high) == pytest.approx(theirs, abs=1e-9)


def test_one_sided_bounds_are_those_of_scipy_over_a_grid():
    from scipy.stats import binomtest

    for having, size in GRID:
        above = binomtest(having, size, alternative="less").proportion_ci(0.95)
        below = binomtest(having, size, alternative="greater").proportion_ci(0.95)
        assert upper_bound(having, size) == pytest.approx(above.high, abs=1e-9)
        assert lower_bound(having, size) == pytest.approx(below.low, abs=1e-9)


def test_the_clean_reviews_that_are_needed_are_the_published_ones():
    assert clean_needed(0.05) == 59
    assert clean_needed(0.01) == 299
    for share in (0.5, 0.2, 0.05, 0.01, 0.001):
        needed = clean_needed(share)
        assert upper_bound(0, needed) < share
        assert needed == 1 or upper_bound(0, needed - 1) >= share


# A share over layers.


@given(
    st.lists(
        st.tuples(st.integers(2, 60), st.integers(0, 60), st.integers(0, 300)),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=60, deadline=None)
def test_even_chances_give_what_counts_give(layers):
    counted, chanced = [], []
    for judged, having, unseen in layers:
        having = min(having, judged)
        population = judged + unseen
        had = [(judged / population, place < having) for place in range(judged)]
        counted.append(Stratum(population, judged, having))
        chanced.append(Stratum(population, judged, having, tuple(had)))

    ours, theirs = stratified(chanced), stratified(counted)

    assert ours.share == pytest.approx(theirs.share, abs=1e-12)
    assert ours.variance == pytest.approx(theirs.variance, abs=1e-12)


def test_uneven_chances_are_weighed_without_bias_and_their_variance_is_honest():
    """Poisson draws of one population: the mean error is small, the spread as estimated."""
    chance = Random(7)  # noqa: S311 - a simulation
    population = [
        (0.8 if at % 5 == 0 else 0.2, at % 5 == 0 or at % 3 == 0) for at in range(300)
    ]
    truth = sum(had for _, had in population) / len(population)
    found = []
    for _ in range(300):
        drawn = [one for one in population if chance.random() < one[0]]
        found.append(stratified([Stratum.of(len(population), drawn)]))

    shares = [one.share for one in found]
    mean = sum(shares) / len(shares)
    spread = sum((share - mean) ** 2 for share in shares) / (len(shares) - 1)
    naive = sum(pi * had for pi, had in population) / sum(pi for pi, _ in population)
    assert abs(mean - truth) < 0.02 < abs(naive - truth)
    assert sum(one.variance for one in found) / len(found) == pytest.approx(
        spread, rel=0.25
    )


def test_a_layer_that_was_read_whole_adds_no_variance():
    part = Stratum(100, 20, 12)
    whole = Stratum(100, 100, 90)

    alone, beside = stratified([part]), stratified([part, whole])

    assert beside.variance == pytest.approx(alone.variance / 4)
    assert stratified([whole]).variance == 0


@pytest.mark.parametrize("having", [0, 5])
def test_five_alike_of_a_thousand_count_as_five_and_not_as_all_that_was_read(having):
    census = Stratum(50, 50, 10 * having)
    found = stratified_interval([census, Stratum(1_000, 5, having)])
    few = wilson(having, 5)

    assert found.high - found.low > 0.8 * (few.high - few.low)
    assert found.high - found.low > 5 * (lambda it: it.high - it.low)(wilson(50, 50))


@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.integers(0, 200)), min_size=1, max_size=4
    ),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_answers_that_are_all_alike_never_give_an_interval_without_width(sizes, had):
    layers = [
        Stratum(judged + unseen, judged, judged * had) for judged, unseen in sizes
    ]

    found = stratified_interval(layers)

    assert found.high - found.low > 0


# Agreement.


@given(PAIRS)
@settings(max_examples=60, deadline=None)
def test_kappa_is_that_of_statsmodels(pairs):
    import numpy as np
    from statsmodels.stats.inter_rater import cohens_kappa as oracle

    names = sorted({answer for pair in pairs for answer in pair})
    counts = Counter(pairs)
    table = np.array([[counts[one, two] for two in names] for one in names])
    ours = cohens_kappa(pairs)

    if ours is None:
        assert len(names) == 1
    else:
        assert ours == pytest.approx(
            float(oracle(table, return_results=False)), abs=1e-12
        )


def alpha_by_coincidences(readings):
    """Give alpha from the matrix itself, pair by pair."""
    matrix = Counter()
    for row in readings:
        for one, two in permutations(range(len(row)), 2):
            matrix[row[one], row[two]] += 1 / (len(row) - 1)
    names = {name for pair in matrix for name in pair}
    totals = {name: sum(matrix[name, other] for other in names) for name in names}
    size = sum(totals.values())
    seen = sum(matrix[one, two] for one, two in product(names, names) if one != two)
    due = sum(
        totals[one] * totals[two] for one, two in product(names, names) if one != two
    )
    return None if due == 0 else 1 - (size - 1) * seen / due


@given(READINGS)
@settings(max_examples=100, deadline=None)
def test_alpha_is_the_one_of_the_matrix_of_coincidences(readings):
    ours, theirs = krippendorff_alpha(readings), alpha_by_coincidences(readings)

    if theirs is None:
        assert ours is None
    else:
        assert ours == pytest.approx(theirs, abs=1e-9)


def test_alpha_gives_krippendorffs_own_examples():
    """Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), A, B and C."""
    binary = zip("0100000000", "1110010010", strict=True)
    nominal = zip("aabbdcccedda", "babbbcccedd" + "d", strict=True)
    four = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
    missing = [[one for one in unit if one != "."] for unit in zip(*four, strict=True)]

    assert krippendorff_alpha(binary) == pytest.approx(0.095, abs=5e-4)
    assert krippendorff_alpha(nominal) == pytest.approx(0.692, abs=5e-4)
    assert krippendorff_alpha(missing) == pytest.approx(0.743, abs=5e-4)


@given(PAIRS)
@settings(max_examples=60, deadline=None)
def test_agreement_is_whole_when_both_say_the_same(pairs):
    same = [(one, one) for one, _ in pairs]

    assert raw_agreement(same) == 1
    assert gwet_ac1(same, answers=4) == pytest.approx(1)
    assert pabak(same, answers=4) == pytest.approx(1)
    assert 0 <= raw_agreement(pairs) <= 1


def test_kappa_collapses_where_nearly_all_say_yes_and_ac1_does_not():
    # Feinstein and Cicchetti's paradox; Gwet (2008) gives AC1 for tables like this one.
    pairs = [("yes", "yes")] * 118 + [("yes", "no")] * 5 + [("no", "yes")] * 2

    assert raw_agreement(pairs) == pytest.approx(0.944)
    assert cohens_kappa(pairs) == pytest.approx(-0.0234, abs=5e-4)
    assert gwet_ac1(pairs, answers=2) == pytest.approx(0.9407, abs=5e-4)
    assert pabak(pairs, answers=2) == pytest.approx(0.888)


def test_nothing_read_twice_has_no_agreement():
    assert raw_agreement([("yes",)]) is None
    assert cohens_kappa([]) is None
    assert krippendorff_alpha([("yes",), ()]) is None
    assert gwet_ac1([], answers=4) is None
    assert pabak([("yes",)], answers=4) is None
    assert cohens_kappa([("yes", "yes")]) is None


# Control.


def test_the_reference_value_is_the_published_one():
    assert changed_odds(0.1, ODDS_CHANGE) == pytest.approx(0.2)
    assert reference_value(0.1, 0.2) == pytest.approx(0.1452, abs=5e-5)


def test_a_weeks_limits_are_three_sigma_and_widen_with_fewer():
    assert p_chart_limits(0.1, 100) == pytest.approx((0.01, 0.19))
    assert p_chart_limits(0.1, 10) == pytest.approx((0, 0.3846), abs=1e-4)
    assert p_chart_limits(0.1, 0) is None


def chain(share, actual, *, falls, alarm_at):
    """Give the watch's transitions below its alarm, on a fine grid, as a matrix."""
    import numpy as np

    changed = changed_odds(share, 1 / ODDS_CHANGE if falls else ODDS_CHANGE)
    k = Fraction(reference_value(share, changed)).limit_denominator(100)
    unit, step = k.denominator, k.numerator
    moves = (step - unit, step) if falls else (unit - step, -step)
    size = alarm_at * unit
    matrix = np.zeros((size, size))
    for at in range(size):
        for move, chance in zip(moves, (actual, 1 - actual), strict=True):
            to = max(0, at + move)
            if to < size:
                matrix[at, to] += chance
    return matrix


def run_lengths(matrix):
    """Give how long the watch runs on average from each state, solved exactly."""
    import numpy as np

    return np.linalg.solve(np.eye(len(matrix)) - matrix, np.ones(len(matrix)))


@pytest.mark.parametrize(("alarm_at", "calm", "quick"), [(4, 789, 57), (5, 2_084, 71)])
def test_run_lengths_are_those_quoted(alarm_at, calm, quick):
    """The quoted ones were simulated: a false alarm from the start, a change from later on."""
    import numpy as np

    usual = chain(0.1, 0.1, falls=False, alarm_at=alarm_at)
    after = run_lengths(chain(0.1, 0.2, falls=False, alarm_at=alarm_at))
    settled = np.linalg.matrix_power(usual, 500)[0]

    assert run_lengths(usual)[0] == pytest.approx(calm, rel=0.1)
    assert settled @ after / settled.sum() == pytest.approx(quick, rel=0.1)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("falls", [False, True])
def test_the_chance_of_a_false_alarm_is_that_of_the_exact_chain(share, falls):
    calm = run_lengths(chain(share, share, falls=falls, alarm_at=5))[0]

    found = chance_of_alarm(share, falls=falls, decisions=50)

    assert -50 / log(1 - found) == pytest.approx(calm, rel=0.1)


def test_the_watch_itself_runs_as_long_as_the_chain_says():
    chance = Random(11)  # noqa: S311 - a simulation
    lengths = []
    for _ in range(150):
        decisions = [chance.random() < 0.2 for _ in range(800)]
        lengths.append(bernoulli_cusum(Watch(0.1), decisions).up_at + 1)
    exact = run_lengths(chain(0.1, 0.2, falls=False, alarm_at=5))[0]

    assert sum(lengths) / len(lengths) == pytest.approx(exact, rel=0.1)


def test_a_rise_alarms_upward_and_a_collapse_downward():
    usual = [place % 10 == 0 for place in range(400)]
    risen = [place % 3 == 0 for place in range(120)]
    never = [False] * 200

    calm = bernoulli_cusum(Watch(0.1), usual)
    up = bernoulli_cusum(calm.end, risen)
    down = bernoulli_cusum(calm.end, never)

    assert (calm.up_at, calm.down_at) == (None, None)
    assert up.up_at == pytest.approx(24, abs=6)
    assert up.down_at is None
    assert down.down_at == pytest.approx(71, abs=10)
    assert down.up_at is None


@given(st.lists(st.booleans(), max_size=120), st.integers(0, 120))
@settings(max_examples=60, deadline=None)
def test_a_watch_taken_up_again_ends_where_one_that_went_on_ends(decisions, cut):
    whole = bernoulli_cusum(Watch(0.2), decisions)
    first = bernoulli_cusum(Watch(0.2), decisions[:cut])
    then = bernoulli_cusum(first.end, decisions[cut:])

    assert then.end == whole.end
    assert max(first.up_peak, then.up_peak) == whole.up_peak


# Many.


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_adjusted_chances_are_those_of_statsmodels(chances):
    from statsmodels.stats.multitest import multipletests

    theirs = multipletests(chances, method="fdr_bh")[1]

    assert benjamini_hochberg(chances) == pytest.approx(list(theirs), abs=1e-12)


@given(
    st.lists(
        st.tuples(st.floats(-100, 100), st.integers(1, 5)), min_size=1, max_size=20
    ),
    st.sampled_from((0.0, 0.1, 0.5, 0.9, 1.0)),
)
@settings(max_examples=60, deadline=None)
def test_a_weighted_percentile_is_that_of_numpy_with_values_repeated(values, share):
    import numpy as np

    repeated = [value for value, weight in values for _ in range(weight)]

    found = weighted_percentile(values, share)

    assert isclose(found, float(np.quantile(repeated, share, method="inverted_cdf")))
    assert weighted_percentile([], share) is None
