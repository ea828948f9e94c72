"""How proposals ended, one narrow row each: by the statement that also counts anew."""

from collections import Counter
from datetime import timedelta
from random import Random
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from approvals.models import (
    EndTally,
    EndTime,
    FirstLook,
    Move,
    Proposal,
    ProposalEnd,
    ProposalVersion,
)
from approvals.operations.ending import recount_ends
from approvals.queries.kpi_ends import decision_times_over, look_times_over
from approvals.rules.widening import is_material
from approvals.tasks import sweep_due
from portal.accounts.actors import SYSTEM
from portal.accounts.operations.acting import recount_days
from runs.queries.kpi_sums import Span
from tests.approvals.asking import Portal
from tests.approvals.timing import turn_back

pytestmark = pytest.mark.django_db
REJECTED = {"reason_code": "other", "message": "Not like this."}


def end_of(asked: dict) -> ProposalEnd:
    return ProposalEnd.objects.get(proposal=asked["proposal"]["id"])


def a_day_of_everything(portal: Portal) -> dict[str, dict]:
    """Ask eight times and let each end in another way."""
    args = {"amount": "84.20", "currency": "EUR", "note": "As he asked."}
    action = portal.body()["action"] | {"args": args}
    asked = {
        name: portal.ask(run=f"case-{name}", action=action)
        for name in (
            *("approved", "halved", "reworded", "rejected", "responded"),
            *("undone", "expired", "withdrawn"),
        )
    }
    portal.decide("dana", asked["approved"])
    portal.decide("dana", asked["halved"], "edit", **{"arg-0": "42.10"})
    portal.decide("dana", asked["reworded"], "edit", **{"arg-2": "As she asked."})
    portal.decide("dana", asked["rejected"], "reject", **REJECTED)
    portal.decide("dana", asked["responded"], "respond", message="Send a voucher.")
    portal.decide("dana", asked["undone"])
    proposal = asked["undone"]["proposal"]["id"]
    portal.signed_in("dana").post(f"/inbox/{proposal}/undo/")
    portal.post(f"/actions/{asked['withdrawn']['id']}/withdraw")
    for _ in range(2):
        turn_back(asked["expired"], timedelta(days=9))
        sweep_due()
    return asked


def sums_kept() -> Counter:
    """Read what the database adds up, as changes come and go."""
    found: Counter = Counter()
    for row in EndTally.objects.exclude(count=0):
        kind = (row.state, row.is_material, row.missed_due, row.is_superseded)
        found[kind] += row.count
    return found


def test_each_way_of_ending_is_told_apart(portal):
    asked = a_day_of_everything(portal)

    ends = {name: end_of(each) for name, each in asked.items()}

    assert {name: end.state for name, end in ends.items()} == {
        "approved": "APPROVED",
        "halved": "EDITED",
        "reworded": "EDITED",
        "rejected": "REJECTED",
        "responded": "RESPONDED",
        "undone": "APPROVED",
        "expired": "EXPIRED",
        "withdrawn": "WITHDRAWN",
    }
    assert [name for name, end in ends.items() if end.is_material] == ["halved"]
    assert [name for name, end in ends.items() if end.is_superseded] == ["undone"]
    assert [name for name, end in ends.items() if end.missed_due] == ["expired"]
    assert [name for name, end in ends.items() if end.is_escalated] == ["expired"]
    assert not any(end.in_time for end in ends.values())
    assert {end.on for end in ends.values()} == {timezone.localdate()}


def test_rows_are_what_a_plain_reading_of_the_tables_gives(portal):
    a_day_of_everything(portal)

    ended = Proposal.objects.exclude(resolved_at=None)
    plain = Counter(
        (
            row.state,
            timezone.localdate(row.resolved_at),
            round((row.resolved_at - row.created_at).total_seconds(), 6),
            Move.objects.filter(proposal=row, kind="ASKED").exists(),
            Proposal.objects.filter(reopens=row).exists(),
        )
        for row in ended
    )
    kept = Counter(
        (row.state, row.on, round(row.seconds, 6), row.was_asked, row.is_superseded)
        for row in ProposalEnd.objects.all()
    )

    assert kept == plain
    assert sums_kept() == Counter(
        (row.state, row.is_material, row.missed_due, row.is_superseded)
        for row in ProposalEnd.objects.all()
    )
    assert kept.total() == ended.count() == 8


def test_counting_anew_changes_nothing_and_mends_what_was_changed(portal):
    asked = a_day_of_everything(portal)
    before = list(ProposalEnd.objects.order_by("pk").values())

    at_rest = recount_ends(actor=SYSTEM), recount_days(actor=SYSTEM)
    ProposalEnd.objects.filter(proposal=asked["halved"]["proposal"]["id"]).update(
        is_material=False
    )
    ProposalEnd.objects.filter(proposal=asked["undone"]["proposal"]["id"]).delete()
    mended = recount_ends(actor=SYSTEM)
    EndTally.objects.filter(state="EXPIRED").update(count=7)
    added_up = recount_ends(actor=SYSTEM)

    assert at_rest == (0, 0)
    assert mended == 2
    # What is kept of it, and what should be.
    assert added_up == 2
    assert list(ProposalEnd.objects.order_by("pk").values()) == before


def test_times_are_those_of_all_values_whatever_came_went_and_changed(portal):
    import numpy

    chance = Random(8)  # noqa: S311 - the same times every time
    today, states = timezone.localdate(), ("APPROVED", "EDITED", "REJECTED", "EXPIRED")
    ends = [
        ProposalEnd(
            proposal_id=uuid4(), workflow_id=portal.workflow.id, run_id=uuid4(),
            on=today - timedelta(number % 3), opened_at=timezone.now(),
            ended_at=timezone.now(), state=states[number % 4],
            seconds=chance.lognormvariate(6, 2) if number % 9 else 0.0,
            is_material=False, missed_due=False, was_asked=False,
            is_superseded=number % 11 == 0, is_escalated=False, in_time=False,
            looked_seconds=None if number % 5 == 0 else chance.uniform(0, 900),
        )
        for number in range(120)
    ]  # fmt: skip
    ProposalEnd.objects.bulk_create(ends)
    of_ours = ProposalEnd.objects.filter(pk__in=[each.pk for each in ends])
    of_ours.filter(pk__in=[each.pk for each in ends[:7]]).delete()
    of_ours.filter(pk__in=[each.pk for each in ends[7:12]]).update(is_superseded=True)
    of_ours.filter(pk__in=[each.pk for each in ends[12:15]]).update(seconds=5.5)
    spans = [Span(today - timedelta(1), today), Span(today - timedelta(2), today)]

    actor = portal.people.actor("dana")
    decided = decision_times_over(actor=actor, spans=spans)
    looked = look_times_over(actor=actor, spans=spans)

    for span, times, looks in zip(spans, decided, looked, strict=True):
        plain = [
            (each.seconds, each.looked_seconds)
            for each in of_ours.filter(on__gte=span.first, is_superseded=False)
            if each.state != "EXPIRED"
        ]
        took = [seconds for seconds, _ in plain]
        known = [seconds for _, seconds in plain if seconds is not None]
        assert (times.count, looks.decided, looks.known) == (
            len(plain), len(plain), len(known),
        )  # fmt: skip
        assert (times.p50, times.p90) == pytest.approx(
            tuple(numpy.percentile(took, [50, 90]))
        )
        assert (looks.p50, looks.p90) == pytest.approx(
            tuple(numpy.percentile(known, [50, 90]))
        )
        assert looks.total == pytest.approx(sum(known), abs=0.001)
    # These stand for no proposals.
    of_ours.delete()
    assert not EndTime.objects.exclude(count=0).exists()
    assert not EndTime.objects.exclude(total=0).exists()


def test_sums_of_times_that_were_changed_are_found_and_mended(portal):
    portal.decide("dana", portal.ask())
    EndTime.objects.update(count=7)

    assert recount_ends(actor=SYSTEM) == 2 * EndTime.objects.count()
    assert recount_ends(actor=SYSTEM) == 0
    assert set(EndTime.objects.values_list("count", flat=True)) == {1}


def test_an_escalation_ends_in_time_unless_its_own_window_ran_out(portal):
    in_time, late = portal.ask(run="case-a"), portal.ask(run="case-b")
    for asked in (in_time, late):
        turn_back(asked, timedelta(days=9))
        sweep_due()
    proposal = Proposal.objects.get(id=late["proposal"]["id"])
    # The ladder has no further step here: what ran over again ends by itself.
    turn_back(late, timedelta(days=9))
    sweep_due()

    portal.decide("erik", in_time, "reject", **REJECTED)

    assert (end_of(in_time).is_escalated, end_of(in_time).in_time) == (True, True)
    assert (end_of(late).is_escalated, end_of(late).in_time) == (True, False)
    # Both missed the time of those who were asked first.
    assert (end_of(in_time).missed_due, end_of(late).missed_due) == (True, True)
    assert proposal.escalated_at is not None


def days_of(name: str, portal: Portal) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind FROM audit_actedday WHERE actor_id = %s",
            [portal.people.people[name].id],
        )
        return {kind for (kind,) in cursor}


def test_a_person_is_active_on_a_day_by_what_they_did_and_not_by_looking(portal):
    asked = portal.ask(on_behalf_of={"type": "user", "id": "tom@example.com"})
    portal.signed_in("lena").get(f"/inbox/{asked['proposal']['id']}/")

    portal.decide("dana", asked)

    assert days_of("dana", portal) == {"decide"}
    assert days_of("lena", portal) == set()
    assert days_of("tom", portal) == {"propose"}
    assert (recount_ends(actor=SYSTEM), recount_days(actor=SYSTEM)) == (0, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM audit_actedday WHERE actor_id = ANY(%s)",
            [[portal.people.people[name].id for name in ("dana", "tom")]],
        )
    assert (recount_ends(actor=SYSTEM), recount_days(actor=SYSTEM)) == (1, 1)
    assert days_of("dana", portal) == {"decide"}


MAPPED = {"amount_field": "sum_due", "recipient_field": "who"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"sum_due": "5"}, {"sum_due": "4"}, True),
        ({"who": "ana"}, {"who": "ben"}, True),
        ({"unit_price": "5"}, {"unit_price": "4"}, True),
        ({"email": "a@x"}, {"email": "b@x"}, True),
        ({"note": "one"}, {"note": "two"}, False),
        ({"note": "one"}, {"note": "one"}, False),
    ],
)
def test_an_edit_is_material_when_it_changes_what_the_verb_is_about(
    before, after, expected
):
    action = {"verb": "refund", "system": "billing", "resource": {"id": "1"}}

    found = is_material(action | {"args": before}, action | {"args": after}, **MAPPED)

    assert found is expected
    assert is_material(action, action | {"verb": "credit"})
    assert is_material(action, action | {"resource": {"id": "2"}})


def test_no_first_look_is_kept_twice():
    names = {each.name for each in FirstLook._meta.constraints}

    assert names == {"approvals_look_once"}
    assert ProposalVersion._meta.get_field("is_material").null
