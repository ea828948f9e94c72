"""Asking for a backtest, stopping it, and handing it down to the packet that is signed.

Running one is in `backtest_runs`. Nothing here or there rules on a new request, reserves
anything or tells a run: a backtest leaves only itself.
"""

import json
from datetime import datetime, timedelta
from uuid import UUID

from approvals.models import Backtest
from approvals.models.backtesting import UNFINISHED, BacktestState
from approvals.queries.backtest_access import (
    backtest_to_change,
    workflow_to_backtest,
)
from approvals.queries.backtest_summary import evidence_content, summary_of
from approvals.queries.replaying import frozen_facts
from approvals.rules.ledgers import window_hours
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.clock import database_now
from portal.core.digest import canonical
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.outbox import enqueue
from registry.operations.evidence import attach_evidence
from registry.queries.evidence import EvidenceTarget, evidence_target
from registry.queries.rulebooks import live_rulebook, standing_facts
from registry.rules.document import DocumentError, rulebook_of
from registry.rules.rulebook import Rulebook

TASK = "approvals.tasks.run_backtests"
DAYS = (7, 30, 90, 365)
ALL_DAYS = 0
# Caps that look back further than this begin with what the requests of this time took.
WARM_HOURS_MAX = 31 * 24
# Older ones that no packet holds make room for a new one.
KEPT_MAX = 30


@operation(leaves="backtest.asked")
def ask_backtest(*, actor: Actor, slug: str, days: int, now: datetime) -> UUID:
    """Ask for the open version to be tried on what was asked in the last days.

    It runs in the background. Raises Invalid for other days, NotFound and Forbidden,
    Conflict when no version is open or a backtest of this workflow runs already.
    """
    head = workflow_to_backtest(actor=actor, slug=slug)
    if days not in (*DAYS, ALL_DAYS):
        raise Invalid({"days": "Choose one of the times that are offered."})
    target = evidence_target(workflow_id=head.id)
    if target is None:
        raise Conflict(
            "backtest.nothing_open",
            f"{head.name} has no draft and nothing up for signature, so there is no"
            " other rulebook to try. Begin a new version first.",
        )
    draft = _readable(target)
    facts = standing_facts(head.id, agent_id=None)
    live = live_rulebook(facts.version_id) if facts.version_id else None
    until = database_now()
    since = until - timedelta(days=days) if days else None
    hours = min(max(window_hours(live), window_hours(draft)), WARM_HOURS_MAX)

    removed = _make_room(head.id)
    wanted = Backtest(
        workflow_id=head.id,
        version_id=target.version_id,
        version_number=target.number,
        document=canonical(target.document),
        document_digest=target.document_digest,
        live_version_id=facts.version_id,
        live_number=facts.version_number,
        facts=frozen_facts(facts),
        days=days,
        warm_since=since - timedelta(hours=hours) if since else None,
        since=since,
        until=until,
        asked_by_id=actor.id if actor.is_person else None,
        asked_at=now,
    )
    _begin(wanted, head.name)
    record(
        "backtest.asked",
        actor=actor,
        subject=("backtest", wanted.id),
        workflow_id=head.id,
        workflow=head.name,
        version=target.number,
        days=days,
        document_digest=target.document_digest,
        removed=removed,
    )
    enqueue(topic="hint", payload={"task": TASK})
    return wanted.id


@operation(leaves="backtest.cancelled")
def cancel_backtest(*, actor: Actor, backtest_id: UUID, now: datetime) -> Backtest:
    """Stop a backtest that is not finished; what it found so far is thrown away.

    Raises AlreadyDone when it is over.
    """
    found = _locked(actor, backtest_id)
    if found.state not in UNFINISHED:
        raise AlreadyDone("backtest.over", "This backtest is over already.")
    found.chunks.all().delete()
    found.rows.all().delete()
    found.state = BacktestState.CANCELLED
    found.finished_at = now
    found.lease_until = None
    found.save(update_fields=("state", "finished_at", "lease_until"))
    record(
        "backtest.cancelled",
        actor=actor,
        subject=("backtest", found.id),
        workflow_id=found.workflow_id,
        workflow=found.workflow.name,
        version=found.version_number,
        done=found.done,
    )
    return found


@operation(leaves="workflow.evidence_attached")
def attach_backtest(*, actor: Actor, backtest_id: UUID, now: datetime) -> int:
    """Make a finished backtest part of what is signed; gives its number there.

    Every signature on the open packet is withdrawn. Raises Conflict when it is not
    finished, when the version has other words by now or is no longer open.
    """
    found = _locked(actor, backtest_id)
    if found.state != BacktestState.DONE:
        raise Conflict(
            "backtest.not_finished", "Only a finished backtest can be attached."
        )
    if found.attached_as is not None:
        raise AlreadyDone("backtest.attached", "This backtest is attached already.")
    target = evidence_target(workflow_id=found.workflow_id)
    if target is None or target.version_id != found.version_id:
        raise Conflict(
            "backtest.closed",
            f"Version {found.version_number} is no longer open, so nothing is added to it.",
        )
    summary = summary_of(found)
    number = attach_evidence(
        version_id=found.version_id,
        summary=summary.sentence,
        content=evidence_content(found, summary),
        document_digest=found.document_digest,
        actor=actor,
        now=now,
    )
    found.attached_as = number
    found.attached_by_id = actor.id if actor.is_person else None
    found.attached_at = now
    found.save(update_fields=("attached_as", "attached_by", "attached_at"))
    return number


def draft_of(backtest: Backtest) -> Rulebook:
    """Read the rulebook that a backtest tries, from the words kept in it. No query."""
    document = json.loads(bytes(backtest.document))
    return rulebook_of(document, version=backtest.version_number)


def _readable(target: EvidenceTarget) -> Rulebook:
    try:
        return rulebook_of(target.document, version=target.number)
    except DocumentError as error:
        first = error.problems[0]
        raise Invalid(
            {"": f"Version {target.number} cannot be read yet: {first.text}"}
        ) from error


@step
def _begin(wanted: Backtest, workflow: str) -> None:
    # The constraint decides between two who ask at once: the second leaves no row.
    Backtest.objects.bulk_create([wanted], ignore_conflicts=True)
    if Backtest.objects.filter(id=wanted.id).exists():
        return
    running = (
        Backtest.objects.filter(workflow_id=wanted.workflow_id, state__in=UNFINISHED)
        .select_related("asked_by")
        .first()
    )
    raise Conflict(
        "backtest.running",
        f"A backtest of {workflow} runs already. Wait for it, or stop it.",
        who=running.asked_by.name if running and running.asked_by else None,
        at=running.asked_at if running else None,
    )


@step
def _make_room(workflow_id: UUID) -> int:
    """Remove the oldest finished backtests beyond so many; those in a packet stay."""
    finished = Backtest.objects.filter(
        workflow_id=workflow_id, attached_as=None
    ).exclude(state__in=UNFINISHED)
    old = list(finished.order_by("-id").values_list("id", flat=True)[KEPT_MAX - 1 :])
    Backtest.objects.filter(id__in=old).delete()
    return len(old)


def _locked(actor: Actor, backtest_id: UUID) -> Backtest:
    backtest_to_change(actor=actor, backtest_id=backtest_id)
    return (
        Backtest.objects.select_for_update(no_key=True, of=("self",))
        .select_related("workflow")
        .get(id=backtest_id)
    )
