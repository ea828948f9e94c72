"""What holds for every rulebook, request and standing.

Narrower is never wider; never means never; no vacuous yes; the order of rules means nothing.
"""

from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registry.rules.answers import (
    Answer,
    Authority,
    Risk,
    Turn,
    most_severe,
    severity,
)
from registry.rules.authority import rule
from registry.rules.changes import NARROWER_PHASES, Label, compare, label_of
from registry.rules.codes import CODES
from registry.rules.phases import EMOTIONS
from registry.rules.rulebook import (
    ActionGroup,
    Allowance,
    Ceiling,
    Level,
    Rulebook,
    Stage,
    Tool,
)
from registry.rules.verbs import VERBS, Tier
from tests.rules import generators as some
from tests.rules.cases import REQUEST, STANDING

EXAMPLES = settings(max_examples=80, deadline=None)


def ask(request, standing, rulebook):
    return rule(request, replace(standing, rulebook=rulebook))


@st.composite
def restricted(draw, standing, rulebook):
    """Add one restriction of any kind to a rulebook or to its standing."""
    ways = [
        lambda: (replace(standing, is_paused=True), rulebook),
        lambda: (replace(standing, is_live=False), rulebook),
        lambda: (replace(standing, agent_is_active=False), rulebook),
        lambda: (replace(standing, run_is_on_hold=True), rulebook),
        lambda: (replace(standing, vacant_roles=("it_owner",)), rulebook),
        lambda: (replace(standing, lapsed_training=("owner",)), rulebook),
        lambda: (replace(standing, stage=narrower_stage(standing.stage, draw(some.stages))), rulebook),
        lambda: (replace(standing, approved_systems=frozenset({"orders"})), rulebook),
        lambda: (replace(standing, known_systems=frozenset({"orders"})), rulebook),
        lambda: (replace(standing, approved_models=frozenset()), rulebook),
        lambda: (replace(standing, retired_tools=standing.retired_tools | draw(some.retired)), rulebook),
        lambda: (replace(standing, used={}), rulebook),
        lambda: (replace(standing, day_counts=None), rulebook),
        lambda: (replace(standing, expressions={}), rulebook),
        lambda: (replace(standing, run_facts=None), rulebook),
        lambda: (replace(standing, ceilings=(*standing.ceilings, draw(some.ceilings))), rulebook),
        lambda: (standing, replace(rulebook, stop_rules=(*rulebook.stop_rules, draw(some.stop_rules(key="added"))))),
        lambda: (standing, replace(rulebook, caps=(*rulebook.caps, draw(some.caps(key="added"))))),
        lambda: (standing, replace(rulebook, checks=(*rulebook.checks, draw(some.checks)))),
        lambda: (standing, replace(rulebook, risk=Risk.HIGH)),
        lambda: (standing, replace(rulebook, categories=rulebook.categories[1:])),
        lambda: (standing, narrower_phase(draw, rulebook)),
        lambda: (standing, replace(rulebook, is_fixed=False)),
        lambda: (replace(standing, agent_model="small"), rulebook),
        lambda: (standing, replace(rulebook, action_groups=rulebook.action_groups[1:])),
        lambda: (replace(standing, phase=draw(st.sampled_from([1, 2, 3, 4, 5, 9]))), rulebook) if standing.phase is None else (standing, rulebook),
        lambda: (standing, replace(rulebook, guardrail=draw(tighter_rail(rulebook.guardrail)))),
        lambda: (standing, draw(tighter_row(rulebook))),
    ]  # fmt: skip
    return draw(st.sampled_from(ways))()


def narrower_phase(draw, book):
    """Go to a phase that binds as tightly; from phase 4 only where every row is in a group."""
    grouped = {action for group in book.action_groups for action in group.actions}
    if book.phase == 4 and not set(book.allowances) <= grouped:
        return book
    after = [after for before, after in sorted(NARROWER_PHASES) if before == book.phase]
    return replace(book, phase=draw(st.sampled_from(after or [book.phase])))


def narrower_stage(stage, other):
    """Open only what both open; without a stage the other alone is the restriction."""
    if stage is None:
        return other
    return Stage(tiers=stage.tiers & other.tiers, verbs=stage.verbs & other.verbs)


@st.composite
def tighter_rail(draw, rail):
    highest = max(rail.confidence_min or Decimal(0), draw(some.confidences))
    lowest = min(
        rail.amount_review if rail.amount_review is not None else Decimal(1000),
        draw(some.amounts),
    )
    way = {
        "confidence_min": highest,
        "amount_review": lowest,
        "risk_review": Risk.LOW,
        "risk_escalate": Risk.LOW,
    }
    name = draw(st.sampled_from(sorted(way)))
    return replace(rail, **{name: way[name]})


@st.composite
def tighter_row(draw, rulebook):
    assume(rulebook.allowances)
    key = draw(st.sampled_from(sorted(rulebook.allowances)))
    row = rulebook.allowances[key]
    lower = min(
        row.amount_max if row.amount_max is not None else Decimal(1000),
        draw(some.amounts),
    )
    stricter = Authority.NEVER if row.authority == Authority.NEVER else Authority.REVIEW
    ways = [
        replace(row, amount_max=lower),
        replace(row, authority=stricter),
        replace(row, authority=Authority.NEVER),
        replace(row, count_per_day=0),
        replace(row, risk=Risk.HIGH),
        replace(row, quorum=row.quorum + 1),
        replace(row, then=(*row.then, Turn("another audience", 2))),
    ]
    if draw(st.integers(0, 6)) == 0:
        return replace(
            rulebook,
            allowances={
                other: rulebook.allowances[other]
                for other in rulebook.allowances
                if other != key
            },
        )
    return some.with_rows(rulebook, draw(st.sampled_from(ways)))


@EXAMPLES
@given(
    data=st.data(),
    request=some.requests(),
    standing=some.standings(),
    rulebook=some.rulebooks(),
)
def test_narrower_is_never_wider(data, request, standing, rulebook):
    before = ask(request, standing, rulebook)

    narrower = data.draw(restricted(standing, rulebook))
    after = ask(request, *narrower)

    assert severity(after.answer) >= severity(before.answer)
    assert after.quorum >= before.quorum or after.answer == Answer.REFUSE
    assert some.asks_everyone(before, after) or after.answer == Answer.REFUSE


@EXAMPLES
@given(
    request=some.requests(),
    standing=some.standings(),
    rulebook=some.rulebooks(),
    retired=some.retired,
)
def test_retiring_tools_is_never_wider_and_refuses_what_they_stand_for(
    request, standing, rulebook, retired
):
    pay = Tool("pay", request.system, request.verb)
    book = replace(rulebook, tools=(pay, *rulebook.tools))
    before = ask(request, standing, book)

    some_gone = ask(request, replace(standing, retired_tools=retired), book)
    gone = replace(standing, retired_tools=retired | {(pay.system, pay.name)})
    others = replace(standing, retired_tools=frozenset({("elsewhere", pay.name)}))

    assert severity(some_gone.answer) >= severity(before.answer)
    assert ask(request, gone, book).answer == Answer.REFUSE
    assert ask(request, others, book) == before


@EXAMPLES
@given(
    data=st.data(),
    standing=some.standings(),
    rulebook=some.rulebooks(),
    request=some.requests(),
)
def test_never_means_never(data, standing, rulebook, request):
    row = data.draw(some.allowances(system=request.system, verb=request.verb))
    never = some.with_rows(rulebook, replace(row, authority=Authority.NEVER))
    allowed = some.with_rows(rulebook, replace(row, authority=Authority.ALLOWED))
    level = data.draw(st.sampled_from(Level))
    above = Ceiling(
        level, "the house", verbs=(request.verb,), authority=Authority.NEVER
    )
    under = replace(standing, ceilings=(above, *standing.ceilings))

    assert ask(request, standing, never).answer == Answer.REFUSE
    assert ask(request, under, allowed).answer == Answer.REFUSE


@EXAMPLES
@given(
    data=st.data(),
    request=some.requests(),
    standing=some.standings(),
    rulebook=some.rulebooks(),
)
def test_a_waiver_reaches_its_own_cell_and_no_further_than_lifting_the_ceiling(
    data, request, standing, rulebook
):
    above = replace(data.draw(some.ceilings), waivers=())
    waiver = data.draw(some.waivers)
    if data.draw(st.booleans()):
        waiver = replace(waiver, system=request.system, verb=request.verb)
    waived = replace(above, waivers=(waiver,))

    def answer(*ceilings):
        return severity(
            ask(request, replace(standing, ceilings=ceilings), rulebook).answer
        )

    assert answer() <= answer(waived) <= answer(above)
    if (waiver.system, waiver.verb) != (request.system, request.verb):
        assert answer(waived) == answer(above)


@EXAMPLES
@given(request=some.requests(), standing=some.standings(), rulebook=some.rulebooks())
def test_a_vacant_role_and_a_stage_that_opens_nothing_never_allow(
    request, standing, rulebook
):
    vacant = replace(standing, vacant_roles=("risk_owner",))
    staged = replace(standing, stage=Stage())

    assert ask(request, vacant, rulebook).answer != Answer.ALLOW
    assert ask(request, staged, rulebook).answer != Answer.ALLOW


@EXAMPLES
@given(request=some.requests(), standing=some.standings(), rulebook=some.rulebooks())
def test_a_stage_changes_nothing_that_it_opens(request, standing, rulebook):
    opened = replace(standing, stage=Stage(tiers=frozenset(Tier)))
    without = replace(standing, stage=None)

    assert ask(request, opened, rulebook) == ask(request, without, rulebook)


@EXAMPLES
@given(request=some.requests(), standing=some.standings(), rulebook=some.rulebooks())
def test_a_yes_is_never_vacuous(request, standing, rulebook):
    ruling = ask(request, standing, rulebook)
    if ruling.answer != Answer.ALLOW:
        return

    row = rulebook.allowances[request.system, request.verb]
    assert row.authority == Authority.ALLOWED
    assert request.system in standing.approved_systems
    assert (standing.is_live, standing.agent_is_active, standing.is_paused) == (
        True,
        True,
        False,
    )
    assert request.amount is None or request.amount.value.is_finite()
    if row.amount_max is not None:
        assert ruling.amount is not None
        assert ruling.amount.value <= row.amount_max
        assert row.amount_field is not None
        assert ruling.amount.currency == (row.currency or rulebook.currency)
    floor = rulebook.guardrail.confidence_min
    if floor and request.verb != "read":
        assert request.confidence is not None
        assert request.confidence >= floor
    for cap in rulebook.caps:
        if not cap.verbs or request.verb in cap.verbs:
            assert standing.used[cap.key].is_finite()
            reserves = dict(ruling.reserves).get(cap.key, Decimal(0))
            assert standing.used[cap.key] + reserves <= cap.limit or not reserves


@EXAMPLES
@given(
    data=st.data(),
    request=some.requests(),
    standing=some.standings(),
    rulebook=some.rulebooks(),
)
def test_the_order_of_rules_means_nothing(data, request, standing, rulebook):
    standing = replace(
        standing, ceilings=(*standing.ceilings, data.draw(some.ceilings))
    )
    shuffled = replace(
        rulebook,
        allowances=dict(reversed(rulebook.allowances.items())),
        stop_rules=rulebook.stop_rules[::-1],
        caps=rulebook.caps[::-1],
        checks=rulebook.checks[::-1],
    )
    turned = replace(standing, ceilings=standing.ceilings[::-1])

    assert ask(request, standing, rulebook) == ask(request, turned, shuffled)


@EXAMPLES
@given(request=some.requests(), standing=some.standings(), rulebook=some.rulebooks())
def test_a_ruling_is_the_most_severe_of_its_reasons_in_order(
    request, standing, rulebook
):
    ruling = ask(request, standing, rulebook)

    severities = [severity(each.answer) for each in ruling.reasons]
    assert ruling.reasons
    assert ruling.answer == most_severe(each.answer for each in ruling.reasons)
    assert severities == sorted(severities, reverse=True)
    assert {each.code for each in ruling.reasons} <= set(CODES)
    assert ruling.quorum >= 1


def test_no_reason_at_all_is_a_refusal():
    assert most_severe([]) == Answer.REFUSE


@st.composite
def edited(draw, book):
    """Change a rulebook in any way, up to three times."""
    for _ in range(draw(st.integers(1, 3))):
        part = draw(
            st.sampled_from(
                ["phase", "risk", "currency", "allowances", "row", "guardrail", "rail", "stop_rules",
                 "stop", "caps", "cap", "checks", "categories", "action_groups"]
            )
        )  # fmt: skip
        if part == "row":
            book = draw(edited_row(book))
        elif part == "rail":
            other = draw(some.guardrails)
            name = draw(st.sampled_from(list(other.__dataclass_fields__)))
            rail = replace(book.guardrail, **{name: getattr(other, name)})
            book = replace(book, guardrail=rail)
        elif part == "stop":
            book = replace(
                book, stop_rules=draw(edited_rows(book.stop_rules, some.stop_rules))
            )
        elif part == "cap":
            book = replace(book, caps=draw(edited_rows(book.caps, some.caps)))
        else:
            book = replace(book, **{part: draw(some.part_of_a_rulebook(part))})
    return book


@st.composite
def edited_row(draw, book):
    assume(book.allowances)
    key = draw(st.sampled_from(sorted(book.allowances)))
    other = draw(some.allowances(*key))
    name = draw(st.sampled_from(list(other.__dataclass_fields__)))
    return some.with_rows(
        book, replace(book.allowances[key], **{name: getattr(other, name)})
    )


@st.composite
def edited_rows(draw, rows, strategy):
    """Change one field of one row; a stop rule's parameters stay those of its kind."""
    assume(rows)
    at = draw(st.integers(0, len(rows) - 1))
    other = draw(strategy(key=rows[at].key))
    names = [
        name
        for name in other.__dataclass_fields__
        if name not in ("key", "kind", "params")
    ]
    changes = {name: getattr(other, name) for name in [draw(st.sampled_from(names))]}
    if hasattr(other, "params") and draw(st.booleans()):
        changes = {"params": draw(some.params(rows[at].kind))}
    return (*rows[:at], replace(rows[at], **changes), *rows[at + 1 :])


@settings(EXAMPLES, max_examples=200)
@given(
    data=st.data(),
    request=some.requests(),
    standing=some.standings(),
    old=some.rulebooks(),
)
def test_what_is_not_labelled_widening_never_rules_more_permissively(
    data, request, standing, old
):
    new = data.draw(edited(old))
    assume(label_of(compare(old, new)) != Label.WIDENING)

    before, after = ask(request, standing, old), ask(request, standing, new)

    assert severity(after.answer) >= severity(before.answer), compare(old, new)
    assert after.answer == Answer.REFUSE or after.quorum >= before.quorum


@EXAMPLES
@given(book=some.rulebooks())
def test_a_rulebook_does_not_differ_from_itself(book):
    assert compare(book, book) == ()
    assert label_of(()) == Label.NEUTRAL
    assert label_of(compare(None, book)) == Label.WIDENING


@pytest.mark.parametrize(("before", "after"), sorted(NARROWER_PHASES))
def test_a_narrower_phase_narrows_every_verb_in_every_mood(before, after):
    for verb, mood in product(VERBS, ("", *EMOTIONS)):
        rows = {("billing", verb): Allowance("billing", verb, Authority.ALLOWED)}
        request = replace(REQUEST, verb=verb, amount=None, signals=frozenset({mood}))
        answers = []
        for phase in (before, after):
            groups = (ActionGroup("all", frozenset(rows)),)
            book = Rulebook(
                "phases", 1, phase, Risk.LOW, "EUR", rows, action_groups=groups
            )
            answers.append(rule(request, replace(STANDING, rulebook=book)).answer)

        assert severity(answers[1]) >= severity(answers[0]), (verb, mood)
