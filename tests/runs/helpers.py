"""Small helpers of the tests of runs."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from portal.accounts.actors import SYSTEM
from portal.audit.operation import operation, record
from portal.core.ids import new_id
from runs.models import RunEvent
from runs.operations import moments
from runs.operations.saving import save_folded
from runs.rules.events import Event, Provenance

START = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
# When everything that a test told of has long settled.
LATER = datetime(2100, 1, 1, tzinfo=UTC)
ACTION = "01938e00-0000-7000-8000-000000000001"
GRANT = "01938e00-0000-7000-8000-0000000000aa"


@operation(leaves="action.ruled")
def inside(work):
    """Run steps the way approvals does: inside an operation that leaves its entry."""
    result = work()
    record("action.ruled", actor=SYSTEM, headline="a test", answer="allow")
    return result


def start_run(workflow, agent, name="case-1", now=START) -> UUID:
    """Make a run and give its id."""
    ref = inside(
        lambda: moments.ensure_run(
            workflow_id=workflow.id, agent_run_id=name, agent_id=agent.id, now=now
        )
    )
    return ref.id


def append(run_id, kind, offset=0, actor=SYSTEM, **facts) -> moments.RunRef:
    """Append one moment so many seconds after the start."""
    at = START + timedelta(seconds=offset)
    return inside(
        lambda: moments.append_moment(
            run_id=run_id, kind=kind, at=at, facts=facts, actor=actor
        )
    )


def told(kind, offset=0.0, source="Refund agent", **facts) -> Event:
    """An event as an agent tells it."""
    return _event(kind, offset, Provenance.REPORTED, source, facts)


def confirmed(kind, offset=0.0, source="Billing", **facts) -> Event:
    """An event as a system of record tells it."""
    return _event(kind, offset, Provenance.CONFIRMED, source, facts)


def moment(kind, offset=0.0, source="Countersign", **facts) -> Event:
    """One of our own records."""
    facts.setdefault("action_request", ACTION)
    return _event(kind, offset, Provenance.ENFORCED, source, facts)


def _event(kind, seconds, provenance, source, facts) -> Event:
    at = START + timedelta(seconds=seconds)
    return Event(
        id=new_id(unix_ms=int(at.timestamp() * 1000)),
        kind=kind,
        at=at,
        received_at=at,
        provenance=provenance,
        source=source,
        facts=facts,
        source_id=SYSTEM.id,
    )


ASK = {
    "headline": "Refund EUR 40.00 for order 12.",
    "verb": "refund",
    "system": "billing",
    "resource": "order 12",
    "amount": "40.00",
    "currency": "EUR",
}


def refund_story() -> list[Event]:
    """The run of the look page: two reads, a retry, a decision, an approval, a change."""
    shipping = {"tool": "shipping_status", "args": {"order": "12"}}
    return [
        told("run.started", 2, trigger='customer e-mail "Where is my refund?"'),
        told("data.read", 5, system="orders", resource="order 12"),
        told("data.read", 6, system="crm", resource="customer 881"),
        told("data.read", 7, system="policies", resource="policy v7"),
        told(
            "tool.called", 11, status="error", error="time-out", attempt=1, **shipping
        ),
        told("tool.called", 12, status="ok", attempt=2, result="late", **shipping),
        told(
            "model.called",
            13,
            model="gpt-5",
            input_tokens=900,
            output_tokens=80,
            cost={"value": "0.14", "currency": "EUR"},
        ),
        told(
            "decision.made",
            14,
            text="a refund is due: delivered nine days late",
            confidence="0.82",
        ),
        moment("asked", 14.1, source="Refund agent", **ASK),
        moment(
            "ruled",
            14.2,
            answer="review",
            occasion="ask",
            reasons=[
                {"code": "limit.amount", "text": "Above EUR 25 a person decides."}
            ],
        ),
        moment("proposed", 14.3, proposal="p1", due_at="2026-11-16T09:30:14+00:00"),
        moment(
            "decided",
            376.3,
            source="Dana Reyes",
            proposal="p1",
            verdict="approve",
            resolution="approved",
            seconds=362,
            evidence_opened=3,
            evidence_total=3,
        ),
        moment("granted", 376.4, grant=GRANT),
        moment("redeemed", 377.5, source="Refund agent", grant=GRANT),
        moment(
            "outcome",
            378,
            source="Refund agent",
            grant=GRANT,
            status="succeeded",
            changes=[
                {
                    "system": "billing",
                    "resource": "order 12",
                    "field": "refunded",
                    "before": "0.00",
                    "after": "40.00",
                }
            ],
        ),
        confirmed(
            "change.made",
            378.5,
            system="billing",
            resource="order 12",
            field="refunded",
            before="0.00",
            after="40.00",
            grant=GRANT,
        ),
        told(
            "run.finished", 379, status="completed", summary="customer told by e-mail"
        ),
    ]


def store(run_id, events) -> None:
    """Put events into a run as folding does, whoever told them."""

    def work():
        run = moments.lock_run(run_id=run_id)
        RunEvent.objects.bulk_create(
            RunEvent(
                run_id=run_id,
                id=event.id,
                workflow_id=run.workflow_id,
                kind=event.kind,
                at=event.at,
                received_at=event.received_at,
                provenance=event.provenance.value,
                source_id=SYSTEM.id,
                source_name=event.source,
                is_late=event.is_late,
                facts=dict(event.facts),
            )
            for event in events
        )
        moments.fold_into(run, events)
        save_folded([run])
        moments.add_tallies((run.workflow_id, event) for event in events)

    inside(work)
