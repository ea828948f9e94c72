"""How often each stop rule fired, from the stored rulings and the holds of runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Func, JSONField, Max, TextField
from django.db.models.fields.json import KeyTextTransform

from approvals.models import AuthorityRecord
from portal.accounts import access
from portal.accounts.actors import Actor
from registry.queries.workflows import WorkflowHead, workflow_head
from registry.rules.answers import Answer
from runs.queries.holds import holds_by_rule, runs_held_by

DAYS = 30
LISTED_MAX = 50
_CODE = "stop_rule."
# Not "allow": the index approvals_ruling_window then reads no ruling that nothing stopped.
_STOPPED = (Answer.REVIEW, Answer.ESCALATE, Answer.REFUSE)


@dataclass(frozen=True)
class Fired:
    """How often one rule fired in the window."""

    key: str
    rulings: int
    holds: int
    last_at: datetime | None


@dataclass(frozen=True)
class FiredRules:
    head: WorkflowHead
    rules: tuple[Fired, ...]
    days: int = DAYS


@dataclass(frozen=True)
class FiredLine:
    """One action on which a rule fired."""

    headline: str
    run_id: UUID
    at: datetime
    answer: str
    text: str


@dataclass(frozen=True)
class FiredPage:
    """Every time one rule fired: the rulings it spoke in, and the runs it held."""

    head: WorkflowHead
    key: str
    lines: tuple[FiredLine, ...]
    held: tuple[tuple[UUID, str, datetime], ...]
    days: int = DAYS


class _Unnested(Func):
    function = "jsonb_array_elements"
    output_field = JSONField()
    set_returning = True


def fired_rules(
    *, actor: Actor, slug: str, keys: Iterable[str], now: datetime
) -> FiredRules:
    """Count how often each rule fired; those named come first, with nought if never.

    About six queries, however many rules: one over the rulings (approvals_ruling_window),
    one over the holds (runs_hold_fired).
    """
    head = workflow_head(actor=actor, slug=slug)
    since = now - timedelta(days=DAYS)
    spoken = _spoken(actor, head.id, since)
    held = holds_by_rule(workflow_id=head.id, since=since)
    known = list(dict.fromkeys([*keys, *sorted({*spoken, *held})]))
    return FiredRules(
        head,
        tuple(
            Fired(
                key,
                spoken.get(key, (0, None))[0],
                held.get(key, 0),
                spoken.get(key, (0, None))[1],
            )
            for key in known
        ),
    )


def fired_page(*, actor: Actor, slug: str, key: str, now: datetime) -> FiredPage:
    """Give the newest rulings in which one rule spoke, and the runs it held. Six queries."""
    head = workflow_head(actor=actor, slug=slug)
    since = now - timedelta(days=DAYS)
    rows = _rulings(actor, head.id, since).filter(reasons__contains=[{"rule": key}])
    newest = rows.select_related("action_request").order_by("-ruled_at", "-id")
    lines = []
    for row in newest[:LISTED_MAX]:
        texts = [
            reason["text"]
            for reason in row.reasons
            if reason.get("rule") == key and reason["code"].startswith(_CODE)
        ]
        if texts:
            asked = row.action_request
            lines.append(
                FiredLine(
                    asked.headline, asked.run_id, row.ruled_at, row.answer, texts[0]
                )
            )
    held = runs_held_by(workflow_id=head.id, rule_key=key, since=since, most=LISTED_MAX)
    return FiredPage(head, key, tuple(lines), held)


def _rulings(actor: Actor, workflow_id: UUID, since: datetime):
    return access.visible(
        AuthorityRecord.objects.filter(
            workflow_id=workflow_id,
            ruled_at__gte=since,
            answer__in=[answer.value for answer in _STOPPED],
            occasion=AuthorityRecord.Occasion.ASK,
        ),
        actor=actor,
        workflow_path="workflow_id",
    )


def _spoken(
    actor: Actor, workflow_id: UUID, since: datetime
) -> Mapping[str, tuple[int, datetime]]:
    rows = (
        _rulings(actor, workflow_id, since)
        .annotate(reason=_Unnested(F("reasons")))
        .annotate(
            code=KeyTextTransform("code", "reason", output_field=TextField()),
            rule=KeyTextTransform("rule", "reason", output_field=TextField()),
        )
        .values_list("code", "rule")
        .annotate(number=Count("id", distinct=True), last=Max("ruled_at"))
    )
    found: dict[str, tuple[int, datetime]] = {}
    for code, key, number, last in rows:
        if code.startswith(_CODE) and key:
            before = found.get(key, (0, last))
            found[key] = (before[0] + number, max(before[1], last))
    return found
