"""What billing reported is matched to its grants; one false alarm is explained."""

import json
from datetime import datetime, timedelta

from approvals.operations.matching import match_changes
from portal.core.clock import in_history
from portal.core.errors import AlreadyDone
from portal.home.demo import workflows
from portal.home.demo.company import Company
from runs.operations.accepting import accept_batch
from runs.operations.batch_bytes import look_at
from runs.operations.folding import fold_batch
from runs.operations.incidents import settle_incident, take_incident
from runs.queries.incidents import IncidentFilter, incidents_for

JSON = "application/json"
HAPPENED = timedelta(days=2, hours=3)
LOOKED_INTO = timedelta(hours=1, minutes=20)


def match_everything(*, now: datetime) -> None:
    """Match what waits, as the worker would; says nothing when nothing does."""
    try:
        while True:
            match_changes(now=now)
    except AlreadyDone:
        return


def explain_false_alarm(company: Company, *, now: datetime) -> None:
    """Let billing report a refund that a clerk made by hand, and Rosa explain it."""
    at = now - HAPPENED
    with in_history(at):
        _report(company, at)
        match_everything(now=at)
    rosa = company.actor("rosa")
    asked = IncidentFilter(state="OPEN")
    for row in incidents_for(actor=rosa, asked=asked, cursor=None).rows:
        later = at + LOOKED_INTO
        with in_history(later):
            take_incident(actor=rosa, incident_id=row.id, now=later)
            settle_incident(
                actor=rosa,
                incident_id=row.id,
                way="EXPLAINED",
                reason_code="by_hand",
                text="Priya refunded it at the counter; the customer stood before her.",
                evidence="Receipt 20417 in the till's log of that morning.",
                now=later,
            )


def _report(company: Company, at: datetime) -> None:
    change = {
        "id": "till-20417",
        "workflow": "refund-management",
        "at": at.isoformat(),
        "kind": "change.made",
        "system": "billing",
        "resource": "order 10388",
        "field": "refunded",
        "before": "0.00",
        "after": "18.40",
    }
    raw = json.dumps({"events": [change]}).encode()
    form = "NATIVE"
    looked = look_at(
        raw, form=form, content_type=JSON, is_system_of_record=True, now=at
    )
    accepted = accept_batch(
        principal=workflows.principal_of(company.billing),
        raw=raw,
        form=form,
        content_type=JSON,
        looked=looked,
        now=at,
    )
    fold_batch(batch_id=accepted.batch_id, now=at)
