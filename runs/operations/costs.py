"""Costs that agents tell count against the caps of their workflow, from the next ruling on.

A cap promises only what grants reserve; a cost is told when it is spent. One that passes
a cap raises an alarm and stops further grants under it, until it leaves the window.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from portal.accounts.actors import SYSTEM
from portal.accounts.operations.telling import tell
from portal.audit.operation import record, step
from portal.core.ids import new_id
from registry.queries.rulebooks import RulebookInForce
from registry.rules.amounts import amount_text
from registry.rules.limits import counts_costs
from runs.models import InboxBatch, ReportedCost
from runs.queries.spend import used_by_cap
from runs.rules.events import Event
from runs.rules.tallying import told_cost


@step
def keep_costs(
    batch: InboxBatch,
    heard: Iterable[tuple[UUID, Event]],
    books: Mapping[str, RulebookInForce],
    *,
    now: datetime,
) -> None:
    """Keep what was told of costs, and raise the alarm for each cap that it passes.

    One insert, and one query a workflow that has a cap on everything.
    """
    sums: dict[tuple[UUID, str], Decimal] = {}
    for workflow_id, event in heard:
        found = told_cost(event)
        if found is not None and found[0] > 0:
            key = (workflow_id, found[1])
            sums[key] = sums.get(key, Decimal(0)) + found[0]
    if not sums:
        return
    ReportedCost.objects.bulk_create(
        ReportedCost(
            id=new_id(),
            workflow_id=workflow_id,
            batch_id=batch.id,
            currency=currency,
            amount=amount,
            reported_at=now,
        )
        for (workflow_id, currency), amount in sums.items()
    )
    for facts in books.values():
        told = {
            name: each for (of, name), each in sums.items() if of == facts.workflow_id
        }
        if told and facts.rulebook is not None:
            _watch(batch, facts, told, now)


@step
def _watch(
    batch: InboxBatch,
    facts: RulebookInForce,
    told: Mapping[str, Decimal],
    now: datetime,
) -> None:
    book = facts.rulebook
    if book is None:
        return
    caps = [
        cap
        for cap in book.caps
        if counts_costs(cap) and (cap.currency or book.currency) in told
    ]
    used = used_by_cap(facts.workflow_id, caps, currency=book.currency) if caps else {}
    passed: Sequence = [
        cap
        for cap in caps
        if used[cap.key] - told[cap.currency or book.currency]
        <= cap.limit
        < used[cap.key]
    ]
    for cap in passed:
        currency = cap.currency or book.currency
        record(
            "run.cap_passed",
            actor=SYSTEM,
            subject=("workflow", facts.workflow_id),
            workflow_id=facts.workflow_id,
            cap=cap.key,
            used=f"{currency} {amount_text(used[cap.key])}",
            limit=f"{currency} {amount_text(cap.limit)}",
        )
    if passed:
        currencies = {cap.currency or book.currency for cap in passed}
        ReportedCost.objects.filter(
            batch_id=batch.id,
            workflow_id=facts.workflow_id,
            currency__in=currencies,
            reported_at=now,
        ).update(has_passed_cap=True)
        tell(
            kind="cap_passed",
            subject=("caps", facts.workflow_id),
            workflow_id=facts.workflow_id,
            at=now,
        )
