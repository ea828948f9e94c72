"""Escalations and exceptions as numbers, by hand-counted examples."""

from datetime import UTC, datetime, timedelta

import pytest

from approvals.models import ExceptionDisposition, Proposal
from approvals.rules.consistency import hold_signature
from portal.home.queries.kpis.catalogue import figures_for, rows_for
from portal.home.queries.kpis.figure import Answer, Scope, Side
from runs.models import Hold, Tally
from tests.approvals.asking import make_portal
from tests.home.ended import ended
from tests.people import REFUNDS

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
TODAY = NOW.date()
WEEK = Scope(TODAY - timedelta(days=6), TODAY)
BEFORE = Scope(TODAY - timedelta(days=13), TODAY - timedelta(days=7))
KEYS = (
    *("escalations-avoided", "escalations-in-time", "exceptions"),
    *("exceptions-per-100", "exception-consistency"),
)


@pytest.fixture
def portal(db):
    return make_portal()


def figures(portal, *scopes, name="maya"):
    found = figures_for(
        actor=portal.people.actor(name), keys=KEYS, scopes=scopes or (WEEK,), now=NOW
    )
    return found if len(scopes) > 1 else {key: each[0] for key, each in found.items()}


def rows(portal, key, side=Side.OVER, scope=WEEK):
    """Read all pages of the rows behind a number."""
    found, cursor = [], None
    while True:
        page = rows_for(
            actor=portal.people.actor("maya"),
            key=key,
            scope=scope,
            side=side,
            cursor=cursor,
        )
        found += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return found


def escalated(state: str, *, days: float = 1, hours: float = 2, **columns):
    at = NOW - timedelta(days=days)
    return {
        "state": state,
        "at": at,
        "escalated": at - timedelta(hours=hours),
        "seconds": hours * 3600,
        "columns": {"cause": "stop_rule.money"} | columns,
    }


def held(portal, rule: str, *, days: float, until: datetime | None = None) -> Hold:
    hold = Hold(
        run_id=Proposal.objects.values_list("run_id", flat=True)[0],
        workflow=portal.workflow,
        rule_key=rule,
        sentence="It stopped.",
        placed_at=NOW - timedelta(days=days),
        placed_by_kind="system",
        placed_by_id=portal.people.people["dana"].id,
        placed_by_name="Countersign",
    )
    if until is not None:
        hold.resumed_at, hold.resume_reason = until, "Right."
        hold.resumed_by = portal.people.people["erik"]
    hold.save()
    if until is not None:
        ExceptionDisposition.objects.create(
            hold_id=hold.id,
            run_id=hold.run_id,
            workflow=portal.workflow,
            signature=hold_signature(portal.workflow.id, rule),
            sentence=hold.sentence,
            disposition="RESUMED",
            text="Right.",
            differs_from_precedents=False,
            precedents=0,
            disposed_by=portal.people.people["erik"],
            disposed_at=until,
        )
    return hold


def test_without_any_escalation_the_shares_have_no_data(portal):
    found = figures(portal)

    assert found["escalations-avoided"].answer == Answer.NOT_MEASURABLE
    assert "launch packet" in found["escalations-avoided"].why
    for key in ("escalations-in-time", "exceptions-per-100", "exception-consistency"):
        assert (found[key].answer, found[key].value) == (Answer.NO_DATA, None)
    assert (found["exceptions"].answer, found["exceptions"].value) == (
        Answer.MEASURED,
        0.0,
    )


def test_escalations_are_in_time_when_a_person_ended_them_before_the_clock(portal):
    ended(
        portal,
        escalated("APPROVED"),
        escalated("REJECTED"),
        escalated("EXPIRED"),
        escalated("WITHDRAWN"),
        {"state": "APPROVED", "at": NOW - timedelta(days=1)},
    )

    found = figures(portal)["escalations-in-time"]

    assert (found.over, found.under) == (2, 3)
    assert found.excluded[0] == ("Withdrawn by the agent", 1)
    assert len(rows(portal, "escalations-in-time", Side.OVER)) == 2
    assert len(rows(portal, "escalations-in-time", Side.UNDER)) == 3
    assert len(rows(portal, "escalations-in-time", Side.EXCLUDED)) == 1


def test_exceptions_are_holds_and_escalations_new_and_known_open_and_closed(portal):
    ended(
        portal,
        escalated("APPROVED", days=1),
        escalated("REJECTED", days=8),
        escalated("APPROVED", days=2, cause="stop_rule.topic"),
    )
    held(portal, "new-rule", days=3)
    held(portal, "old-rule", days=10, until=NOW - timedelta(days=9))

    week, before = figures(portal, WEEK, BEFORE), figures(portal, BEFORE)
    found, earlier = week["exceptions"]

    # money again, topic for the first time, and a hold by a rule never seen before it.
    assert (found.value, earlier.value) == (3, 2)
    assert before["exceptions"].value == earlier.value
    values = {detail.label: detail.value for detail in found.details}
    assert values["Held by a stop rule"] == 1
    assert values["Of a kind never seen before"] == 2
    assert values["Of a kind known before"] == 1
    assert values["Open at the end"] == 1
    assert values["Nine of ten open ones were no older than"] == 3 * 86_400
    assert len(rows(portal, "exceptions")) == 3
    # Closed before that week was over: nothing was open at its end.
    assert {d.label: d.value for d in earlier.details}["Open at the end"] == 0


def test_exceptions_are_set_against_the_runs_of_the_same_days(portal):
    ended(portal, escalated("APPROVED"), escalated("APPROVED"))
    Tally.objects.create(
        workflow=portal.workflow, on=TODAY, measure="run.count", value=40
    )

    found = figures(portal)["exceptions-per-100"]

    assert (found.value, found.over, found.under) == (5, 2, 40)


def test_consistency_compares_pairs_of_the_same_kind_over_ninety_days(portal):
    ended(
        portal,
        escalated("APPROVED", days=1),
        escalated("EDITED", days=30),
        escalated("REJECTED", days=60),
        escalated("REJECTED", days=100),
        escalated("EXPIRED", days=2),
        escalated("APPROVED", days=2, cause="stop_rule.topic"),
    )

    found = figures(portal)["exception-consistency"]

    # Three of one kind within ninety days: one pair alike of three.
    assert (found.over, found.under) == (1, 3)
    assert found.value == pytest.approx(1 / 3)
    assert found.details[0].value is not None
    listed = {side: len(rows(portal, "exception-consistency", side)) for side in Side}
    assert listed == {Side.OVER: 2, Side.UNDER: 3, Side.EXCLUDED: 1}
    assert found.excluded == (("The only one of its kind", 1),)


def test_holds_of_one_rule_are_alike_and_those_of_two_are_not(portal):
    ended(portal, {"state": "APPROVED", "at": NOW})
    for rule in ("one", "one", "two"):
        held(portal, rule, days=3, until=NOW - timedelta(days=len(rule)))

    found = figures(portal)["exception-consistency"]

    assert (found.over, found.under, found.details[0].value) == (1, 1, None)


BASELINE = {
    "key": "escalation-rate",
    "value": "20",
    "n": 400,
    "first": "2026-06-01",
    "last": "2026-08-31",
    "how": "typed",
    "source": "The desk's own list",
}


def test_avoided_is_counted_against_the_baseline_of_the_launch_packet(db):
    portal = make_portal(document=REFUNDS | {"baselines": [BASELINE]})
    for measure, value in (("run.cases", 100), ("run.cases_escalated", 12)):
        Tally.objects.create(
            workflow=portal.workflow, on=TODAY, measure=measure, value=value
        )

    found = figures(portal)["escalations-avoided"]

    assert found.answer == Answer.MEASURED
    assert (found.value, found.under) == (8, 100)
    assert found.low < 8 < found.high
    assert found.excluded == (("Cases that no baseline speaks of", 0),)
