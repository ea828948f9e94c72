"""The draw of a week: which runs must be seen, how chances are shared, and the key's part."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from runs.rules.allocating import FLOOR, Past, allocate, chances, spread_of
from runs.rules.must_see import (
    FLAGGED,
    Facts,
    acted_by_itself,
    largest_of,
    reasons_of,
    was_approved,
)
from runs.rules.sampling import (
    Budget,
    Candidate,
    Layer,
    draw,
    is_doubled,
    is_drawn,
    share_among,
)
from runs.rules.sealed_draw import (
    check,
    digest_of_text,
    population_of,
    population_text,
)
from runs.rules.weighing import Action, Scales, action_of, count_pairs
from tests.runs.helpers import START

AMPLE = Budget(assessors=2, minutes_a_week=600, minutes_a_run=5)
AT = START.isoformat()


def stamp(minutes=0):
    return f"{(START + timedelta(minutes=minutes)).isoformat()}|x"


def an_ask(verb="refund", answer="allow", code="allowance.allowed", **more):
    asked = [stamp(), "", verb, "billing", "40.00", "EUR", ""]
    return {"asked": asked, "ruled": [stamp(), answer, "", code]} | more


def some_facts(*asks, **changes):
    parts = {"asks": {str(at): ask for at, ask in enumerate(asks)}}
    kept = {
        "is_failed": False,
        "is_held": False,
        "is_flagged": False,
        "unauthorised": 0,
        "answered": 7,
        "started_at": START,
        "last_heard": START + timedelta(minutes=9),
        "parts": parts | changes.pop("parts", {}),
    }
    return Facts(**(kept | changes))


def a_draw(candidates, secret=b"s" * 32, budget=AMPLE, **more):
    return draw(
        secret=secret, workflow="w", candidates=candidates, budget=budget, **more
    )


# What must be seen.

REFUSED = an_ask(answer="refuse", code="never")
NOT_APPROVED = ("system.not_approved", "model.not_approved", "tool.not_approved")


@pytest.mark.parametrize("code", NOT_APPROVED)
def test_a_run_that_asked_for_what_was_retired_must_be_seen(code):
    refused = some_facts(an_ask(answer="refuse", code=code))
    # A model that is not named sends to a person: that is no refusal.
    reviewed = some_facts(an_ask(answer="review", code=code))

    assert reasons_of(refused) == ("it asked for what is never allowed",)
    assert reasons_of(reviewed) == ()


REDEEMED = {"redeemed": {"g1": 1}}
DUE = [stamp(), (START + timedelta(minutes=5)).isoformat()]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (some_facts(unauthorised=1), "a change without a grant"),
        (some_facts(REFUSED), "it asked for what is never allowed"),
        (
            some_facts(an_ask(answer="refuse", code="no_allowance")),
            "it asked for what is never allowed",
        ),
        (
            some_facts(
                an_ask(outcome=[stamp(), "failed"], **REDEEMED),
                parts={"changed": ["g1"]},
            ),
            "a change is reported that it called failed, it failed after acting",
        ),
        (some_facts(is_held=True), "a stop rule fired"),
        (some_facts(parts={"held": [stamp(), "why"]}), "a stop rule fired"),
        (
            some_facts(an_ask(answer="escalate", code="stop_rule.low_confidence")),
            "a stop rule fired",
        ),
        (some_facts(an_ask(**REDEEMED), is_failed=True), "it failed after acting"),
        (
            some_facts(an_ask(resolved=[stamp(), "rejected"])),
            "a person rejected what it asked",
        ),
        (
            some_facts(an_ask(resolved=[stamp(), "edited"])),
            "a person changed what it asked",
        ),
        (
            some_facts(an_ask(ended=[stamp(), "revoked"])),
            "a person took a grant back",
        ),
        (some_facts(parts={"halted": [stamp(), "Eve"]}), "a person stopped it"),
        (
            some_facts(an_ask(resolved=[stamp(), "emergency"])),
            "let run in an emergency",
        ),
        (
            some_facts(an_ask(proposed=DUE, resolved=[stamp(6), "approved"])),
            "nobody decided in time",
        ),
        (
            some_facts(an_ask(proposed=DUE), parts={"escalated": [stamp(7), ""]}),
            "nobody decided in time",
        ),
        (some_facts(an_ask(ended=[stamp(), "expired"])), "nobody decided in time"),
        (
            some_facts(an_ask(answer="refuse", code="workflow.paused")),
            "a pause or rollback hit it",
        ),
        (some_facts(answered=4), "only 4 of 7 questions answered"),
        (some_facts(is_flagged=True), FLAGGED),
    ],
)
def test_each_reason_that_a_run_must_be_seen_is_said(facts, words):
    assert ", ".join(reasons_of(facts)) == words


def test_a_run_is_told_every_reason_and_a_quiet_one_none():
    quiet = some_facts(
        an_ask(proposed=DUE, resolved=[stamp(4), "approved"], **REDEEMED)
    )
    failed = some_facts(an_ask(), is_failed=True)
    loud = some_facts(REFUSED, unauthorised=2, is_flagged=True)

    assert reasons_of(quiet) == reasons_of(failed) == ()
    assert len(reasons_of(loud)) == 3
    assert reasons_of(quiet, interruptions=[START + timedelta(minutes=1)])
    assert not reasons_of(quiet, interruptions=[START - timedelta(minutes=1)])


def test_the_largest_amounts_are_one_in_a_hundred_of_each_currency():
    euros = [(f"e{n:03}", Decimal(n), "EUR") for n in range(200)]
    crowns = [("k1", Decimal(5), "SEK"), ("k2", Decimal(7), "SEK")]
    alike = [(f"u{n}", Decimal(9), "USD") for n in range(4)]

    assert largest_of([*euros, *crowns, *alike]) == {"e199", "e198", "k2"}
    assert largest_of([]) == frozenset()


def test_acting_by_itself_is_telling_verbs_that_nobody_was_asked_about():
    assert acted_by_itself(some_facts(an_ask(**REDEEMED)))
    assert acted_by_itself(some_facts(an_ask("grant_access", **REDEEMED)))
    assert not acted_by_itself(some_facts(an_ask("update", **REDEEMED)))
    assert not acted_by_itself(some_facts(an_ask()))
    approved = some_facts(an_ask(resolved=[stamp(), "approved"], **REDEEMED))
    assert not acted_by_itself(approved)
    assert was_approved(approved)


# Weights, chances and their shares.


def test_a_run_weighs_by_its_verb_its_amount_how_new_and_how_unsure_it_was():
    amounts = {"EUR": [Decimal(n) for n in range(1, 101)]}
    scales = Scales(amounts=amounts, seen={"refund|billing": 500}, seen_runs=1000)
    usual = action_of(some_facts(an_ask(), parts={"decided": [stamp(), "", "0.9"]}))
    unsure = action_of(some_facts(an_ask(), parts={"decided": [stamp(), "", "0.2"]}))
    light = Action(1, (), 25)

    assert scales.weigh(usual, Decimal(10), "EUR") == 3 * 2 * 2 * 25
    assert scales.weigh(unsure, Decimal(99), "EUR") == 3 * 4 * 2 * 80
    assert scales.weigh(Action(2, ("pay|bank",), 50), None, "") == 2 * 2 * 4 * 50
    assert scales.weigh(light, None, "") == 100
    assert count_pairs([usual, unsure, light]) == {"refund|billing": 2}


def test_layers_share_the_runs_as_neyman_says_within_floor_and_size():
    sizes = {"money": 400, "approved": 800, "rest": 3000}
    pasts = {"money": Past(90, 44), "approved": Past(90, 8)}

    found = allocate(60, sizes, pasts)

    pull = {name: sizes[name] * spread_of(pasts.get(name, Past())) for name in sizes}
    assert abs(sum(found.values()) - 60) < Decimal("0.001")
    ratio = float(found["money"]) / float(found["rest"])
    assert ratio == pytest.approx(pull["money"] / pull["rest"], rel=1e-6)


def test_shares_keep_floors_and_sizes_for_whatever_there_is():
    chance = Random(7)
    for _ in range(60):
        names = ("money", "approved", "rest")
        sizes = {name: chance.choice((0, 1, 3, 40, 900)) for name in names}
        count = chance.choice((0, 4, 30, 500))
        found = allocate(count, sizes, {"rest": Past(10, chance.randint(0, 10))})

        floor = sum(min(FLOOR, size) for size in sizes.values())
        wanted = min(max(count, floor), sum(sizes.values()))
        assert abs(sum(found.values()) - wanted) < Decimal("0.0001")
        for name, size in sizes.items():
            assert min(FLOOR, size) <= found[name] <= size


def test_chances_follow_weights_reach_what_was_expected_and_never_pass_one():
    weights = [100] + [2] * 10 + [1] * 30
    found = chances(Decimal(10), weights)

    assert found[0] == 1
    assert found[1] == 2 * found[-1]
    assert Decimal(10) <= sum(found) < Decimal("10.000001")
    assert chances(Decimal(50), weights) == [Decimal(1)] * len(weights)
    assert chances(Decimal(0), []) == []
    assert sum(chances(Decimal(5), [3] * 7)) >= 5


def test_drawing_by_weight_estimates_without_bias():
    weights = [1 + n % 12 for n in range(60)]
    probabilities = chances(Decimal(12), weights)
    truth = sum(n % 3 == 0 for n in range(60))
    estimates = []
    for key in range(200):
        secret = key.to_bytes(32)
        estimates.append(
            sum(
                (n % 3 == 0) / float(probability)
                for n, probability in enumerate(probabilities)
                if is_drawn(
                    secret=secret, workflow="w", run=f"{n}", probability=probability
                )
            )
        )
    assert sum(estimates) / len(estimates) == pytest.approx(truth, rel=0.12)


# The draw itself.


def test_the_same_secret_draws_the_same_sample_in_any_order():
    candidates = [Candidate(run=f"run-{number:04}") for number in range(500)]

    found = a_draw(candidates)

    assert found == a_draw(reversed(candidates))
    assert found.drawn != a_draw(candidates, secret=b"t" * 32).drawn
    assert 10 <= len(found.drawn) <= 60


def test_what_must_be_seen_is_seen_whole_and_past_its_limit_with_its_chance():
    held = [
        Candidate(f"h{number:02}", Layer.MUST_SEE, reasons=("held", "late"))
        for number in range(50)
    ]

    whole = a_draw(held)
    past = a_draw([*held, Candidate("h50", Layer.MUST_SEE)])

    assert len(whole.drawn) == 50
    assert {one.probability for one in whole.drawn} == {Decimal(1)}
    assert {one.probability for one in past.population} == {Decimal("0.98039216")}
    assert {one.why for one in whole.drawn} == {"held, late"}


def test_heavy_runs_are_drawn_more_often_only_where_a_layer_is_weighed():
    acted = [Candidate(f"a{n:03}", Layer.MONEY, 1 + n % 2) for n in range(400)]
    rest = [Candidate(f"r{n:03}", Layer.REST, 1 + n % 9) for n in range(400)]

    found = a_draw([*acted, *rest])

    by_layer = {
        layer: {one.probability for one in found.population if one.layer == layer}
        for layer in (Layer.MONEY, Layer.REST)
    }
    assert len(by_layer[Layer.REST]) == 1
    low, high = sorted(by_layer[Layer.MONEY])
    assert high == pytest.approx(2 * low, abs=Decimal("0.00000002"))


def test_little_time_draws_less_but_never_below_the_floor_of_a_layer():
    runs = [Candidate(f"r{n:03}") for n in range(400)]
    held = [Candidate(f"h{n:02}", Layer.MUST_SEE) for n in range(40)]
    brief = Budget(assessors=1, minutes_a_week=60, minutes_a_run=6)

    def wanted(budget, candidates):
        return a_draw(candidates, budget=budget).expected[Layer.REST]

    assert wanted(AMPLE, runs) == 30
    assert wanted(brief, runs) == 10
    assert wanted(brief, [*runs, *held]) == FLOOR
    assert wanted(Budget(0, 60, 6), runs) == 10
    assert Budget(2, 60, 6).to_draw(0) == 17


def test_an_empty_week_and_one_run_draw_what_there_is():
    assert a_draw([]).drawn == ()
    (only,) = a_draw([Candidate("r")]).drawn
    assert (only.run, only.probability) == ("r", 1)


def test_a_chance_of_one_always_draws_and_the_rate_is_the_chance():
    def drawn(probability):
        return sum(
            is_drawn(
                secret=b"s", workflow="w", run=str(number), probability=probability
            )
            for number in range(4_000)
        )

    assert drawn(Decimal(1)) == 4_000
    assert 700 < drawn(Decimal("0.2")) < 900
    doubled = sum(
        is_doubled(secret=b"s", workflow="w", run=str(number))
        for number in range(4_000)
    )
    assert 500 < doubled < 700


def test_shares_go_to_whoever_has_least_and_never_twice_to_one_person():
    assert share_among([()] * 4, {"a": 3, "b": 0}) == ("b", "b", "b", "a")
    assert share_among([()] * 2, {}) == (None, None)


def test_who_decided_about_a_run_reads_it_only_where_nobody_else_is_able():
    free = {"a": 0, "b": 9}

    assert share_among([()], free, rather_not=[{"a"}]) == ("b",)
    assert share_among([("b",)], free, rather_not=[{"a"}]) == ("a",)
    assert share_among([("a", "b")], free, rather_not=[{"a"}]) == (None,)
    assert share_among([("b",), ("b",), ("a",)], {"a": 9, "b": 0}) == ("a", "a", "b")
    assert share_among([("a",)], {"a": 0}) == (None,)


def test_a_sealed_population_is_read_back_and_any_other_sample_is_found_out():
    candidates = [Candidate(f"run-{n:03}", weight=n) for n in range(200)]
    found = a_draw(candidates)
    text = population_text(found.population)
    sample = {
        one.run: (one.layer.value, one.probability, one.is_doubled)
        for one in found.drawn
    }

    def checked(text=text, sample=sample, secret=b"s" * 32):
        return check(
            secret=secret,
            workflow="w",
            text=text,
            digest=digest_of_text(population_text(found.population)),
            sample=sample,
        )

    assert population_of(text) == found.population
    assert checked().is_same
    left_out = dict(sample)
    run, (layer, chance, doubled) = left_out.popitem()
    assert checked(sample=left_out).missing == (run,)
    assert checked(sample=sample | {"more": ("rest", chance, False)}).beyond
    assert checked(sample=left_out | {run: (layer, chance, not doubled)}).differing
    assert not checked(secret=b"t" * 32).is_same
    assert not checked(text=text.replace("rest", "money", 1)).is_digest_right
