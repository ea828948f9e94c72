"""What systems of record report, from the door to the incident that a person settles."""

import itertools
import json
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from approvals.operations.matching import match_changes
from approvals.tasks import match_changes as sweep
from portal.accounts import access
from portal.accounts.actors import SYSTEM
from portal.accounts.models import AgentKind, Notice
from portal.accounts.operations.agents import register_agent
from portal.audit.models import Entry
from portal.core import outbox
from portal.core.clock import database_now, wall_clock
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.home.queries.kpis.catalogue import figures_for
from portal.home.queries.kpis.figure import Scope
from runs import tasks
from runs.models import EventKey, Incident, IncidentNote, ReportedChange, Run, RunEvent
from runs.operations.incidents import (
    reopen_incident,
    settle_incident,
    take_incident,
)
from runs.queries.invariants import CHECKS
from tests.people import NOW

pytestmark = pytest.mark.django_db
IDS = itertools.count(1)
EXPLAINED = {
    "way": "EXPLAINED",
    "reason_code": "by_hand",
    "text": "The till paid it out.",
    "evidence": "Receipt 7 in the till's log.",
}


@pytest.fixture
def system_key(portal):
    people = portal.people
    system = register_agent(
        actor=SYSTEM,
        name="Billing",
        department=people.departments["care"],
        operator=people.priya,
        kind=AgentKind.SYSTEM_OF_RECORD,
        now=NOW,
    )
    return people.key_for(system, scopes=("changes",))


def used(portal, amount="20.00", **more):
    asked = portal.ask(amount, **more)
    assert portal.redeem(asked["grant"], asked["action_digest"]).status_code == 200
    return asked


def change(**facts):
    """Give a change as billing tells it; what is None is left out."""
    whole = {
        "id": f"b-{next(IDS)}",
        "workflow": "refund-management",
        "run": "case-7741",
        "at": database_now().isoformat(),
        "kind": "change.made",
        "system": "billing",
        "resource": "order 1182",
        "field": "refunded",
        "before": "0.00",
        "after": "20.00",
        **facts,
    }
    return {name: value for name, value in whole.items() if value is not None}


def report(key, *events):
    """Send, fold and match, as the worker does; gives the figures of the batch."""
    answer = Client().post(
        "/api/v1/events",
        json.dumps({"events": events}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 202, answer.content
    tasks.fold_inbox()
    sweep()
    found = Client().get(
        f"/api/v1/events/batches/{answer.json()['batch']}",
        headers={"Authorization": f"Bearer {key}"},
    )
    return found.json()


def nothing_is_wrong():
    from django.db import connection

    with connection.cursor() as cursor:
        for check in CHECKS:
            cursor.execute(check.sql)
            assert cursor.fetchall() == [], check.sentence


def settle(portal, incident, who="rosa", **more):
    return settle_incident(
        actor=portal.people.actor(who),
        incident_id=incident.id,
        now=wall_clock(),
        **{**EXPLAINED, **more},
    )


def test_a_change_under_a_redeemed_grant_is_covered_named_or_not(portal, system_key):
    first = used(portal)
    other = used(portal, "11.00", run="case-8")

    report(
        system_key,
        change(grant=first["grant"]["id"]),
        change(run=None, workflow=None, after="11.00"),
    )

    assert set(ReportedChange.objects.values_list("state", flat=True)) == {"MATCHED"}
    assert not Incident.objects.exists()
    assert not Run.objects.filter(unauthorised_count__gt=0).exists()
    placed = RunEvent.objects.get(kind="change.made", run_id=other["run"]["id"])
    assert placed.provenance == "CONFIRMED"
    assert EventKey.objects.filter(event_id=placed.id).exists()
    nothing_is_wrong()


def test_a_change_that_no_grant_covers_is_an_incident_and_the_owners_are_told(
    portal, system_key
):
    used(portal)

    report(system_key, change(after="200.00"))
    outbox.relay_once()

    incident = Incident.objects.get()
    assert incident.code == "value.other"
    assert "Refund EUR 20.00" in incident.why
    assert Run.objects.get().unauthorised_count == 1
    told = Notice.objects.filter(kind="unauthorised_change")
    people = portal.people
    assert set(told.values_list("person_id", flat=True)) == {
        people.maya.id,
        people.rosa.id,
    }
    assert told.first().href == f"/incidents/{incident.id}/"
    assert Entry.objects.filter(name="incident.opened").count() == 1
    nothing_is_wrong()


def test_an_unknown_run_a_missing_one_and_an_unknown_workflow_are_incidents_and_no_runs(
    portal, system_key
):
    figures = report(
        system_key,
        change(run="unheard-of"),
        change(run=None),
        change(run=None, workflow=None),
        change(workflow="unheard-of"),
    )
    outbox.relay_once()

    assert figures["accepted"] == 4
    assert not Run.objects.exists()
    assert sorted(Incident.objects.values_list("code", flat=True)) == [
        "none",
        "none",
        "run.unknown",
        "workflow.unknown",
    ]
    homeless = Incident.objects.filter(workflow=None)
    assert homeless.count() == 2
    told = Notice.objects.filter(subject=f"incident:{homeless[0].id}")
    assert told.exists()
    nothing_is_wrong()
    assert unauthorised_seen_by_each(portal) == {True: {4}, False: {0, 2}}


def test_the_same_change_told_twice_counts_once_with_or_without_a_run(
    portal, system_key
):
    used(portal)
    here, nowhere = change(after="7"), change(run=None, resource="order 9")
    report(system_key, here, nowhere)

    figures = report(system_key, here, nowhere)

    assert (figures["accepted"], figures["duplicate"]) == (0, 2)
    assert Incident.objects.count() == 2


def test_agents_still_say_which_run_their_changes_belong_to(portal):
    figures = report(portal.key, change(run=None), change(workflow=None))

    assert figures["accepted"] == 0
    assert not ReportedChange.objects.exists()


def test_a_grant_redeemed_a_moment_later_heals_the_incident_visibly(portal, system_key):
    asked = portal.ask("20.00")
    report(system_key, change(grant=asked["grant"]["id"]))
    incident = Incident.objects.get()
    assert incident.code == "grant.unused"
    assert Run.objects.get().unauthorised_count == 1

    portal.redeem(asked["grant"], asked["action_digest"])
    ReportedChange.objects.update(judged_at=NOW)
    sweep()

    incident.refresh_from_db()
    assert incident.state == "EXPLAINED"
    assert Run.objects.get().unauthorised_count == 0
    last = IncidentNote.objects.order_by("noted_at", "id").last()
    assert (last.kind, last.person) == ("HEALED", None)
    with pytest.raises(Conflict):
        reopen_incident(
            actor=portal.people.actor("rosa"),
            incident_id=incident.id,
            text="No.",
            now=wall_clock(),
        )
    nothing_is_wrong()


def test_one_grant_never_covers_the_same_field_twice_even_past_the_rule(
    portal, system_key
):
    grant = used(portal)["grant"]["id"]
    report(system_key, change(grant=grant), change(grant=grant, after="21.00"))

    assert Incident.objects.get().code == "grant.used"
    late = ReportedChange.objects.get(state="UNMATCHED")
    with pytest.raises(IntegrityError), transaction.atomic():
        ReportedChange.objects.filter(id=late.id).update(
            state="MATCHED", grant_id=grant
        )


def test_a_person_takes_an_incident_on_and_explains_it_and_the_number_falls(
    portal, system_key
):
    used(portal)
    report(system_key, change(after="99"))
    incident = Incident.objects.get()
    people = portal.people

    take_incident(actor=people.actor("rosa"), incident_id=incident.id, now=wall_clock())
    with pytest.raises(Invalid) as wrong:
        settle(portal, incident, evidence=" ", reason_code="")
    assert set(wrong.value.fields) == {"evidence", "reason_code"}
    assert settle(portal, incident) == "EXPLAINED"

    assert Run.objects.get().unauthorised_count == 0
    assert Incident.objects.get().taken_by_id == people.rosa.id
    with pytest.raises(Conflict, match="Rosa"):
        settle(portal, incident, "maya")
    reopen_incident(
        actor=people.actor("maya"),
        incident_id=incident.id,
        text="The till has no receipt 7.",
        now=wall_clock(),
    )
    assert Run.objects.get().unauthorised_count == 1
    settle(portal, incident, way="CONFIRMED")
    assert Run.objects.get().unauthorised_count == 1
    kinds = IncidentNote.objects.order_by("noted_at", "id").values_list(
        "kind", flat=True
    )
    assert list(kinds) == ["OPENED", "TAKEN", "EXPLAINED", "REOPENED", "CONFIRMED"]
    nothing_is_wrong()


def test_who_may_not_look_into_an_incident(portal, system_key):
    used(portal)
    report(
        system_key,
        change(after="99"),
        change(run=None, workflow=None, resource="order 9"),
    )
    incident = Incident.objects.get(run__isnull=False)
    homeless = Incident.objects.get(workflow=None)

    for who, problem in (("dana", Forbidden), ("olga", NotFound)):
        with pytest.raises(problem):
            settle(portal, incident, who)
        with pytest.raises(NotFound):
            settle(portal, homeless, who)
    with pytest.raises(NotFound):
        settle(portal, homeless, "maya")


def test_who_stands_behind_the_agent_may_confirm_and_not_explain(portal, system_key):
    used(portal)
    report(system_key, change(after="99"))
    incident = Incident.objects.get()
    agent = portal.people.agent
    agent.operator = portal.people.maya
    agent.save()

    with pytest.raises(Forbidden, match="stand behind"):
        settle(portal, incident, "maya")
    assert settle(portal, incident, "maya", way="CONFIRMED") == "CONFIRMED"


def test_what_an_agent_tells_of_itself_is_one_incident_a_run_that_grows(portal):
    portal.ask("20.00")
    report(portal.key, change(id="a"))
    incident = Incident.objects.get()
    assert (incident.kind, incident.actions) == ("TOLD", 1)

    settle(portal, incident)
    assert Run.objects.get().unauthorised_count == 0
    report(portal.key, change(id="b"))

    incident.refresh_from_db()
    assert (incident.state, incident.actions) == ("OPEN", 1)
    assert Run.objects.get().unauthorised_count == 1
    nothing_is_wrong()


def test_matching_says_so_when_nothing_waits():
    with pytest.raises(AlreadyDone):
        match_changes(now=wall_clock())


def unauthorised_seen_by_each(portal):
    """Count what the number says, by whether a person sees every workflow."""
    scope = Scope(date(2020, 1, 1), date(2099, 1, 1))
    found = {}
    for name in portal.people.people:
        actor = portal.people.actor(name)
        figures = figures_for(
            actor=actor, keys=["unauthorised"], scopes=[scope], now=datetime.now(tz=UTC)
        )
        sees_all = access.holds_everywhere(actor, access.VIEW)
        over = int(figures["unauthorised"][0].over)
        found.setdefault(sees_all, set()).add(over)
    return found
