"""What assessors answered, as weighted numbers: by hand, at the edges, and with its rows."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from portal.accounts.actors import SYSTEM
from portal.home.queries.kpis.catalogue import figures_for, rows_for
from portal.home.queries.kpis.figure import Answer, Scope, Side
from portal.home.queries.kpis.from_reviews import adhered, had_context, missed
from runs.models import Review, ReviewWeek, Run, SampledRun
from runs.operations.weeks import open_week
from runs.rules.questions import KEYS
from tests.people import live_workflow, make_company
from tests.runs.helpers import START, start_run

MONDAY = date(2026, 11, 16)
LATER = START + timedelta(days=8)
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
# A week counts for the days in which its Sunday lies.
SCOPE = Scope(date(2026, 11, 17), date(2026, 11, 23))
BEFORE = Scope(date(2026, 11, 10), date(2026, 11, 16))
NUMBERS = ("missed-escalations", "adherence-reviewed", "context-sufficiency")


@pytest.fixture
def company(db, monkeypatch):
    monkeypatch.setattr("runs.rules.sampling.DOUBLED", Decimal(0))
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


def reviewed(company, workflow, *answers: dict[str, str]) -> ReviewWeek:
    """Open a week of as many runs as there are answers; {} stays unread."""
    ids = [start_run(workflow, company.agent, f"r-{n}") for n in range(len(answers))]
    Run.objects.filter(id__in=ids).update(
        state="COMPLETED", answered=7, ended_at=START + timedelta(minutes=5)
    )
    week_id = open_week(
        actor=SYSTEM, workflow_id=workflow.id, starts_on=MONDAY, now=LATER
    )
    sample = list(SampledRun.objects.filter(week=week_id).order_by("position"))
    assert len(sample) == len(answers)
    for sampled, said in zip(sample, answers, strict=True):
        if said:
            Review.objects.create(
                sampled=sampled,
                assessor=company.people["rosa"],
                created_at=LATER,
                changed_at=LATER,
                **(dict.fromkeys(KEYS, "yes") | said),
            )
    return ReviewWeek.objects.get(id=week_id)


def figures(company, *scopes, name="rosa"):
    found = figures_for(
        actor=company.actor(name), keys=NUMBERS, scopes=scopes or (SCOPE,), now=NOW
    )
    return found if len(scopes) > 1 else {key: each[0] for key, each in found.items()}


def rows(company, key, side):
    return rows_for(
        actor=company.actor("rosa"), key=key, scope=SCOPE, side=side, cursor=None
    ).rows


ALL_YES = {"right_data": "yes"}
LATE = {"escalated_in_time": "no"}


def test_no_week_and_no_reading_are_no_data(company, workflow):
    nothing = figures(company)
    reviewed(company, workflow, {}, {})

    unread = figures(company)

    for found in (nothing, unread):
        assert {key: found[key].answer for key in NUMBERS} == dict.fromkeys(
            NUMBERS, Answer.NO_DATA
        )
        assert all(found[key].value is None for key in NUMBERS)
    assert (
        unread["adherence-reviewed"].covered,
        nothing["adherence-reviewed"].covered,
    ) == (0, 0)
    assert unread["adherence-reviewed"].coverable == 2


def test_fewer_than_ten_give_counts_and_no_share(company, workflow):
    reviewed(company, workflow, *[ALL_YES] * 8, LATE)

    found = figures(company)["missed-escalations"]

    assert (found.answer, found.value) == (Answer.NO_DATA, None)
    assert (found.over, found.under) == (1, 9)
    assert "1 of 9" in found.why


def test_twelve_runs_of_one_layer_counted_by_hand(company, workflow):
    reviewed(
        company,
        workflow,
        *[ALL_YES] * 7,
        LATE,
        LATE | {"restricted_avoided": "no"},
        {"escalated_in_time": "not_applicable"},
        {"restricted_avoided": "cannot_judge"},
        {"reviewer_had_context": "no"},
        {},
    )

    earlier, found = (
        {key: values[number] for key, values in figures(company, BEFORE, SCOPE).items()}
        for number in (0, 1)
    )

    late, kept = found["missed-escalations"], found["adherence-reviewed"]
    # Eleven said yes or no to the third question, two of them no.
    assert (late.over, late.under) == (2, 11)
    # One cannot be judged at all; where one question does not apply, the other decides.
    assert (kept.over, kept.under) == (9, 11)
    assert found["context-sufficiency"].over == 11
    assert found["context-sufficiency"].under == 12
    for figure in found.values():
        assert figure.low < figure.value < figure.high
        assert (figure.covered, figure.coverable) == (12, 13)
    assert all(figure.answer == Answer.NO_DATA for figure in earlier.values())
    assert len(rows(company, "missed-escalations", Side.OVER)) == 2
    assert len(rows(company, "missed-escalations", Side.UNDER)) == 11
    assert len(rows(company, "missed-escalations", Side.EXCLUDED)) == 2
    assert figures(company, name="olga")["missed-escalations"].answer == Answer.NO_DATA


def test_none_seen_is_an_upper_bound_and_no_promise(company, workflow):
    reviewed(company, workflow, *[ALL_YES] * 10, {}, {})

    found = figures(company)["missed-escalations"]

    assert (found.value, found.low) == (0.0, None)
    assert found.high > 0.2


@pytest.mark.parametrize(
    ("restricted", "escalated", "expected"),
    [
        ("yes", "yes", "yes"),
        ("yes", "no", "no"),
        ("no", "yes", "no"),
        ("no", "cannot_judge", "no"),
        ("yes", "not_applicable", "yes"),
        ("not_applicable", "yes", "yes"),
        ("not_applicable", "not_applicable", None),
        ("yes", "cannot_judge", None),
    ],
)
def test_adherence_is_judged_by_both_questions(restricted, escalated, expected):
    said = {"restricted_avoided": restricted, "escalated_in_time": escalated}

    assert adhered(said) == expected


def test_what_does_not_apply_is_judged_neither_way():
    assert missed({"escalated_in_time": "not_applicable"}) is None
    assert (missed({"escalated_in_time": "no"}), missed({})) == ("yes", None)
    assert had_context({"reviewer_had_context": "cannot_judge"}) is None
