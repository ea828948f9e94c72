"""Where notices are posted, and what was posted, as administrators see it."""

import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.models import NoticeHook, NoticePost
from portal.accounts.notice_kinds import KINDS
from portal.accounts.queries import must_administrate
from portal.core.errors import NotFound
from portal.core.pagination import Page, keyset

HOOKS_MAX = 200
_ORDER = ("-made_at", "-id")


@dataclass(frozen=True)
class HookLine:
    """One address. Chat addresses are secrets by themselves, so only the host is shown."""

    id: UUID
    name: str
    host: str
    whom: str
    kinds: tuple[str, ...]
    is_on: bool
    last_at: datetime | None
    last_error: str
    secret_at: datetime
    previous_until: datetime | None


@dataclass(frozen=True)
class PostLine:
    """One message to one address: what it says and how it went."""

    id: UUID
    sentence: str
    state: str
    tone: str
    words: str
    tries: int
    made_at: datetime
    due_at: datetime | None
    may_resend: bool


def hooks_for(actor: Actor) -> tuple[HookLine, ...]:
    """Give the addresses, by name. Raises Forbidden for who is no administrator."""
    must_administrate(actor)
    rows = NoticeHook.objects.filter(removed_at=None).select_related("department")
    return tuple(_line(row) for row in rows.order_by("name", "id")[:HOOKS_MAX])


def hook_for(actor: Actor, hook_id: UUID) -> HookLine:
    """Give one address. Raises Forbidden, or NotFound for one that is gone."""
    must_administrate(actor)
    rows = NoticeHook.objects.filter(removed_at=None).select_related("department")
    row = rows.filter(id=hook_id).first()
    if row is None:
        raise NotFound("There is no such address.")
    return _line(row)


def posts_to(actor: Actor, hook: HookLine, *, cursor: str | None) -> Page:
    """Give one page of what was posted to an address, newest first. One query."""
    must_administrate(actor)
    rows = NoticePost.objects.filter(hook=hook.id)
    page = keyset(rows, order=_ORDER, cursor=cursor)
    return Page(
        items=tuple(_post(row, is_on=hook.is_on) for row in page.items),
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
    )


def _line(row: NoticeHook) -> HookLine:
    return HookLine(
        id=row.id,
        name=row.name,
        host=urlsplit(row.url).hostname or "",
        whom=row.department.name if row.department else "The organisation",
        kinds=tuple(KINDS[key].label for key in row.kinds if key in KINDS),
        is_on=row.is_on,
        last_at=row.last_at,
        last_error=row.last_error,
        secret_at=row.secret_at,
        previous_until=row.previous_until,
    )


def _post(row: NoticePost, *, is_on: bool) -> PostLine:
    if row.due_at is not None:
        state, tone = "Waiting", "waiting"
        words = row.last_error or "Not sent yet."
    elif row.last_error or row.sent_at is None:
        state, tone, words = "Given up", "failed", row.last_error
    else:
        state, tone, words = "Taken", "done", ""
    return PostLine(
        id=row.id,
        sentence=str(json.loads(row.payload).get("sentence", "")),
        state=state,
        tone=tone,
        words=words,
        tries=row.tries,
        made_at=row.made_at,
        due_at=row.due_at if row.tries else None,
        may_resend=is_on and row.due_at is None,
    )
