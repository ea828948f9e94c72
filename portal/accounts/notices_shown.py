"""Notices as their person sees them. What one may no longer see is not shown and not counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from portal.accounts.access import visible
from portal.accounts.actors import Actor
from portal.accounts.models import Notice
from portal.accounts.notice_kind import Kind
from portal.accounts.notice_kinds import KINDS
from portal.accounts.notice_words import sentence_of
from portal.core.pagination import keyset

BELL_MAX = 99


@dataclass(frozen=True)
class NoticeLine:
    """One notice in words."""

    id: UUID
    kind: Kind
    subject: str
    sentence: str
    href: str
    instead_of: str
    told_at: datetime
    is_read: bool
    closed_at: datetime | None
    closed_words: str

    @property
    def is_unread(self) -> bool:
        return not self.is_read and self.closed_at is None


@dataclass(frozen=True)
class NoticeGroup:
    """What one subject said, newest first: one thing to look at."""

    lines: tuple[NoticeLine, ...]

    @property
    def first(self) -> NoticeLine:
        return self.lines[0]

    @property
    def unread_ids(self) -> tuple[UUID, ...]:
        return tuple(line.id for line in self.lines if line.is_unread)


@dataclass(frozen=True)
class NoticePage:
    groups: tuple[NoticeGroup, ...]
    next_cursor: str | None
    previous_cursor: str | None
    newest: datetime | None


def seen_by(actor: Actor) -> QuerySet[Notice]:
    """Give a person's notices of workflows that they may view now. At most one query."""
    mine = Notice.objects.filter(person=actor.id)
    return visible(mine, actor=actor, workflow_path="workflow_id") | mine.filter(
        workflow_id=None
    )


def unread_of(actor: Actor) -> QuerySet[Notice]:
    return seen_by(actor).filter(read_at=None, closed_at=None)


def unread_count(actor: Actor) -> int:
    """Say how many are unread, at most BELL_MAX + 1. Two queries, bounded."""
    return unread_of(actor).values("id")[: BELL_MAX + 1].count()


def newer_count(actor: Actor, since: datetime) -> int:
    """Say how many came after a moment, at most BELL_MAX + 1. Two queries, bounded."""
    return seen_by(actor).filter(told_at__gt=since).values("id")[: BELL_MAX + 1].count()


def notices_for(
    actor: Actor, *, only_unread: bool, cursor: str | None = None
) -> NoticePage:
    """Give a page of notices, newest first, grouped by what they are about. Two queries."""
    rows = unread_of(actor) if only_unread else seen_by(actor)
    page = keyset(rows, order=("-told_at", "-id"), cursor=cursor)
    return NoticePage(
        groups=_grouped(line_of(row) for row in page.items),
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
        newest=page.items[0].told_at if page.items else None,
    )


def line_of(row: Notice) -> NoticeLine:
    kind = KINDS[row.kind]
    return NoticeLine(
        id=row.id,
        kind=kind,
        subject=row.subject,
        sentence=sentence_of(
            kind,
            workflow=row.workflow,
            by=row.by,
            outcome=row.outcome,
            count=row.count,
        ),
        href=row.href,
        instead_of=row.instead_of,
        told_at=row.told_at,
        is_read=row.read_at is not None,
        closed_at=row.closed_at,
        closed_words=row.closed_words,
    )


def _grouped(lines: Iterable[NoticeLine]) -> tuple[NoticeGroup, ...]:
    groups: dict[str, list[NoticeLine]] = {}
    for line in lines:
        groups.setdefault(line.subject or str(line.id), []).append(line)
    return tuple(NoticeGroup(tuple(each)) for each in groups.values())
