"""Posting notices to addresses that an administrator chose: signed, and never arguments."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q

from portal.accounts.models import NoticeHook, NoticePost
from portal.accounts.notice_kinds import KINDS
from portal.accounts.notice_words import sentence_of
from portal.core.clock import database_now
from portal.core.ids import new_id
from portal.core.webhooks import Posted, secrets_of

if TYPE_CHECKING:
    from portal.accounts.operations.telling import News

LEASE_SECONDS = 60
TRIES_MAX = 8
KEPT_FOR = timedelta(days=30)
BACKOFF = timedelta(seconds=30)
# While a receiver learns its new secret, the one before it signs too.
OLD_SECRET_LIVES = timedelta(days=1)
_CLAIM = (
    "UPDATE accounts_noticepost SET tries = tries + 1,"
    " due_at = clock_timestamp() + %s * interval '1 second'"
    " WHERE id = (SELECT p.id FROM accounts_noticepost p"
    "  JOIN accounts_noticehook h ON h.id = p.hook_id"
    "  WHERE p.due_at <= clock_timestamp() AND h.is_on AND h.removed_at IS NULL"
    "  ORDER BY (h.last_error <> ''), p.due_at, p.id"
    "  LIMIT 1 FOR NO KEY UPDATE OF p SKIP LOCKED) RETURNING id"
)
# The same word about everybody concerned is one message, whoever they are.
_KEEP = (
    "INSERT INTO accounts_noticepost (id, hook_id, news_id, payload, made_at, due_at, tries,"
    " tries_before, last_error)"
    " VALUES (%s, %s, %s, %s, clock_timestamp(), clock_timestamp(), 0, 0, '')"
    " ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True)
class ClaimedPost:
    """One message that is ours to send until its lease is over."""

    id: UUID
    hook_id: UUID
    url: str
    secrets: tuple[str, ...]
    payload: str
    tries: int
    tries_before: int = 0

    @property
    def message_id(self) -> str:
        return f"msg_{self.id.hex}"


def posts_for(news: "News") -> None:
    """Write a message for each address that wants this kind. One query when there is none."""
    hooks = NoticeHook.objects.filter(
        Q(department=None) | Q(department=news.department_id),
        kinds__contains=[news.kind],
        is_on=True,
        removed_at=None,
    )
    for hook_id in hooks.values_list("id", flat=True):
        payload = json.dumps(payload_of(news))
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [new_id(), hook_id, news.id, payload])


def payload_of(news: "News") -> dict[str, Any]:
    """Give what is posted: a sentence and a link. `text` is what chats show."""
    sentence = sentence_of(
        KINDS[news.kind],
        workflow=news.workflow,
        by=news.by,
        outcome=news.outcome,
        count=1,
    )
    link = f"{settings.PUBLIC_URL}{news.href}"
    return {
        "type": "notice",
        "kind": news.kind,
        "text": f"{sentence} {link}",
        "sentence": sentence,
        "link": link,
        "workflow": news.workflow,
        "at": news.at.isoformat(),
    }


def claim_post() -> ClaimedPost | None:
    """Lease the next due message; addresses that answer come first. Three queries."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [LEASE_SECONDS])
        row = cursor.fetchone()
    if row is None:
        return None
    post = NoticePost.objects.select_related("hook").get(id=row[0])
    return ClaimedPost(
        id=post.id,
        hook_id=post.hook_id,
        url=post.hook.url,
        secrets=secrets_now(post.hook, now=database_now()),
        payload=post.payload,
        tries=post.tries,
        tries_before=post.tries_before,
    )


def secrets_now(hook: NoticeHook, *, now: datetime) -> tuple[str, ...]:
    """Give the secrets that sign now: the current one, and the one before while it lives."""
    current = secrets_of(hook.id, hook.secret_number)
    if hook.previous_until is None or hook.previous_until <= now:
        return current
    return (*current, *secrets_of(hook.id, hook.secret_number - 1))


def forget_old_posts() -> int:
    """Remove messages that were done with a month ago; says how many."""
    before = database_now() - KEPT_FOR
    return NoticePost.objects.filter(due_at=None, made_at__lt=before).delete()[0]


def mark_post(claimed: ClaimedPost, posted: Posted) -> None:
    """Keep how one call went; give up after some tries. Two queries.

    Not an operation: a notice decides nothing, and the proposal it is about stands.
    """
    now: datetime = database_now()
    mine = NoticePost.objects.filter(id=claimed.id, tries=claimed.tries)
    made = claimed.tries - claimed.tries_before
    error = posted.error[:200]
    if posted.is_delivered:
        mine.update(sent_at=now, due_at=None, last_error="")
    elif posted.is_refused or made >= TRIES_MAX:
        mine.update(due_at=None, last_error=error)
    else:
        mine.update(due_at=now + BACKOFF * 2**made, last_error=error)
    NoticeHook.objects.filter(id=claimed.hook_id).update(
        last_at=now, last_error=posted.error[:200]
    )
