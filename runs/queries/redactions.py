"""What is hidden for a workflow and why, who may look at an original, and who did."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.queries import is_administrator
from portal.core.errors import NotFound
from registry.queries.workflows import WorkflowHead, workflow_head
from runs.models import RedactionRule, Reveal, Run, RunEvent
from runs.rules.redacting.detecting import ALWAYS, OPTIONAL
from runs.rules.redacting.paths import FieldPath, parse
from runs.rules.redacting.tokens import TOKEN, is_token, kind_of, words
from runs.rules.redacting.walking import Policy

REVEALS_SHOWN, REVEALS_LATELY = 50, 5
_NOTHING = "There is nothing here, or you may not see it."
_EXPLAINED = {
    "card": "Numbers of payment cards, by their issuer's digits and check digit.",
    "key": "Passwords, keys and tokens: by their prefix, by the word before them, or"
    " because they look drawn at random.",
    "jwt": "Signed tokens that programs sign in with.",
    "private-key": "Blocks of private keys.",
    "email": "E-mail addresses, also inside links.",
    "phone": "Phone numbers with their country, in a national grouping, or after a word"
    " like “phone”.",
    "iban": "Bank accounts, by their country's length and check digits.",
}


@dataclass(frozen=True)
class RuleRow:
    """One rule as its page shows it."""

    id: UUID
    text: str
    reason: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True)
class DetectorRow:
    """What the portal finds by itself; `readable` is the rule that leaves it out."""

    kind: str
    name: str
    text: str
    is_always: bool
    readable: RuleRow | None


@dataclass(frozen=True)
class RevealRow:
    """Somebody looked at an original."""

    at: datetime
    person: str
    what: str
    run_id: UUID
    run: str
    reason: str


@dataclass(frozen=True)
class RedactionPage:
    """What is hidden in one workflow, or in every one when `head` is None."""

    head: WorkflowHead | None
    detectors: tuple[DetectorRow, ...]
    fields: tuple[RuleRow, ...]
    fields_everywhere: tuple[RuleRow, ...]
    reveals: tuple[RevealRow, ...]
    may_hide: bool
    may_show: bool
    may_look: tuple[str, ...]


def policies_of(workflow_ids: Collection[UUID]) -> Mapping[UUID, Policy]:
    """Give the policy of each workflow: the company's rules and its own. One query."""
    rows = (
        RedactionRule.objects.filter(
            Q(workflow=None) | Q(workflow__in=workflow_ids), removed_at=None
        )
        .order_by("made_at", "id")
        .values_list("workflow_id", "kind", "text")
    )
    rules = list(rows)
    return {
        workflow_id: _policy(
            (kind, text) for of, kind, text in rules if of in (None, workflow_id)
        )
        for workflow_id in workflow_ids
    }


def policy_of(workflow_id: UUID | None) -> Policy:
    """Give the policy of one workflow, or the company's own. One query."""
    if workflow_id is not None:
        return policies_of({workflow_id})[workflow_id]
    rules = RedactionRule.objects.filter(workflow=None, removed_at=None)
    return _policy(rules.values_list("kind", "text"))


def _policy(rules: Iterable[tuple[str, str]]) -> Policy:
    rules = list(rules)
    paths = [parse(text) for kind, text in rules if kind == RedactionRule.Kind.FIELD]
    left = {text for kind, text in rules if kind == RedactionRule.Kind.READABLE}
    return Policy(
        tuple(path for path in paths if isinstance(path, FieldPath)), frozenset(left)
    )


def may_reveal(actor: Actor, workflow_id: UUID) -> bool:
    """Say whether a person may look at what was hidden in a workflow. Two queries."""
    return access.may(actor, access.REVEAL, workflow_id)


def revealers_of(workflow_id: UUID) -> tuple[str, ...]:
    """Name who may look at what was hidden in a workflow. One query."""
    people = access.people_with(workflow_id, access.REVEAL)
    return tuple(people.values_list("name", flat=True)[:5])


def rule_seen_by(actor: Actor, rule_id: UUID) -> RedactionRule:
    """Give a rule that stands, of a workflow this person may see. Raises NotFound."""
    rule = (
        RedactionRule.objects.filter(id=rule_id, removed_at=None)
        .select_related("workflow")
        .first()
    )
    if rule is None or not actor.is_person:
        raise NotFound(_NOTHING)
    if rule.workflow_id and not access.may(actor, access.VIEW, rule.workflow_id):
        raise NotFound(_NOTHING)
    return rule


def hidden_in(actor: Actor, *, run_id: UUID, token: str) -> Run:
    """Give a run that this person may see and that holds this token. Raises NotFound.

    Two or three queries; the run's events lie in one partition.
    """
    if not is_token(token):
        raise NotFound(_NOTHING)
    seen = access.visible(
        Run.objects.defer("fold"), actor=actor, workflow_path="workflow_id"
    )
    run = access.visible_or_404(seen.select_related("workflow"), id=run_id)
    holds = (
        RunEvent.objects.filter(run_id=run_id)
        .annotate(written=Cast("facts", TextField()))
        .filter(written__contains=f"[{token}]")
    )
    if not holds.exists():
        raise NotFound(_NOTHING)
    return run


def newest_token(slug: str, *, kind: str) -> tuple[UUID, str] | None:
    """Give the newest event's run that holds a token of a kind, and the token."""
    written = (
        RunEvent.objects.filter(workflow__slug=slug)
        .annotate(written=Cast("facts", TextField()))
        .filter(written__contains=f"[{kind}:")
        .order_by("-at", "-id")
        .values_list("run_id", "written")
        .first()
    )
    if written is None:
        return None
    found = next(each for each in TOKEN.finditer(written[1]) if each[1] == kind)
    return written[0], found[0][1:-1]


def redaction_page(*, actor: Actor, slug: str | None) -> RedactionPage:
    """Give what is hidden in one workflow, or in all of them. Raises NotFound."""
    head = None if slug is None else workflow_head(actor=actor, slug=slug)
    rows = (
        RedactionRule.objects.filter(
            Q(workflow=None) | Q(workflow=head.id if head else None), removed_at=None
        )
        .select_related("made_by")
        .order_by("text", "id")
    )
    rules = list(rows)
    own = [rule for rule in rules if rule.workflow_id == (head.id if head else None)]
    may_show = may_reveal(actor, head.id) if head else is_administrator(actor)
    return RedactionPage(
        head=head,
        detectors=_detectors(own),
        fields=tuple(_row(rule) for rule in own if rule.kind == "FIELD"),
        fields_everywhere=tuple(
            _row(rule) for rule in rules if head and rule.workflow_id is None
        ),
        reveals=_reveals(head.id, REVEALS_SHOWN) if head else (),
        may_hide=may_show or bool(head and head.may_edit),
        may_show=may_show,
        may_look=revealers_of(head.id) if head else (),
    )


def reveals_lately(
    *, actor: Actor, slug: str
) -> tuple[WorkflowHead, tuple[RevealRow, ...]]:
    """Give the last looks at what was hidden in a workflow. Raises NotFound."""
    head = workflow_head(actor=actor, slug=slug)
    return head, _reveals(head.id, REVEALS_LATELY)


def _detectors(own: Collection[RedactionRule]) -> tuple[DetectorRow, ...]:
    readable = {rule.text: _row(rule) for rule in own if rule.kind == "READABLE"}
    return tuple(
        DetectorRow(
            kind=kind,
            name=words(kind),
            text=_EXPLAINED[kind],
            is_always=kind in ALWAYS,
            readable=readable.get(kind),
        )
        for kind in (*ALWAYS, *OPTIONAL)
    )


def _row(rule: RedactionRule) -> RuleRow:
    return RuleRow(rule.id, rule.text, rule.reason, rule.made_by.name, rule.made_at)


def _reveals(workflow_id: UUID, limit: int) -> tuple[RevealRow, ...]:
    rows = (
        Reveal.objects.filter(workflow=workflow_id)
        .order_by("-at", "-id")
        .values_list(
            "at", "person__name", "token", "run_id", "run__agent_run_id", "reason"
        )
    )
    return tuple(
        RevealRow(at, person, words(kind_of(token)), run_id, run, reason)
        for at, person, token, run_id, run, reason in rows[:limit]
    )
