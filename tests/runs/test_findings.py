"""Findings: owner, day, history, evidence; from one to the draft and to what is live."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from portal.accounts.models import Notice, Person
from portal.accounts.operations.people import deactivate_person
from portal.audit.acts import ACTS, COMMENT, REGISTER, REVIEW
from portal.audit.models import ActedDay, Entry
from portal.core import outbox
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from registry.models import OperatingModelVersion, VersionCause
from registry.operations.launching import launch_version
from registry.operations.packets import submit_version, withdraw_version
from registry.queries.causes import causes_of
from registry.queries.drafting_from import page_to_change
from runs.models import Finding, FindingMove
from runs.operations.carrying import sweep_findings
from runs.operations.drafting import draft_change
from runs.operations.findings import (
    Shown,
    close_finding,
    comment_finding,
    reassign_finding,
    redate_finding,
    reopen_finding,
)
from runs.queries.across import findings_due
from tests.people import live_workflow, make_company
from tests.runs.test_weeks import LATER, a_finding, make_runs, opened, sign_in

DUE = LATER.date() + timedelta(days=3)


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


@pytest.fixture
def rosa(company):
    return company.actor("rosa")


@pytest.fixture
def week(company, workflow):
    make_runs(workflow, company.agent, 1)
    return opened(workflow)


@pytest.fixture
def finding(company, week, rosa):
    return a_finding(
        week, rosa, company.maya, kind="LOOSE_RULE", about="conflicting-records"
    )


def moves(finding_id):
    rows = FindingMove.objects.filter(finding=finding_id).order_by("at", "id")
    return list(rows.values_list("kind", flat=True))


def told(person):
    while outbox.relay_once().delivered:
        pass
    rows = Notice.objects.filter(person=person, kind__startswith="finding")
    return sorted(rows.values_list("kind", flat=True))


def seen(workflow):
    return page_to_change(workflow_id=workflow.id).whole


# Looking after one.


def test_what_is_done_about_a_finding_stands_in_its_history_with_a_reason(
    company, week, finding, rosa
):
    maya = company.actor("maya")
    later = DUE + timedelta(days=4)

    comment_finding(
        actor=company.actor("dana"), finding_id=finding, text="I saw it too.", now=LATER
    )
    redate_finding(
        actor=maya, finding_id=finding, due_on=later, reason="Holidays.", now=LATER
    )
    reassign_finding(
        actor=maya,
        finding_id=finding,
        owner_id=company.priya.id,
        reason="She owns the agent.",
        now=LATER,
    )
    close_finding(
        actor=company.actor("priya"), finding_id=finding, evidence="Done.", now=LATER
    )
    reopen_finding(actor=rosa, finding_id=finding, reason="Still loose.", now=LATER)

    row = Finding.objects.get()
    assert (row.due_on, row.owner_id, row.closed_at) == (later, company.priya.id, None)
    assert moves(finding) == [
        "COMMENTED",
        "REDATED",
        "REASSIGNED",
        "CLOSED",
        "REOPENED",
    ]
    names = set(Entry.objects.filter(subject_id=str(finding)).values_list("name", flat=True))  # fmt: skip
    assert {f"review.finding_{kind.lower()}" for kind in moves(finding)} <= names
    with pytest.raises(DatabaseError), transaction.atomic():
        FindingMove.objects.update(text="never said")
    with pytest.raises(DatabaseError), transaction.atomic():
        FindingMove.objects.all()._raw_delete("default")


def test_only_its_owner_and_assessors_look_after_it_and_outsiders_find_nothing(
    company, finding, rosa
):
    about = {"finding_id": finding, "now": LATER}
    deeds = (
        (redate_finding, {"due_on": DUE + timedelta(1), "reason": "x"}),
        (reassign_finding, {"owner_id": company.priya.id, "reason": "x"}),
        (close_finding, {"evidence": "x"}),
    )
    for deed, given in deeds:
        with pytest.raises(Forbidden):
            deed(actor=company.actor("dana"), **about, **given)
        with pytest.raises(NotFound):
            deed(actor=company.actor("olga"), **about, **given)
    with pytest.raises(NotFound):
        comment_finding(actor=company.actor("olga"), text="x", **about)
    close_finding(actor=rosa, evidence="Seen.", **about)
    with pytest.raises(AlreadyDone) as lost:
        close_finding(actor=company.actor("maya"), evidence="Me too.", **about)
    with pytest.raises(Forbidden):
        reopen_finding(actor=company.actor("dana"), reason="x", **about)

    assert lost.value.extra["who"] == "Rosa Lindqvist"


def test_days_owners_reasons_and_evidence_are_looked_at(company, workflow, finding):
    maya = company.actor("maya")
    about = {"actor": maya, "finding_id": finding, "now": LATER}

    def wrong(deed, **given):
        with pytest.raises(Invalid) as problem:
            deed(**about, **given)
        return set(problem.value.fields)

    yesterday = LATER.date() - timedelta(days=1)
    assert wrong(redate_finding, due_on=yesterday, reason="x") == {"due_on"}
    assert wrong(redate_finding, due_on=DUE, reason="x") == {"due_on"}
    assert wrong(redate_finding, due_on=DUE + timedelta(1), reason=" ") == {"reason"}
    assert wrong(reassign_finding, owner_id=company.olga.id, reason="x") == {"owner"}
    assert wrong(reassign_finding, owner_id=company.maya.id, reason="x") == {"owner"}
    assert wrong(comment_finding, text="x" * 1_001) == {"text"}
    shown = Shown(version="9", run="nowhere", address="javascript:alert(1)")
    assert wrong(close_finding, evidence="x", shown=shown) == {
        "version",
        "run",
        "address",
    }
    assert moves(finding) == []


def test_evidence_points_to_a_version_a_run_and_an_address(
    client, company, workflow, week, finding
):
    run_id = str(week.sample.get().run_id)
    shown = Shown("1", f"https://here/runs/{run_id}/", "https://tickets.example/7")

    close_finding(
        actor=company.actor("maya"),
        finding_id=finding,
        evidence="Live.",
        shown=shown,
        now=LATER,
    )

    address = reverse("finding", args=[finding])
    text = sign_in(client, company.dana).get(address).content.decode()
    assert reverse("workflow_version", args=[workflow.slug, 1]) in text
    assert reverse("run", args=[run_id]) in text
    assert 'href="https://tickets.example/7"' in text


# Carrying it.


def test_its_owner_is_told_when_it_becomes_theirs_and_once_when_it_is_due(
    company, finding, rosa
):
    assert told(company.maya) == ["finding_assigned"]

    due = LATER + timedelta(days=3)
    assert sweep_findings(now=LATER) == 0
    assert sweep_findings(now=due) == 1
    assert sweep_findings(now=due) == 0
    assert told(company.maya) == ["finding_assigned", "finding_due"]
    close_finding(actor=rosa, finding_id=finding, evidence="Done.", now=due)

    assert told(company.maya) == ["finding_assigned", "finding_due"]
    assert not Notice.objects.filter(person=company.maya, closed_at=None).exists()


def test_what_an_owner_left_goes_to_the_business_owner_who_is_told(
    company, workflow, week, rosa
):
    finding = a_finding(week, rosa, company.priya)
    deactivate_person(actor=company.actor("ada"), person=company.priya)

    assert sweep_findings(now=LATER) == 1
    assert sweep_findings(now=LATER) == 0

    row = Finding.objects.get(id=finding)
    assert row.owner_id == company.maya.id
    move = FindingMove.objects.get(finding=finding)
    assert (move.kind, move.person_id) == ("HANDED_OVER", None)
    assert move.facts == {"before": "Priya Nair", "after": "Maya Adler"}
    assert "finding_assigned" in told(company.maya)


def test_nobody_takes_over_while_the_business_owner_is_gone_too(company, week, rosa):
    a_finding(week, rosa, company.maya)
    Person.objects.filter(id=company.maya.id).update(is_active=False)

    assert sweep_findings(now=LATER) == 0
    assert Finding.objects.get().owner_id == company.maya.id


def test_the_start_page_shows_what_is_late_first(company, week, rosa):
    a_finding(week, rosa, company.maya, text="In time.", due_on=DUE)
    a_finding(week, rosa, company.maya, text="Late.", due_on=LATER.date())

    today = LATER.date() + timedelta(days=1)
    found = findings_due(actor=company.actor("maya"), today=today)

    assert [(row.text, row.is_late) for row in found] == [
        ("Late.", True),
        ("In time.", False),
    ]


# Into the rulebook.


def test_a_finding_becomes_a_draft_a_signed_version_and_evidence(
    client, company, workflow, finding
):
    maya = company.actor("maya")
    sign_in(client, company.maya)
    address = reverse("finding_draft", args=[finding])
    offered = client.get(address).content.decode()

    made = client.post(
        address,
        {
            "way": "effect:conflicting-records",
            "effect": "refuse",
            "seen": seen(workflow),
            "go": "draft",
        },
    )

    assert "The stop rule “conflicting records” refuses" in offered
    assert "Narrowing" in offered
    assert made.status_code == 302
    landed = client.get(made.url.partition("#")[0]).content.decode()
    assert "<mark>The stop rule “conflicting records” refuses" in landed
    draft = OperatingModelVersion.objects.get(state="DRAFT")
    rule = next(row for row in draft.document["stop_rules"] if row["key"] == "conflicting-records")  # fmt: skip
    assert rule["effect"] == "refuse"
    packet = submit_version(
        reason="It may begin here.",
        actor=maya,
        workflow_id=workflow.id,
        revision=draft.revision,
        now=LATER,
    )
    assert "Orders are a day old" in bytes(packet.content).decode()
    launch_version(actor=maya, workflow_id=workflow.id, now=LATER)
    page = client.get(reverse("finding", args=[finding])).content.decode()
    assert "Version 2 went live" in page
    assert "Close it with version 2" in page
    history = client.get(reverse("workflow_versions", args=[workflow.slug]))
    assert "because of: Finding of the week of" in history.content.decode()
    client.post(
        reverse("finding_close", args=[finding]),
        {"evidence": "It is live.", "version": "2"},
    )
    assert moves(finding) == ["DRAFTED", "CLOSED"]
    with pytest.raises(DatabaseError), transaction.atomic():
        VersionCause.objects.update(change="something else")


def test_the_change_is_shown_in_words_before_and_as_a_fragment(
    client, company, workflow, finding
):
    address = reverse("finding_draft", args=[finding])
    sign_in(client, company.maya)

    looked = client.post(
        address,
        {"way": "confidence", "value": "0.97", "go": "look"},
        headers={"HX-Request": "true"},
    )
    wrong = client.post(
        address,
        {"way": "confidence", "value": "7", "go": "draft", "seen": seen(workflow)},
    )
    plain = client.get(f"{address}?way=confidence")

    assert "Below confidence 0.97 a person decides" in looked.content.decode()
    assert "<html" not in looked.content.decode()
    assert wrong.status_code == 422
    assert "Write a number between 0 and 1." in wrong.content.decode()
    assert "Below confidence 0.95" in plain.content.decode()
    assert not VersionCause.objects.exists()


def test_who_may_not_edit_the_rulebook_is_told_who_can(
    client, company, workflow, finding, rosa
):
    page = sign_in(client, company.rosa).get(reverse("finding_draft", args=[finding]))

    with pytest.raises(Forbidden):
        draft_change(
            actor=rosa,
            finding_id=finding,
            way="confidence",
            given={"value": "0.97"},
            seen=seen(workflow),
            now=LATER,
        )
    assert "Maya Adler can draft it" in page.content.decode()
    assert 'value="draft"' not in page.content.decode()
    assert not OperatingModelVersion.objects.filter(state="DRAFT").exists()


def test_an_open_draft_is_edited_and_who_was_faster_is_named(
    client, company, workflow, week, finding, rosa
):
    maya = company.actor("maya")
    other = a_finding(week, rosa, company.maya, kind="TIGHT_RULE")
    stale = seen(workflow)
    asked = {"actor": maya, "way": "confidence", "now": LATER}
    first = draft_change(
        finding_id=finding, given={"value": "0.97"}, seen=stale, **asked
    )

    with pytest.raises(Conflict) as lost:
        draft_change(finding_id=other, given={"value": "0.5"}, seen=stale, **asked)
    late = sign_in(client, company.maya).post(
        reverse("finding_draft", args=[other]),
        {"way": "confidence", "value": "0.55", "seen": stale, "go": "draft"},
    )
    again = draft_change(
        finding_id=other, given={"value": "0.5"}, seen=seen(workflow), **asked
    )

    assert lost.value.extra["who"] == "Maya Adler"
    assert late.status_code == 409
    assert 'value="0.55"' in late.content.decode()
    assert first.number == again.number == 2
    draft = OperatingModelVersion.objects.get(state="DRAFT")
    assert draft.document["guardrail"]["confidence_min"] == "0.5"
    assert len(causes_of(version_id=draft.id)) == 2


def test_a_frozen_version_is_not_changed_and_one_taken_back_keeps_its_causes(
    company, workflow, finding
):
    maya = company.actor("maya")
    asked = {"actor": maya, "finding_id": finding, "now": LATER}
    draft_change(way="confidence", given={"value": "0.97"}, seen=seen(workflow), **asked)  # fmt: skip
    draft = OperatingModelVersion.objects.get(state="DRAFT")
    submit_version(
        reason="It may begin here.",
        actor=maya,
        workflow_id=workflow.id,
        revision=draft.revision,
        now=LATER,
    )

    with pytest.raises(Conflict, match="waits for signatures"):
        draft_change(way="amount", given={"value": "9"}, seen=seen(workflow), **asked)
    fresh = withdraw_version(actor=maya, workflow_id=workflow.id, now=LATER)

    assert [line.change for line in causes_of(version_id=fresh.id)] == [
        line.change for line in causes_of(version_id=draft.id)
    ]


def test_a_change_that_changes_nothing_and_a_closed_finding_are_refused(
    company, workflow, finding
):
    maya = company.actor("maya")
    asked = {"actor": maya, "finding_id": finding, "seen": seen(workflow), "now": LATER}

    with pytest.raises(Invalid, match="|"):
        draft_change(way="confidence", given={"value": "0.9"}, **asked)
    with pytest.raises(Invalid):
        draft_change(way="effect:no-such-rule", given={}, **asked)
    close_finding(actor=maya, finding_id=finding, evidence="Done.", now=LATER)
    with pytest.raises(AlreadyDone):
        draft_change(way="confidence", given={"value": "0.97"}, **asked)


# The list.


def test_the_list_is_narrowed_by_its_address_and_shows_only_what_one_may_see(
    client, company, workflow, week, rosa
):
    a_finding(week, rosa, company.maya, text="Loose.", kind="LOOSE_RULE")
    a_finding(week, rosa, company.priya, text="Weak.", kind="WEAK_DATA")
    done = a_finding(week, rosa, company.maya, text="Over.")
    close_finding(actor=rosa, finding_id=done, evidence="Yes.", now=LATER)
    address = reverse("findings")

    def shown(person, query=""):
        text = sign_in(client, person).get(f"{address}{query}").content.decode()
        return [word for word in ("Loose.", "Weak.", "Over.") if word in text]

    assert shown(company.maya) == ["Loose.", "Weak."]
    assert shown(company.maya, "?whose=mine") == ["Loose."]
    assert shown(company.maya, "?kind=WEAK_DATA") == ["Weak."]
    assert shown(company.maya, "?state=closed") == ["Over."]
    assert shown(company.maya, "?state=all") == ["Loose.", "Weak.", "Over."]
    assert shown(company.maya, "?workflow=another") == []
    assert shown(company.maya, "?state=odd&kind=odd") == ["Loose.", "Weak."]
    assert shown(company.olga) == []
    assert "No finding is open" in client.get(address).content.decode()


def test_pages_of_findings_ask_as_few_questions_for_many_as_for_few(
    client, company, week, rosa, django_assert_max_num_queries
):
    finding = [a_finding(week, rosa, company.maya) for _ in range(12)][0]
    for number in range(12):
        comment_finding(
            actor=rosa, finding_id=finding, text=f"Again {number}", now=LATER
        )
    sign_in(client, company.maya)

    for name, args, most in (
        ("findings", [], 12),
        ("finding", [finding], 30),
        ("finding_draft", [finding], 32),
    ):
        with django_assert_max_num_queries(most):
            assert client.get(reverse(name, args=args)).status_code == 200


def test_who_looks_after_a_finding_or_a_week_acts_and_the_sweep_does_not(
    company, workflow, week, rosa, finding
):
    def acted(person):
        rows = ActedDay.objects.filter(actor_id=person.id)
        return set(rows.values_list("kind", flat=True))

    ActedDay.objects.all().delete()
    maya = company.actor("maya")
    comment_finding(
        actor=company.actor("priya"), finding_id=finding, text="I saw it.", now=LATER
    )
    redate_finding(
        actor=maya,
        finding_id=finding,
        due_on=DUE + timedelta(days=1),
        reason="Ill.",
        now=LATER,
    )
    sweep_findings(now=LATER + timedelta(days=9))

    assert acted(company.maya) == {"review"}
    assert acted(company.priya) == {"comment"}
    assert set(ActedDay.objects.values_list("actor_id", flat=True)) == {
        company.maya.id,
        company.priya.id,
    }
    names = {
        "closed": REVIEW,
        "reopened": REVIEW,
        "redated": REVIEW,
        "reassigned": REVIEW,
        "commented": COMMENT,
        "drafted": REGISTER,
    }
    assert {key: ACTS[f"review.finding_{key}"] for key in names} == names
    assert ACTS["review.week_signed"] == ACTS["review.week_reopened"] == REVIEW
