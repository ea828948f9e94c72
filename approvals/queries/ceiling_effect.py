"""Which of last month's actions a ceiling would have answered more strictly than they were.

A ceiling only adds reasons and the most severe answer wins. So what it would have come to
is the stricter of two: what was answered then, and what the ceiling alone says to the same
bytes. Nothing is kept, and nothing is asked of this moment but what systems hold.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from approvals.models import AuthorityRecord
from approvals.queries.envelope import mapping_of, request_of
from approvals.queries.history import read_again
from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.errors import Problem
from registry.queries.ceiling_reach import CeilingSaid
from registry.queries.matrix import data_of, systems_known
from registry.queries.rulebooks import live_rulebook
from registry.rules.amounts import amount_of
from registry.rules.answers import Answer, most_severe, severity
from registry.rules.limits import ceiling_reasons
from registry.rules.rulebook import Ceiling, Standing
from registry.rules.verbs import VERBS, tier_of

LOOKED_BACK = timedelta(days=30)
READ_MAX = 10_000
ROWS_SHOWN_MAX = 200
OF_PHASE = "ceiling.phase"


@dataclass(frozen=True)
class EffectLine:
    """One workflow: how many of its actions would be reviewed or refused instead."""

    slug: str
    name: str
    asked: int
    reviewed: int
    refused: int


@dataclass(frozen=True)
class EffectRow:
    """One action that would have been answered more strictly."""

    run_id: UUID
    headline: str
    asked_at: datetime
    was: str
    would: str
    text: str


@dataclass(frozen=True)
class CeilingEffect:
    """What a ceiling would have touched in thirty days, of what may be seen."""

    lines: tuple[EffectLine, ...]
    rows: tuple[EffectRow, ...]
    read: int
    asked: int
    unreadable: int

    @property
    def reviewed(self) -> int:
        return sum(line.reviewed for line in self.lines)

    @property
    def refused(self) -> int:
        return sum(line.refused for line in self.lines)

    @property
    def is_cut(self) -> bool:
        return self.read < self.asked


def ceiling_effect(
    *,
    actor: Actor,
    said: CeilingSaid,
    now: datetime,
    workflow: str = "",
    change: str = "",
) -> CeilingEffect:
    """Try a ceiling on the newest actions of thirty days. Five queries, and the versions.

    With a workflow or a change (`reviewed`, `refused`) its rows are given too.
    """
    asked = _asked(actor, said, now)
    if workflow:
        asked = asked.filter(workflow__slug=workflow)
    total = asked.count()
    shape, data = said.shape, data_of(systems_known())
    names: dict[str, str] = {}
    looked, counts = Counter[str](), Counter[tuple[str, str]]()
    rows: list[EffectRow] = []
    read = unreadable = 0
    for record in _newest(asked):
        read += 1
        slug = record.workflow.slug
        names[slug] = record.workflow.name
        looked[slug] += 1
        try:
            answer, text = _alone(record, shape, data)
        except (Problem, KeyError, ValueError):
            unreadable += 1
            continue
        if answer is None or severity(answer) <= severity(Answer(record.answer)):
            continue
        became = "refused" if answer == Answer.REFUSE else "reviewed"
        counts[slug, became] += 1
        is_wanted = (workflow or change) and change in ("", became)
        if is_wanted and len(rows) < ROWS_SHOWN_MAX:
            rows.append(_row(record, answer, text))
    return CeilingEffect(
        lines=tuple(
            EffectLine(
                slug,
                names[slug],
                looked[slug],
                counts[slug, "reviewed"],
                counts[slug, "refused"],
            )
            for slug in sorted(names, key=lambda each: names[each].lower())
            if counts[slug, "reviewed"] or counts[slug, "refused"]
        ),
        rows=tuple(rows),
        read=read,
        asked=total,
        unreadable=unreadable,
    )


def _asked(actor: Actor, said: CeilingSaid, now: datetime) -> QuerySet[AuthorityRecord]:
    rows = AuthorityRecord.objects.filter(
        occasion=AuthorityRecord.Occasion.ASK,
        ruled_at__gte=now - LOOKED_BACK,
        ruled_at__lte=now,
    )
    if said.team is not None:
        rows = rows.filter(workflow__team=said.team)
    elif said.department is not None:
        rows = rows.filter(workflow__department=said.department)
    if said.systems:
        rows = rows.filter(action_request__system__in=said.systems)
    if said.verbs or said.tiers:
        verbs = [
            verb
            for verb in VERBS
            if (not said.verbs or verb in said.verbs)
            and (not said.tiers or tier_of(verb) in said.tiers)
        ]
        rows = rows.filter(action_request__verb__in=verbs)
    return access.visible(rows, actor=actor, workflow_path="workflow_id")


def _newest(rows: QuerySet[AuthorityRecord]) -> Iterator[AuthorityRecord]:
    newest = (
        rows.select_related("workflow", "action_request")
        .only(
            "answer",
            "ruled_at",
            "version_id",
            "workflow__slug",
            "workflow__name",
            "action_request__run_id",
            "action_request__headline",
            "action_request__received",
        )
        .order_by("-ruled_at", "-id")
    )
    return newest[:READ_MAX].iterator(chunk_size=500)


def _alone(
    record: AuthorityRecord, shape: Ceiling, data: dict[str, frozenset[str]]
) -> tuple[Answer | None, str]:
    """Say what the ceiling alone answers to the bytes that came; None for nothing."""
    if record.version_id is None:
        return None, ""
    body = read_again(record.action_request.received)
    request = request_of(body, mapping_of(body.get("action")))
    book = live_rulebook(record.version_id)
    row = book.allowances.get((request.system, request.verb))
    standing = Standing(rulebook=book, ceilings=(shape,), system_data=data)
    said = ceiling_reasons(request, standing, book, amount_of(request, row, book))
    # What the phase says is not the ceiling's doing.
    reasons = tuple(each for each in said if each.code != OF_PHASE)
    if not reasons:
        return None, ""
    worst = most_severe(reason.answer for reason in reasons)
    return worst, next(each.text for each in reasons if each.answer == worst)


def _row(record: AuthorityRecord, answer: Answer, text: str) -> EffectRow:
    return EffectRow(
        run_id=record.action_request.run_id,
        headline=record.action_request.headline,
        asked_at=record.ruled_at,
        was=record.answer,
        would=answer.value,
        text=text,
    )
