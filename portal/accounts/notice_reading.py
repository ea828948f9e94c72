"""What is done with notices that is no operation: it decides nothing, and nobody else sees it."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.models import Notice, ToldNews
from portal.accounts.notices_shown import unread_of
from portal.core.clock import database_now

IDS_MAX = 200
ALL_MAX = 10_000
NEWS_KEPT_FOR = timedelta(days=30)


def mark_read(*, actor: Actor, ids: Collection[UUID] | None, now: datetime) -> int:
    """Mark own notices as read, all of them for None; says how many. Four queries."""
    mine = unread_of(actor)
    if ids is not None:
        mine = mine.filter(id__in=list(ids)[:IDS_MAX])
    chosen = list(mine.values_list("id", "subject")[:ALL_MAX])
    # The line that stood for many is over; the next of them begins another.
    for_many = [row[0] for row in chosen if not row[1]]
    Notice.objects.filter(id__in=for_many).update(is_current=False)
    return Notice.objects.filter(id__in=[row[0] for row in chosen]).update(
        read_at=now, mail_due_at=None
    )


def forget_old_news() -> int:
    """Remove the marks of news told a month ago; the outbox forgets it much sooner."""
    before = database_now() - NEWS_KEPT_FOR
    return ToldNews.objects.filter(told_at__lt=before).delete()[0]
