"""Telling people what happened: one row inside the operation, everything else after it.

`tell` writes into the outbox and takes no lock that anybody waits for. `spread`, the
outbox's handler, looks who is concerned at that moment and how each wants to be told. A
second spreading of the same news finds it told and changes nothing.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from portal.accounts.away import standing_in_for
from portal.accounts.models import Notice, Person
from portal.accounts.notice_kind import Kind, Way
from portal.accounts.notice_kinds import KINDS
from portal.accounts.notice_posts import posts_for
from portal.accounts.notice_settings import Wishes, wishes_of
from portal.audit.operation import step
from portal.core import outbox
from portal.core.clock import database_now, moment_of_history, wall_clock
from portal.core.ids import new_id

NEWS, SETTLED = "news.told", "news.settled"
HISTORY_TOLD_FOR = timedelta(days=2)
PEOPLE_MAX = 2000


@dataclass(frozen=True)
class News:
    """What is to be told, as the outbox keeps it: ids, a kind, names. Never arguments."""

    id: UUID
    kind: str
    people: frozenset[UUID]
    subject: str
    workflow_id: UUID | None
    href: str
    many_href: str
    by: str
    by_id: UUID | None
    outcome: str
    at: datetime
    workflow: str = ""
    # Nobody needs to hear of it any more.
    is_over: bool = False
    department_id: UUID | None = None


# What rooms above know: how news of a subject ("proposal", "workflow") is completed, and
# which subjects ask for nothing any more. Each room gives its own when it starts.
_COMPLETES: dict[str, Callable[[News], News]] = {}
_OVER: dict[str, Callable[[Collection[UUID]], Mapping[UUID, str]]] = {}


def completes(subject: str, complete: Callable[[News], News]) -> None:
    """Let a room complete the news of its subjects, when they are spread."""
    _COMPLETES[subject] = complete


def knows_what_is_over(
    subject: str, over: Callable[[Collection[UUID]], Mapping[UUID, str]]
) -> None:
    """Let a room say which of its subjects ask for nothing any more, and why, in words."""
    _OVER[subject] = over


@step
def tell(
    *,
    kind: str,
    subject: tuple[str, UUID],
    at: datetime,
    href: str = "",
    people: Collection[UUID] = (),
    workflow_id: UUID | None = None,
    many_href: str = "",
    by: str = "",
    by_id: UUID | None = None,
    outcome: str = "",
) -> None:
    """Say inside an operation that people are to be told. One insert, no lock.

    The sentence is made from the kind and the names `by` and `outcome`: never hand on
    what an agent sent. Without `people`, the subject's room says who when it is spread.
    Whoever did it (`by_id`) is not told.
    """
    if _is_long_ago():
        return
    outbox.enqueue(
        topic=NEWS,
        payload=_payload(
            kind=kind,
            people=people,
            subject=subject,
            workflow_id=workflow_id,
            href=href,
            many_href=many_href,
            by=by,
            by_id=by_id,
            outcome=outcome,
            at=at,
        ),
    )


@step
def tell_of_workflows(
    *,
    kind: str,
    people: Mapping[UUID, Collection[UUID]],
    at: datetime,
    by: str = "",
    by_id: UUID | None = None,
) -> None:
    """Tell the people of several workflows the same, each news about its own workflow.

    One insert, however many workflows: others may wait for the caller's locks.
    """
    if _is_long_ago():
        return
    outbox.enqueue_each(
        topic=NEWS,
        payloads=[
            _payload(
                kind=kind,
                people=told,
                subject=("workflow", workflow_id),
                workflow_id=workflow_id,
                by=by,
                by_id=by_id,
                at=at,
            )
            for workflow_id, told in people.items()
        ],
    )


def _payload(  # noqa: PLR0913 - what news is made of
    *,
    kind: str,
    people: Collection[UUID],
    subject: tuple[str, UUID],
    workflow_id: UUID | None,
    at: datetime,
    href: str = "",
    many_href: str = "",
    by: str = "",
    by_id: UUID | None = None,
    outcome: str = "",
) -> dict[str, Any]:
    if kind not in KINDS:
        raise KeyError(kind)
    return {
        "id": str(new_id()),
        "kind": kind,
        "people": sorted(str(each) for each in people),
        "subject": f"{subject[0]}:{subject[1]}",
        "workflow_id": str(workflow_id) if workflow_id else None,
        "href": href,
        "many_href": many_href or href,
        "by": by[:120],
        "by_id": str(by_id) if by_id else None,
        "outcome": outcome,
        "at": at.isoformat(),
    }


@step
def close_for(*, person_id: UUID, subject: tuple[str, UUID], now: datetime) -> None:
    """Close what one person was asked, because they did it. One query."""
    Notice.objects.filter(
        person=person_id, subject=f"{subject[0]}:{subject[1]}", closed_at=None
    ).update(closed_at=now, closed_words="You did this.", mail_due_at=None)


@step
def tell_settled(*, subject: tuple[str, UUID], workflow_id: UUID | None = None) -> None:
    """Say inside an operation that a subject asks for nothing any more.

    With its workflow, the lines that stand for many there are looked at too.
    """
    if _is_long_ago():
        return
    payload = {"subject": f"{subject[0]}:{subject[1]}"}
    if workflow_id:
        payload["workflow_id"] = str(workflow_id)
    outbox.enqueue(topic=SETTLED, payload=payload)


def spread(payload: Mapping[str, Any]) -> None:
    """Tell everybody concerned, once: the outbox's handler. About eight queries."""
    news = _completed(_read(payload))
    kind = KINDS[news.kind]
    if kind.settles:
        settle({"subject": news.subject})
        _settle_many(news.workflow_id)
    if news.is_over and kind.waits:
        return
    posts_for(news)
    instead = _stand_ins(news, kind)
    people = frozenset(instead)
    if not people:
        return
    now = database_now()
    wishes = wishes_of(people)
    rows = [
        _row(news, kind, wishes[person_id], instead[person_id], now, is_many=is_many)
        for person_id, is_many in sorted(_many_for(news, kind, people).items())
        if wishes[person_id].way_of(kind) != Way.OFF
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [news.id, json.dumps(rows)])
    if kind.waits:
        # Settled while this was on its way: the news of that came before our rows.
        settle({"subject": news.subject})


def settle(payload: Mapping[str, Any]) -> None:
    """Close the notices of a subject that asks for nothing any more. Two queries."""
    subject = str(payload["subject"])
    open_ones = Notice.objects.filter(
        subject=subject,
        closed_at=None,
        kind__in=[kind.key for kind in KINDS.values() if kind.waits],
    )
    words = over_words({subject}).get(subject)
    if words is not None:
        open_ones.update(
            closed_at=database_now(), closed_words=words[:200], mail_due_at=None
        )
    if "workflow_id" in payload:
        _settle_many(UUID(payload["workflow_id"]))


def _settle_many(workflow_id: UUID | None) -> None:
    """Close the lines that stand for many when nothing of them waits. One query or more."""
    waiting = {kind.key: kind.many_of for kind in KINDS.values() if kind.waits}
    lines = Notice.objects.filter(
        workflow_id=workflow_id,
        subject="",
        read_at=None,
        closed_at=None,
        kind__in=list(waiting),
    )
    found = lines.order_by().values_list("kind", flat=True).distinct()
    for many_of in sorted({waiting[kind] for kind in found}):
        about = f"{many_of}:{workflow_id}"
        words = over_words({about}).get(about)
        if words is not None:
            kinds = [kind for kind, each in waiting.items() if each == many_of]
            lines.filter(kind__in=kinds).update(
                closed_at=database_now(),
                closed_words=words,
                is_current=False,
                mail_due_at=None,
            )


def over_words(subjects: Collection[str]) -> dict[str, str]:
    """Say of subjects that ask for nothing any more why. One query a room."""
    by_room: dict[str, list[UUID]] = {}
    for subject in subjects:
        room, _, identity = subject.partition(":")
        if room in _OVER and identity:
            by_room.setdefault(room, []).append(UUID(identity))
    return {
        f"{room}:{identity}": words
        for room, ids in by_room.items()
        for identity, words in _OVER[room](ids).items()
    }


# The news is marked as told and its rows are written by one statement, so by both or by
# neither. Many that became one line count up; a line that was read is over by then.
# A line that was mailed is mailed anew a quarter of an hour later at the soonest, so that
# no flood of requests becomes a flood of mails.
_KEEP = """
WITH fresh AS (
    INSERT INTO accounts_toldnews (id, told_at) VALUES (%s, clock_timestamp())
    ON CONFLICT DO NOTHING RETURNING id
)
INSERT INTO accounts_notice AS n (id, person_id, kind, key, subject, workflow_id, workflow,
    by, outcome, instead_of, href, count, told_at, closed_words, is_current,
    mail_due_at, mail_tries, mail_failures)
SELECT r.id, r.person_id, r.kind, r.key, r.subject, r.workflow_id, r.workflow,
    r.by, r.outcome, r.instead_of, r.href, 1, r.told_at, '', true,
    r.mail_due_at, 0, 0
  FROM fresh, jsonb_to_recordset(%s::jsonb) AS r(id uuid, person_id uuid, kind text,
    key text, subject text, workflow_id uuid, workflow text, by text, outcome text,
    instead_of text, href text, told_at timestamptz, mail_due_at timestamptz)
 ORDER BY r.person_id
ON CONFLICT (person_id, kind, key) WHERE is_current DO UPDATE
   SET count = n.count + 1, told_at = greatest(n.told_at, excluded.told_at),
       mail_due_at = coalesce(n.mail_due_at, CASE WHEN excluded.mail_due_at IS NOT NULL
           THEN greatest(excluded.mail_due_at, n.mailed_at + interval '15 minutes') END)
 WHERE n.subject = ''
"""


def _read(payload: Mapping[str, Any]) -> News:
    workflow_id, by_id = payload["workflow_id"], payload["by_id"]
    return News(
        id=UUID(payload["id"]),
        kind=payload["kind"],
        people=frozenset(UUID(each) for each in payload["people"][:PEOPLE_MAX]),
        subject=payload["subject"],
        workflow_id=UUID(workflow_id) if workflow_id else None,
        href=payload["href"],
        many_href=payload["many_href"],
        by=payload["by"],
        by_id=UUID(by_id) if by_id else None,
        outcome=payload["outcome"],
        at=datetime.fromisoformat(payload["at"]),
    )


def _completed(news: News) -> News:
    for subject in dict.fromkeys((news.subject.partition(":")[0], "workflow")):
        complete = _COMPLETES.get(subject)
        if complete is not None and (subject != "workflow" or news.workflow_id):
            news = complete(news)
    return news


def _stand_ins(news: News, kind: Kind) -> dict[UUID, str]:
    """Say who is told, each with the name of whom they stand in for ("" for nobody)."""
    people: dict[UUID, str] = dict.fromkeys(news.people, "")
    if kind.can_be_stood_in and news.workflow_id:
        for each in standing_in_for(
            absent_ids=news.people, workflow_id=news.workflow_id
        ):
            people.pop(each.absent_id, None)
            people.setdefault(each.person_id, each.absent)
    if news.by_id:
        people.pop(news.by_id, None)
    active = Person.objects.filter(id__in=people, is_active=True)
    return {each: people[each] for each in active.values_list("id", flat=True)}


def _many_for(news: News, kind: Kind, people: Collection[UUID]) -> dict[UUID, bool]:
    """Say for whom this joins the line that stands for many. At most one query."""
    if not kind.alone_max:
        return dict.fromkeys(people, False)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id, (SELECT count(*) FROM (SELECT FROM accounts_notice n"
            "  WHERE n.person_id = p.id AND n.read_at IS NULL AND n.closed_at IS NULL"
            "  AND n.kind = %s AND n.workflow_id IS NOT DISTINCT FROM %s"
            "  LIMIT %s) unread)"
            " FROM unnest(%s::uuid[]) AS p(id)",
            [news.kind, news.workflow_id, kind.alone_max, list(people)],
        )
        return {row[0]: row[1] >= kind.alone_max for row in cursor.fetchall()}


def _row(
    news: News,
    kind: Kind,
    wishes: Wishes,
    instead_of: str,
    now: datetime,
    *,
    is_many: bool,
) -> dict[str, Any]:
    occasion = "" if kind.waits else f":{news.id}"
    mail_due_at = wishes.mail_at(kind, told_at=news.at, now=now)
    return {
        "id": str(new_id()),
        "person_id": str(wishes.person_id),
        "kind": news.kind,
        "key": f"workflow:{news.workflow_id}"
        if is_many
        else f"{news.subject}{occasion}",
        "subject": "" if is_many else news.subject,
        "workflow_id": str(news.workflow_id) if news.workflow_id else None,
        "workflow": news.workflow[:200],
        "by": news.by,
        "outcome": news.outcome,
        "instead_of": instead_of,
        "href": news.many_href if is_many else news.href,
        "told_at": news.at.isoformat(),
        "mail_due_at": mail_due_at.isoformat() if mail_due_at else None,
    }


def _is_long_ago() -> bool:
    """Say whether a loader of history is further back than anybody wants to hear of."""
    moment = moment_of_history()
    return moment is not None and moment < wall_clock() - HISTORY_TOLD_FOR
