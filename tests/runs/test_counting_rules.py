"""What a settled run adds to its day: times, tries, ways of leaving the rulebook, intervals."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.rules.counting.belonging import belonging_of
from runs.rules.counting.retrying import tries_of
from runs.rules.counting.spending import spending_of
from runs.rules.counting.timing import bucket_of, range_of, time_spent
from runs.rules.rates import Stratum, ranks_near, rate_bounds, reduction_of
from runs.rules.resolving import basis_of
from tests.runs.helpers import START, moment, told


@given(value=st.integers(0, 10**13), more=st.integers(0, 10**6))
def test_each_time_lies_in_its_range_and_ranges_keep_the_order(value, more):
    low, high = range_of(bucket_of(value))

    assert low <= value < high
    assert high - low <= max(1, value // 8)
    assert bucket_of(value) <= bucket_of(value + more)


def test_ranges_follow_one_another_without_gap():
    edges = [range_of(bucket) for bucket in range(300)]

    assert edges[0][0] == 0
    assert all(one[1] == other[0] for one, other in zip(edges, edges[1:], strict=False))


SPANS = st.lists(st.tuples(st.integers(-5, 40), st.integers(0, 20)), max_size=5)


@given(waits=SPANS, steps=SPANS, length=st.integers(0, 40))
def test_waiting_working_and_idle_are_disjoint_and_make_up_the_whole(
    waits, steps, length
):
    events = []
    for number, (begin, took) in enumerate(waits):
        ask = f"a{number}"
        events.append(moment("proposed", begin, action_request=ask))
        # A microsecond later: events of one moment stand in no order.
        events.append(moment("withdrawn", begin + took + 1e-6, action_request=ask))
    for begin, took in steps:
        events.append(told("model.called", begin, model="m", duration_ms=took * 1000))

    spent = time_spent(events, began=START, ended=START + timedelta(seconds=length))

    seconds = range(length)
    waiting = {s for s in seconds for b, t in waits if b <= s < b + t}
    working = {s for s in seconds for b, t in steps if b <= s < b + t} - waiting
    assert spent.person_ms == 1000 * len(waiting)
    assert spent.work_ms == 1000 * len(working)
    assert spent.person_ms + spent.work_ms + spent.idle_ms == spent.took_ms


def test_a_run_that_ended_before_it_began_has_no_time():
    assert time_spent([], began=START, ended=START - timedelta(seconds=1)) is None


def call(number, **facts):
    return told("tool.called", number, **{"tool": "t", "status": "ok", **facts})


@pytest.mark.parametrize(
    ("calls", "intents", "again"),
    [
        ([], 0, 0),
        ([call(1, args={"a": 1, "b": 2})], 1, 0),
        ([call(1, args={"a": 1, "b": 2}), call(2, args={"b": 2, "a": 1})], 1, 1),
        ([call(1, args={"a": 1}), call(2, args={"a": 2})], 2, 0),
        ([call(1, args={"a": 1}), call(2, args={"a": 1}, tool="u")], 2, 0),
        ([call(1, args={"a": 1}, attempt=3)], 1, 2),
        ([call(1, args={"a": n}, retry_key="pay") for n in range(3)], 1, 2),
        # Without arguments only what says so is a second try.
        ([call(1), call(2)], 2, 0),
        ([call(1), call(2, attempt=2)], 1, 1),
        ([call(1, attempt=2)], 1, 1),
        ([call(1, args={}, status="asked")], 0, 0),
    ],
)
def test_the_same_thing_meant_again_is_one_thing_tried_again(calls, intents, again):
    tries = tries_of(calls)

    assert (tries.intents, tries.again) == (intents, again)


def test_a_case_is_told_once_and_its_type_falls_back_to_what_was_asked_for():
    first = told("run.started", 1, trigger="x", case="C-1", requester="ana@x.example")
    later = told("run.started", 2, trigger="x", case="C-2", case_type="late")
    asked = moment("asked", 0, category="damaged")

    found = belonging_of([later, asked, first])
    assert found.case_type == "late"
    assert found.case_hash == belonging_of([first]).case_hash != ""
    assert "ana" not in found.requester_hash
    assert belonging_of([asked, first]).case_type == "damaged"
    assert (
        belonging_of([told("run.started", 0, trigger="x", case="  ")]).case_hash == ""
    )


@pytest.mark.parametrize(
    ("facts", "is_system", "basis"),
    [
        ({"told": "customer", "by": ""}, False, "customer"),
        ({"told": None, "by": "Caller"}, False, "customer"),
        # An agent that names a system is not that system.
        ({"told": None, "by": "crm"}, False, "implied"),
        ({"told": "implied", "by": "crm"}, True, "system"),
        ({"told": None, "by": None}, False, "implied"),
    ],
)
def test_only_a_systems_own_key_confirms_in_its_name(facts, is_system, basis):
    assert basis_of(is_system=is_system, **facts) == basis


def test_a_told_total_of_models_makes_prices_of_calls_needless():
    priced = told(
        "model.called",
        1,
        model="m",
        input_tokens=5,
        priced={"value": "0.5", "list": "x"},
    )
    total = told("cost", 2, cost_kind="tokens", value="0.4", currency="EUR")

    assert spending_of([priced]).costs == {("models", "USD"): 0.5}
    both = spending_of([priced, total])
    assert both.currencies == ("EUR",)
    assert (both.calls, both.priced_calls) == (1, 1)


def test_the_interval_of_a_rate_is_that_of_scipy():
    from scipy.stats import chi2

    for events in (0, 1, 3, 10, 100, 5_000):
        bounds = rate_bounds(events, 1_000)

        low = chi2.ppf(0.025, 2 * events) / 2 if events else 0
        high = chi2.ppf(0.975, 2 * events + 2) / 2
        assert bounds.low * 1_000 == pytest.approx(low, rel=0.005, abs=0.02)
        assert bounds.high * 1_000 == pytest.approx(high, rel=0.01)
        assert rate_bounds(events, 0) is None


def stratum(values, baseline, weight=1.0):
    ordered = sorted(values)
    first, last = ranks_near(len(ordered))
    near = {rank: ordered[rank - 1] for rank in range(first, last + 1)}
    return Stratum(weight, baseline, len(ordered), near)


def test_a_reduction_is_standardised_to_the_mix_of_the_baseline():
    easy, hard = stratum([10, 10, 10], 20, weight=3), stratum([50] * 9, 100, weight=1)
    unseen = Stratum(5, 70, 0, {})

    found = reduction_of([easy, hard, unseen])

    assert (found.share, found.low, found.high) == (0.5, 0.5, 0.5)
    assert (found.now, found.before) == (20, 40)
    assert reduction_of([unseen]) is None
    assert reduction_of([stratum([5], 0)]) is None


def test_its_interval_is_what_drawing_samples_again_gives():
    import numpy

    rng = numpy.random.default_rng(7)
    values = rng.lognormal(4, 0.8, 401)
    drawn = numpy.median(rng.choice(values, (4_000, 401)), axis=1)

    found = reduction_of([stratum(values, 100)])

    assert found.share == pytest.approx(1 - numpy.median(values) / 100)
    spread = numpy.percentile(drawn, 97.5) - numpy.percentile(drawn, 2.5)
    assert (found.high - found.low) * 100 == pytest.approx(spread, rel=0.15)
    assert found == reduction_of([stratum(values, 100)])


@settings(max_examples=30)
@given(values=st.lists(st.integers(0, 90), min_size=1, max_size=30), data=st.data())
def test_no_values_divide_by_zero_or_leave_the_range(values, data):
    baseline = data.draw(st.integers(0, 50))

    found = reduction_of([stratum(values, baseline)])

    if baseline == 0:
        assert found is None
    else:
        assert found.low <= found.share + 1e-9 or len(values) % 2 == 0
        assert 1 - max(values) / baseline <= found.low <= found.high
