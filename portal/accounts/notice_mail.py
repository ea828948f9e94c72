"""E-mails about notices: claim what is due for one person, send one mail, mark it.

At least once, and at most twice after a crash: a worker killed between the sending and
the mark leaves the notices due again after the lease, and they are sent once more; what
was claimed twice without an answer is not sent a third time. It stays in the portal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.template import engines

from portal.accounts.actors import actor_for
from portal.accounts.models import Notice, Person
from portal.accounts.notices_shown import NoticeLine, line_of, seen_by
from portal.accounts.operations.telling import over_words
from portal.core.clock import database_now

LEASE_SECONDS = 120
LINES_MAX = 50
SILENT_TRIES_MAX = 2
FAILURES_MAX = 8
BACKOFF = timedelta(minutes=1)
# All that is due for the person whose mail waits longest, leased in one statement.
_CLAIM = """
UPDATE accounts_notice SET mail_tries = mail_tries + 1,
       mail_due_at = clock_timestamp() + %s * interval '1 second'
 WHERE id IN (
    SELECT id FROM accounts_notice
     WHERE mail_due_at <= clock_timestamp() AND person_id = (
        SELECT person_id FROM accounts_notice
         WHERE mail_due_at <= clock_timestamp() ORDER BY mail_due_at, id LIMIT 1
           FOR NO KEY UPDATE SKIP LOCKED)
     ORDER BY mail_due_at, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id, mail_tries
"""


@dataclass(frozen=True)
class Mail:
    """One e-mail that is ours to send until its lease is over."""

    person_id: UUID
    to: str
    name: str
    lines: tuple[NoticeLine, ...]
    # Which notices were claimed, with how many tries each.
    claimed: tuple[tuple[UUID, int], ...]


def claim_mail() -> Mail | None:
    """Lease what is due for one person. Up to six queries; None when nothing is due."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [LEASE_SECONDS, LINES_MAX])
        claimed = tuple(cursor.fetchall())
    if not claimed:
        return None
    rows = list(
        Notice.objects.filter(id__in=[row[0] for row in claimed])
        .select_related("person")
        .order_by("-told_at", "-id")
    )
    person: Person = rows[0].person
    wanted = _still_wanted(person, rows)
    return Mail(
        person_id=person.id,
        to=person.email,
        name=person.get_short_name(),
        lines=tuple(line_of(row) for row in wanted),
        claimed=claimed,
    )


def _still_wanted(person: Person, rows: Sequence[Notice]) -> list[Notice]:
    """Leave out what is read, decided, gone from sight, or was sent twice perhaps."""
    seen = set(
        seen_by(actor_for(person))
        .filter(id__in=[row.id for row in rows], read_at=None, closed_at=None)
        .values_list("id", flat=True)
    )
    over = over_words({row.subject for row in rows if line_of(row).kind.waits})
    return [
        row
        for row in rows
        if row.id in seen
        and person.is_active
        and row.subject not in over
        and row.mail_tries - row.mail_failures <= SILENT_TRIES_MAX
    ]


def send(mail: Mail) -> None:
    """Hand one mail to the mail server. Raises what the server's client raises."""
    names = {
        "mail": mail,
        "site": settings.PUBLIC_URL,
        "settings_href": f"{settings.PUBLIC_URL}/me/notices/",
    }
    message = EmailMultiAlternatives(
        subject=subject_of(mail),
        body=engines["jinja2"].get_template("accounts/notice_mail.txt").render(names),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.to],
        headers={"List-Unsubscribe": f"<{names['settings_href']}>"},
    )
    page = engines["jinja2"].get_template("accounts/notice_mail.html")
    message.attach_alternative(page.render(names), "text/html")
    message.send()


def subject_of(mail: Mail) -> str:
    """Give the subject: the one sentence, or how many."""
    if len(mail.lines) == 1:
        # No header holds a line break, of whatever kind; a name may.
        return " ".join(mail.lines[0].sentence.split())[:150]
    return f"{len(mail.lines)} things to look at in Countersign"


def mark_mailed(mail: Mail) -> None:
    """Say that it went out, or that nothing of it was wanted any more. Two queries."""
    now = database_now()
    sent = {line.id for line in mail.lines}
    for notice_id, tries in mail.claimed:
        mine = Notice.objects.filter(id=notice_id, mail_tries=tries)
        if notice_id in sent:
            # Many more that join this line later are mailed anew, with their own tries.
            mine.update(mail_due_at=None, mailed_at=now, mail_tries=0, mail_failures=0)
        else:
            mine.update(mail_due_at=None)


def mark_failed(mail: Mail) -> None:
    """Say that the server refused it or was away: later again, then no more."""
    now = database_now()
    for notice_id, tries in mail.claimed:
        Notice.objects.filter(id=notice_id, mail_tries=tries).update(
            mail_failures=tries,
            mail_due_at=now + BACKOFF * 2**tries if tries < FAILURES_MAX else None,
        )
