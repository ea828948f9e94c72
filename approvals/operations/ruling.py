"""Asking the rulebook under lock, and keeping its answer whatever it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from approvals.models import ActionRequest, AuthorityRecord
from approvals.operations.callbacks import tell_callback
from approvals.queries.again import ask_again
from approvals.rules.turns import stored_way, way_of
from portal.accounts.actors import Actor
from portal.audit.operation import record, step
from portal.core.clock import database_now
from portal.core.locks import (
    ENTERPRISE,
    department_scope,
    hot_path,
    lock_shared,
    workflow_scope,
)
from registry.queries.rulebooks import RulebookInForce
from registry.rules.answers import Answer, Money, Ruling
from registry.rules.rulebook import Request
from registry.rules.stops import expressions_of
from runs.operations.moments import append_moment
from runs.operations.spend import lock_budgets

REASONS_IN_JOURNAL_MAX = 8
AMOUNT_MAX = Decimal(10) ** 23
AMOUNT_PLACES = 6


@dataclass(frozen=True)
class Ruled:
    """A ruling and the record that keeps it."""

    ruling: Ruling
    record: AuthorityRecord
    facts: RulebookInForce

    @property
    def answer(self) -> Answer:
        return self.ruling.answer


@step
def guard_authority(*, lock_number: int, department_lock_number: int) -> None:
    """Keep pauses, launches and ceilings out until the transaction ends. Two queries."""
    hot_path()
    lock_shared(
        ENTERPRISE,
        department_scope(department_lock_number),
        workflow_scope(lock_number),
    )


@step
def ask_rulebook(
    *, facts: RulebookInForce, request: Request, run_id: UUID,
    run_is_on_hold: bool, hold_reason: str | None,
) -> Ruling:  # fmt: skip
    """Gather the standing behind the budget's lock and rule."""
    if _counts_anything(facts, request):
        # Two requests that both read "used" before either reserves would pass the cap.
        lock_budgets(workflow_id=facts.workflow_id)
    return ask_again(
        facts,
        request,
        run_id=run_id,
        run_is_on_hold=run_is_on_hold,
        hold_reason=hold_reason,
    )


def _counts_anything(facts: RulebookInForce, request: Request) -> bool:
    book = facts.rulebook
    if book is None:
        return False
    row = book.allowances.get((request.system, request.verb))
    return bool(book.caps) or (row is not None and row.count_per_day is not None)


@step
def keep_ruling(
    *,
    actor: Actor,
    action_request: ActionRequest,
    ruling: Ruling,
    facts: RulebookInForce,
    digest: str,
    headline: str,
    occasion: str,
) -> AuthorityRecord:
    """Write the AuthorityRecord, its journal entry and its moment in the run."""
    ruled_at = database_now()
    kept = AuthorityRecord.objects.create(
        action_request=action_request,
        workflow_id=facts.workflow_id,
        occasion=occasion,
        digest=digest,
        answer=ruling.answer.value,
        reasons=reasons_document(ruling),
        risk=ruling.risk.value,
        reversibility=ruling.reversibility.value,
        quorum=max(1, ruling.quorum),
        decided_by=str(ruling.decided_by),
        stages=stored_way(way_of(ruling)),
        amount=storable(ruling.amount),
        currency=currency_of(ruling.amount),
        reserves=[[key, str(amount)] for key, amount in ruling.reserves],
        version_id=facts.version_id,
        version_number=facts.version_number,
        enterprise_epoch=facts.enterprise_epoch,
        department_epoch=facts.department_epoch,
        pause_epoch=facts.pause_epoch,
        ruled_at=ruled_at,
    )
    record(
        "action.ruled",
        actor=actor,
        subject=("action_request", action_request.id),
        workflow_id=facts.workflow_id,
        headline=f"{headline}.",
        answer=ruling.answer.value,
        occasion=occasion.lower(),
        reasons=[reason.code for reason in ruling.reasons[:REASONS_IN_JOURNAL_MAX]],
        digest=digest,
        authority_record=str(kept.id),
        operating_model_version=facts.version_number,
    )
    tell_run(
        action_request,
        kind="ruled",
        at=ruled_at,
        actor=actor,
        answer=ruling.answer.value,
        occasion=occasion.lower(),
        reasons=kept.reasons[:REASONS_IN_JOURNAL_MAX],
        digest=digest,
        headline=headline,
        expression=expressions_of(ruling, facts.rulebook),
    )
    return kept


@step
def tell_run(
    action_request: ActionRequest,
    *,
    kind: str,
    at: datetime,
    actor: Actor,
    **facts: object,
) -> None:
    """Append one moment to the run that the request belongs to."""
    resource = " ".join(
        part
        for part in (action_request.resource_type, action_request.resource_id)
        if part
    )
    amount = action_request.amount
    append_moment(
        run_id=action_request.run_id,
        kind=kind,
        at=at,
        actor=actor,
        facts={
            "action_request": str(action_request.id),
            "verb": action_request.verb,
            "system": action_request.system,
            "resource": resource,
            "amount": None if amount is None else plain_number(amount),
            "currency": action_request.currency,
            "headline": action_request.headline,
            "risk": action_request.risk,
            **facts,
        },
    )
    tell_callback(
        action_request,
        kind=kind,
        at=at,
        actor=actor,
        proposal=facts.get("proposal"),
        grant=facts.get("grant"),
        resolution=facts.get("resolution"),
    )


def storable(amount: Money | None) -> Decimal | None:
    """Give an amount as its column keeps it; one too large for it is kept in the bytes only."""
    if amount is None or abs(amount.value) >= AMOUNT_MAX:
        return None
    return round(amount.value, AMOUNT_PLACES)


def currency_of(amount: Money | None) -> str:
    return (amount.currency or "")[:3] if amount else ""


def plain_number(amount: object) -> str:
    """Write a stored amount without the zeros that the column adds."""
    text = f"{amount:f}"
    if "." in text:
        whole, _, cents = text.partition(".")
        cents = cents.rstrip("0")
        return f"{whole}.{cents.ljust(2, '0')}" if cents else f"{whole}.00"
    return text


def reasons_document(ruling: Ruling) -> list[Mapping[str, object]]:
    """Give the reasons as they are stored and sent, the deciding ones first."""
    return [
        {
            "code": reason.code,
            "text": reason.text,
            "answer": reason.answer.value,
            "rule": reason.rule,
            "who_can_help": reason.who_can_help,
        }
        for reason in ruling.reasons
    ]
