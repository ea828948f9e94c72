"""What is hidden beyond what the portal hides by itself, and what is left readable.

Hiding more is for whoever may edit; hiding less is for who answers for what is then read,
and says why. What is stored already stays as it is, either way.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.queries import is_administrator
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Forbidden, Invalid
from registry.queries.workflows import WorkflowHead, workflow_head
from runs.models import RedactionRule
from runs.queries.redactions import revealers_of, rule_seen_by
from runs.rules.redacting.detecting import OPTIONAL
from runs.rules.redacting.paths import parse
from runs.rules.redacting.tokens import words

FIELDS_MAX = 100
REASON_MIN, REASON_MAX = 10, 500
EVERYWHERE = "every workflow"


@dataclass(frozen=True)
class Scope:
    """Where a rule holds: one workflow, or all of them."""

    workflow_id: UUID | None
    name: str


@operation(leaves="redaction.field_added")
def hide_field(*, actor: Actor, slug: str | None, path: str, now: datetime) -> UUID:
    """Hide a field from now on. Raises NotFound, Forbidden, Invalid, AlreadyDone."""
    scope = _may_hide(actor, slug)
    read = parse(path)
    if isinstance(read, str):
        raise Invalid({"path": read})
    standing = RedactionRule.objects.filter(
        workflow=scope.workflow_id, kind=RedactionRule.Kind.FIELD, removed_at=None
    )
    if standing.count() >= FIELDS_MAX:
        raise Invalid({"path": f"At most {FIELDS_MAX} fields are taken; remove some."})
    rule = _make(actor, scope, RedactionRule.Kind.FIELD, read.text, "", now)
    record(
        "redaction.field_added",
        actor=actor,
        subject=("redaction_rule", rule.id),
        workflow_id=scope.workflow_id,
        workflow=scope.name,
        field=read.text,
    )
    return rule.id


@operation(leaves="redaction.left_readable")
def leave_readable(
    *, actor: Actor, slug: str, kind: str, reason: str, now: datetime
) -> UUID:
    """Leave e-mail addresses, phone numbers or accounts readable in one workflow.

    Raises NotFound, Forbidden, Invalid and AlreadyDone.
    """
    scope = _may_show(actor, slug)
    wrong = {}
    if kind not in OPTIONAL:
        wrong["kind"] = "Choose what is to stay readable; the rest is always hidden."
    if problem := reason_problem(reason):
        wrong["reason"] = problem
    if wrong:
        raise Invalid(wrong)
    made = _make(actor, scope, RedactionRule.Kind.READABLE, kind, reason.strip(), now)
    record(
        "redaction.left_readable",
        actor=actor,
        subject=("redaction_rule", made.id),
        workflow_id=scope.workflow_id,
        workflow=scope.name,
        what=f"each {words(kind)}",
        reason=reason.strip(),
    )
    return made.id


@operation(leaves="redaction.rule_removed")
def remove_rule(*, actor: Actor, rule_id: UUID, reason: str, now: datetime) -> None:
    """Remove a rule: a field is no longer hidden, or a detector works again.

    Raises NotFound, Forbidden, Invalid and AlreadyDone.
    """
    seen = rule_seen_by(actor, rule_id)
    hides = seen.kind == RedactionRule.Kind.FIELD
    slug = seen.workflow.slug if seen.workflow else None
    scope = _may_show(actor, slug) if hides else _may_hide(actor, slug)
    problem = reason_problem(reason)
    if problem and (hides or len(reason.strip()) > REASON_MAX):
        raise Invalid({"reason": problem})
    removed = RedactionRule.objects.filter(id=rule_id, removed_at=None).update(
        removed_at=now, removed_by_id=actor.id, removal_reason=reason.strip()
    )
    if not removed:
        raise AlreadyDone("redaction.removed", "This was removed before.")
    what = (
        f"hides the field {seen.text}"
        if hides
        else f"leaves {words(seen.text)}s readable"
    )
    record(
        "redaction.rule_removed",
        actor=actor,
        subject=("redaction_rule", rule_id),
        workflow_id=scope.workflow_id,
        workflow=scope.name,
        what=what,
        reason=reason.strip() or "no reason was given.",
    )


def reason_problem(reason: str) -> str:
    """Say what is wrong with a reason, or nothing."""
    length = len(reason.strip())
    if length < REASON_MIN:
        return f"Say why, in at least {REASON_MIN} characters."
    if length > REASON_MAX:
        return f"At most {REASON_MAX} characters are taken; these are {length:,}."
    return ""


def _make(
    actor: Actor, scope: Scope, kind: str, text: str, reason: str, now: datetime
) -> RedactionRule:
    rule, is_new = RedactionRule.objects.get_or_create(
        workflow_id=scope.workflow_id,  # type: ignore[misc]  # None: everywhere
        kind=kind,
        text=text,
        removed_at=None,
        defaults={"reason": reason, "made_by_id": actor.id, "made_at": now},
    )
    if not is_new:
        raise AlreadyDone("redaction.stands", "This stands already.")
    return rule


def _may_hide(actor: Actor, slug: str | None) -> Scope:
    """Find a scope for somebody who may hide more in it."""
    if slug is None:
        return _everywhere(actor)
    head = workflow_head(actor=actor, slug=slug)
    if head.may_edit or access.may(actor, access.REVEAL, head.id):
        return Scope(head.id, head.name)
    raise Forbidden(
        "Only who may change this workflow says what is hidden in its runs.",
        code="redaction.not_yours",
        who_can_help=_helpers(head),
    )


def _may_show(actor: Actor, slug: str | None) -> Scope:
    """Find a scope for somebody who may hide less in it."""
    if slug is None:
        return _everywhere(actor)
    head = workflow_head(actor=actor, slug=slug)
    if access.may(actor, access.REVEAL, head.id):
        return Scope(head.id, head.name)
    raise Forbidden(
        "Only the business owner and the risk owner let more be read.",
        code="redaction.not_yours",
        who_can_help=_helpers(head),
    )


def _everywhere(actor: Actor) -> Scope:
    if is_administrator(actor):
        return Scope(None, EVERYWHERE)
    raise Forbidden(
        "What is hidden in every workflow is for administrators to say.",
        code="redaction.not_yours",
        who_can_help="An administrator.",
    )


def _helpers(head: WorkflowHead) -> str:
    return (
        " or ".join(revealers_of(head.id)) or "An administrator, who fills its roles."
    )
