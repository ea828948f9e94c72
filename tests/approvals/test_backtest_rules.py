"""A replay answers exactly as the rulebook does, wherever it is interrupted; and in words."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approvals.queries import replaying
from approvals.queries.envelope import action_bytes, parsed, request_of
from approvals.queries.history import Asked, read_again
from approvals.queries.replaying import NOTHING_TOLD, Replay, frozen_facts
from approvals.rules.backtest_words import in_a_sentence, telling
from approvals.rules.backtests import (
    CELLS_MAX,
    OTHERS,
    ROWS_OF_A_KIND_MAX,
    Change,
    Tally,
    Verdict,
    has_room,
    verdict_of,
    went_ahead,
)
from approvals.rules.ledgers import Ledger, micros, read, written
from portal.core.strict_json import parse_object
from registry.queries.expressions import expression_results
from registry.rules.answers import Answer, Authority, Money
from registry.rules.authority import rule
from registry.rules.rulebook import Ceiling, Level, Standing
from tests.rules.generators import (
    CATEGORIES,
    CHECKS,
    SIGNALS,
    SYSTEMS,
    VERBS,
    rulebooks,
)

START = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
UNTIL = START + timedelta(days=90)
FACTS = frozen_facts(
    SimpleNamespace(  # type: ignore[arg-type]
        approved_systems=frozenset(["billing"]),
        known_systems=frozenset(SYSTEMS),
        approved_models=None,
        retired_tools=frozenset(),
        system_data={"crm": frozenset({"personal"})},
        ceilings=(
            Ceiling(Level.ENTERPRISE, "large", authority=Authority.REVIEW,
                    amount_max=Decimal("200.00"), currency="EUR"),
        ),
    )
)  # fmt: skip
GAPS = st.sampled_from(
    [timedelta(), timedelta(microseconds=1), timedelta(minutes=59),
     timedelta(hours=1), timedelta(hours=24), timedelta(days=3)]
)  # fmt: skip
AMOUNTS = st.sampled_from(["0", "10", "25.00", "25.01", "60", 500, 12.5, "a lot", None])


@st.composite
def histories(draw):
    """Give requests in their order, with what the rulebook of their day and people said."""
    asked, at = [], START
    for number in range(draw(st.integers(1, 12))):
        at += draw(GAPS)
        amount = draw(AMOUNTS)
        body = {
            "workflow": "w",
            "run": f"r-{number}",
            "action": {
                "verb": draw(st.sampled_from([*VERBS, "fly"])),
                "system": draw(st.sampled_from([*SYSTEMS, "moon"])),
                "args": {"amount": amount, "currency": draw(st.sampled_from(["EUR", "USD", ""]))},
            },
            "title": "Something",
            "confidence": draw(st.sampled_from([None, 0.4, 0.9, 1, "high"])),
            "category": draw(st.sampled_from([None, *CATEGORIES])),
            "signals": draw(st.lists(st.sampled_from(SIGNALS), max_size=2)),
            "checks": [{"name": name, "status": "pass"}
                       for name in draw(st.lists(st.sampled_from(CHECKS), max_size=2))],
        }  # fmt: skip
        if draw(st.booleans()) and amount is not None:
            body["amount"] = {"value": amount, "currency": "EUR"}
        resolution = draw(st.sampled_from(["", "approved", "edited", "rejected"]))
        asked.append(
            Asked(
                id=UUID(int=number + 1),
                run_id=UUID(int=9),
                asked_at=at,
                ruled_at=at,
                received=json.dumps(body).encode(),
                headline="Something",
                resolution=resolution,
                resolved_at=at if resolution else None,
                answer=draw(st.sampled_from([str(each) for each in Answer])),
                version_number=1,
            )
        )
    return asked


def plainly(book, asked):
    """Rule on each request the slow way: everything counted anew each time."""
    takes: list[tuple] = []
    found = []
    hour = timedelta(hours=1)
    for each in asked:
        body = parse_object(each.received)
        request = request_of(body, parsed(action_bytes(each.received)))
        verdict = verdict_of(
            then=each.answer,
            resolution=each.resolution,
            resolved_at=each.resolved_at,
            until=UNTIL,
        )
        used = {
            cap.key: sum(
                (amount for at, _, reserves in takes for key, amount in reserves
                 if key == cap.key and at > each.asked_at - cap.window_hours * hour),
                Decimal(0),
            )
            for cap in (book.caps if book else ())
        }  # fmt: skip
        counts = Counter(
            place for at, place, _ in takes if at > each.asked_at - 24 * hour
        )
        standing = Standing(
            rulebook=book,
            is_live=book is not None,
            is_paused=False,
            agent_is_active=True,
            approved_systems=frozenset(FACTS["approved_systems"]),
            known_systems=frozenset(FACTS["known_systems"]),
            ceilings=tuple(map(replaying._ceiling, FACTS["ceilings"])),
            used=used,
            day_counts=counts,
            expressions=expression_results(rulebook=book, request=request)
            if book
            else {},
            run_facts=NOTHING_TOLD,
        )
        ruling = rule(request, standing)
        goes = ruling.answer == Answer.ALLOW or (
            ruling.answer != Answer.REFUSE and went_ahead(each.answer, verdict)
        )
        if goes:
            takes.append(
                (each.asked_at, (request.system, request.verb), ruling.reserves)
            )
        found.append(ruling)
    return found


def replay_of(live, draft) -> Replay:
    return Replay(live=live, draft=draft, facts=FACTS, since=None, until=UNTIL)


@pytest.fixture(autouse=True)
def _runs_told_nothing(monkeypatch):
    monkeypatch.setattr(replaying, "run_facts_then", lambda moments: {})


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    live=st.none() | rulebooks(),
    draft=rulebooks(),
    asked=histories(),
    cut=st.integers(0, 12),
)
def test_a_replay_answers_as_the_rulebook_does_and_goes_on_where_it_stopped(
    live, draft, asked, cut
):
    whole = replay_of(live, draft).stretch(asked)

    assert [row.before for row in whole.rows] == plainly(live, asked)
    assert [row.after for row in whole.rows] == plainly(draft, asked)
    assert whole.tally.rows == len(asked)
    assert not whole.tally.unreadable

    first = replay_of(live, draft).stretch(asked[:cut])
    second = replay_of(live, draft)
    second.kept.update(first.tally.kept)
    for ledger, takes in zip(second.ledgers, first.takes, strict=True):
        for taken in read(json.loads(json.dumps(written(takes)))):
            ledger.put(taken)
    rest = second.stretch(asked[cut:])
    assert [*first.rows, *rest.rows] == whole.rows
    together = Tally()
    for part in (first, rest):
        together.merge(json.loads(json.dumps(part.tally.as_document())))
    straight = Tally()
    straight.merge(whole.tally.as_document())
    assert together == straight


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-1e12, 1e12).map(lambda number: round(number, 9)) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text("abc", max_size=3), parts, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(deadline=None)
@given(value=st.dictionaries(st.text("abc", max_size=3), values, max_size=4))
def test_what_the_strict_parser_let_in_is_read_again_to_the_same(value):
    raw = json.dumps(value).encode()
    assert repr(read_again(raw)) == repr(parse_object(raw))


def test_a_take_counts_until_its_window_is_over_and_not_a_microsecond_longer():
    book = SimpleNamespace(
        caps=(SimpleNamespace(key="day", window_hours=24),), allowances={}
    )
    ledger = Ledger(book)  # type: ignore[arg-type]
    at = micros(START)
    ledger.put((at, "billing", "refund", (("day", Decimal(7)),)))
    edge = at + 24 * 3_600_000_000

    assert ledger.used(edge - 1) == {"day": Decimal(7)}
    assert ledger.day_counts(edge - 1) == {("billing", "refund"): 1}
    assert ledger.used(edge) == {"day": Decimal(0)}
    assert ledger.day_counts(edge) == {}


def test_rows_of_a_kind_have_a_bound_and_kinds_do_not_crowd_each_other_out():
    kept = {
        "allow:rejected": ROWS_OF_A_KIND_MAX - 1,
        "refuse:alone": ROWS_OF_A_KIND_MAX,
    }
    assert has_room(kept, Change.ALLOW, Verdict.REJECTED)
    assert not has_room(kept, Change.REFUSE, Verdict.ALONE)
    assert has_room(kept, Change.REFUSE, Verdict.APPROVED)


def test_however_many_systems_are_named_the_totals_stay_whole():
    tally = Tally()
    for number in range(CELLS_MAX + 10):
        tally.count(
            change=Change.REFUSE, verb="read", system=f"s-{number}", cause="never",
            verdict=Verdict.REFUSED, money=Money(Decimal(1), f"C{number % 30:02}"),
            path=("refuse", "allow", "refuse"),
        )  # fmt: skip
    assert len(tally.cells) == CELLS_MAX + 1
    assert sum(each.number for each in tally.cells.values()) == CELLS_MAX + 10
    assert tally.cells[Change.REFUSE, OTHERS, OTHERS, "never", Verdict.REFUSED].number
    assert len(tally.currencies) == 20


@pytest.mark.parametrize(
    ("rows", "numbers", "allowed", "said"),
    [
        (0, {}, {}, "Nothing was asked in 90 days, so there is nothing to compare."),
        (12, {"same": 12}, {}, "Of 12 requests in 90 days, every one would be answered as it is now."),
        (12480, {"allow": 310, "same": 12170}, {"approved": 308, "rejected": 2},
         "Of 12,480 requests in 90 days, 310 would run without a person that people decided before;"
         " 2 of them people had rejected."),
        (9, {"allow": 3, "review": 2, "refuse": 1}, {"approved": 2, "refused": 1},
         "Of 9 requests in 90 days, 3 would newly run without a person; people decided 2 of them"
         " before, and rejected none. 2 would newly wait for a person and 1 would newly be refused."),
        (9, {"allow": 1}, {"refused": 1}, "Of 9 requests in 90 days, 1 would newly run without a person."),
        (1, {"review": 1}, {},
         "Of 1 request in 90 days, none would newly run without a person. 1 would newly wait for a person."),
    ],
)  # fmt: skip
def test_the_sentence_says_what_would_be_different(rows, numbers, allowed, said):
    assert in_a_sentence(rows, 90, numbers, allowed) == said


def test_the_most_telling_line_says_what_people_had_decided():
    said = telling("allow", {"approved": 38, "edited": 2, "rejected": 1, "expired": 1})
    assert said == (
        "Of the 42 newly allowed, people had approved 38, edited 2 and rejected 1;"
        " nobody had decided 1 in time."
    )
