"""A baseline, walked the whole way: counted, kept in the draft, signed, frozen, compared with."""

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.home.queries.kpis.catalogue import figures_for
from portal.home.queries.kpis.figure import Scope
from registry.models import OperatingModelVersion
from registry.operations.packets import new_version, submit_version
from registry.queries.measures import frozen_baselines
from runs.operations.counting import count_due_runs
from tests.approvals.asking import make_portal
from tests.people import NOW, live_workflow, make_company, sign_all
from tests.runs.helpers import LATER, START, moment, start_run, store, told

DAY = START.date()
BEFORE = {"period": "days", "from": f"{DAY}", "to": f"{DAY}"}


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def portal(db):
    return make_portal()


def ran(company, workflow, name, seconds, *events, days=0):
    begun = days * 86_400
    store(
        start_run(workflow, company.agent, name),
        [
            told("run.started", begun, trigger="x", case=f"C-{name}"),
            *events,
            told("run.finished", begun + seconds, status="completed"),
        ],
    )


def asked_for(workflow, **days):
    return "?" + "&".join(
        f"{name}={value}"
        for name, value in ({"workflow": workflow.slug} | (days or BEFORE)).items()
    )


def words(client, name, *args, query=""):
    shown = client.get(reverse(name, args=args) + query)
    assert shown.status_code == 200
    return " ".join(unescape(shown.content.decode()).split())


def reduction_after_faster_runs(company, workflow):
    """Let the work take half as long a week later; give what the number makes of it."""
    for number in range(11):
        ran(company, workflow, f"after-{number}", 60, days=7)
    count_due_runs(now=LATER)
    week = Scope(DAY + timedelta(days=7), DAY + timedelta(days=7))
    key, actor = "cycle-time-reduction", company.actor("maya")
    return figures_for(actor=actor, keys=[key], scopes=[week], now=LATER)[key][0].value


ESCALATED = moment("escalated", 5)


def test_a_counted_baseline_is_kept_signed_frozen_and_compared_with(company):
    workflow = live_workflow(company)
    maya = company.actor("maya")
    client = Client()
    client.force_login(
        company.maya, backend="django.contrib.auth.backends.ModelBackend"
    )
    for number in range(11):
        ran(company, workflow, f"before-{number}", 120)
    count_due_runs(now=LATER)
    query = asked_for(workflow)
    keep = "as the baseline in the draft"

    # Without a draft there is nowhere to keep it.
    assert keep not in words(client, "number", "cycle-time", query=query)
    assert (
        client.post(reverse("number_baseline", args=["cycle-time"]) + query).status_code
        == 404
    )
    new_version(actor=maya, workflow_id=workflow.id, now=NOW)

    assert keep in words(client, "number", "cycle-time", query=query)
    kept = client.post(reverse("number_baseline", args=["cycle-time"]) + query)
    assert kept.status_code == 302
    assert kept["Location"] == reverse("draft_measures", args=[workflow.slug])
    step = words(client, "draft_measures", workflow.slug)
    assert "Cycle time: 2 minutes" in step
    assert "Counted by Countersign, formula version 1." in step
    # A draft is no baseline yet.
    assert frozen_baselines(actor=maya) == {}

    draft = OperatingModelVersion.objects.get(workflow=workflow, state="DRAFT")
    packet = submit_version(
        actor=maya, workflow_id=workflow.id, revision=draft.revision, now=NOW
    )
    said = words(client, "workflow_packet", workflow.slug)
    assert "Before launch. Cycle time: 2 minutes" in said
    assert "11 cases" in said
    sign_all(company, workflow, digest=packet.digest)
    assert frozen_baselines(actor=maya) == {}
    client.post(reverse("version_launch", args=[workflow.slug]))
    workflow.refresh_from_db()
    assert workflow.live_version_id == draft.id

    frozen = frozen_baselines(actor=maya)[workflow.id]["cycle-time"]
    assert (frozen.value, frozen.n, frozen.how) == (120, 11, "measured here")
    assert (frozen.version, frozen.packet_digest) == (2, packet.digest)
    assert reduction_after_faster_runs(company, workflow) == pytest.approx(0.5)
    opened = words(client, "number", "cycle-time", query=query)
    assert "Before launch 2 min over 11 cases, measured here" in opened
    assert "signed with version 2" in opened

    # Another count in a later draft leaves what was signed as it is.
    new_version(actor=maya, workflow_id=workflow.id, now=NOW)
    client.post(reverse("number_baseline", args=["cycle-time"]) + query)
    assert frozen_baselines(actor=maya)[workflow.id]["cycle-time"] == frozen


def test_the_baseline_of_escalations_is_a_share_of_cases_and_not_of_requests(portal):
    company, workflow = portal.people, portal.workflow
    for number in range(4):
        ran(company, workflow, f"c-{number}", 60, *([ESCALATED] if number < 1 else []))
    count_due_runs(now=LATER)
    new_version(actor=company.actor("maya"), workflow_id=workflow.id, now=NOW)
    # Both requests escalate; they are of a case that has escalated already.
    first = min(DAY, timezone.localdate())
    days = {"period": "days", "from": first, "to": timezone.localdate()}
    query = asked_for(workflow, **days)
    for _ in range(2):
        portal.ask(run="c-0", risk="high")

    client = portal.signed_in("maya")
    assert "Cases that escalated" in words(client, "number", "escalated", query=query)
    client.post(reverse("number_baseline", args=["escalated"]) + query)

    step = words(client, "draft_measures", workflow.slug)
    assert "Escalation rate: 25 %" in step
    assert "4 cases" in step
