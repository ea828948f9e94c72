"""The quarterly review of the programme: its agenda is made of what is open just now."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from portal.accounts.actors import Actor
from portal.accounts.queries import is_administrator
from portal.core.errors import NotFound
from portal.home.models import QuarterReview
from portal.home.queries.rollout import Rollout, rollout_for, slugs_told
from registry.queries.rights import holders_of
from registry.queries.rollout import SponsorNow, sponsor_now
from registry.rules.rulebook import Level

SHOWN = 8
PAST_A_GATE = "Past a gate"
_QUARTER = re.compile(r"(20\d\d)-q([1-4])")


@dataclass(frozen=True)
class Point:
    """One point of the agenda: what is so, and the page with its rows."""

    heading: str
    text: str
    href: str


@dataclass(frozen=True)
class QuarterLine:
    key: str
    label: str
    signed_by: str
    signed_at: datetime | None
    is_begun: bool


@dataclass(frozen=True)
class QuarterPage:
    key: str
    label: str
    agenda: tuple[Point, ...]
    notes: str
    decisions: str
    saved_by: str
    saved_at: datetime | None
    # What was written when this page was made, for whoever saves or signs it.
    mark: str
    signed_by: str
    signed_at: datetime | None
    digest: str
    sponsor: SponsorNow
    may_write: bool
    may_sign: bool


def signs_quarters(actor: Actor) -> bool:
    """Say whether somebody signs: the executive sponsor, unless others are named for it."""
    named = holders_of("sign_quarter", Level.ENTERPRISE).people
    if named:
        return any(each.id == actor.id for each in named)
    return actor.is_person and sponsor_now().person_id == actor.id


def quarter_of(day: date) -> str:
    """Name the quarter that a day is in: 2026-q4."""
    return f"{day.year}-q{(day.month + 2) // 3}"


def starts_of(key: str) -> datetime:
    """Give when a quarter starts. Raises NotFound for what is no quarter."""
    found = _QUARTER.fullmatch(key)
    if found is None:
        raise NotFound("There is no such quarter.")
    return datetime(int(found[1]), 3 * int(found[2]) - 2, 1, tzinfo=UTC)


def label_of(key: str) -> str:
    """Write a quarter as people say it."""
    start = starts_of(key)
    return f"{('First', 'Second', 'Third', 'Fourth')[start.month // 3]} quarter of {start.year}"


def mark_of(row: QuarterReview | None) -> str:
    """Give the mark of what is written in a review: another one after each saving.

    A row that nobody has written in is as good as none.
    """
    return row.saved_at.isoformat() if row and row.saved_by_id else ""


def quarters_list(*, now: datetime) -> tuple[QuarterLine, ...]:
    """Give this quarter and those before it, newest first. One query."""
    keys = [quarter_of(now.date())]
    while len(keys) < SHOWN:
        keys.append(_former(keys[-1]))
    kept = {
        row.quarter: row
        for row in QuarterReview.objects.filter(quarter__in=keys).select_related(
            "signed_by"
        )
    }
    return tuple(_line(key, kept) for key in keys if key in kept or key in keys[:2])


def quarter_page(*, actor: Actor, key: str, now: datetime) -> QuarterPage:
    """Give one quarter's review; its agenda is live until it is signed. Many queries."""
    start = starts_of(key)
    if start > now:
        raise NotFound("This quarter is still to come.")
    row = (
        QuarterReview.objects.select_related("saved_by", "signed_by")
        .filter(quarter=key)
        .first()
    )
    sponsor = sponsor_now()
    is_signed = row is not None and row.signed_at is not None
    is_signer = signs_quarters(actor)
    agenda = (
        _told(tuple(Point(**each) for each in row.agenda), actor, sponsor)
        if row is not None and is_signed
        else agenda_of(actor=actor, key=key, now=now)
    )
    return QuarterPage(
        key=key,
        label=label_of(key),
        agenda=agenda,
        notes=row.notes if row else "",
        decisions=row.decisions if row else "",
        saved_by=row.saved_by.name if row and row.saved_by else "",
        saved_at=row.saved_at if row else None,
        mark=mark_of(row),
        signed_by=row.signed_by.name if row and row.signed_by else "",
        signed_at=row.signed_at if row else None,
        digest=row.digest if row else "",
        sponsor=sponsor,
        may_write=not is_signed and (is_signer or is_administrator(actor)),
        may_sign=not is_signed and is_signer,
    )


def _told(
    agenda: tuple[Point, ...], actor: Actor, sponsor: SponsorNow
) -> tuple[Point, ...]:
    """Leave out of a signed agenda who went past a gate with what one may not see."""
    seen = slugs_told(actor=actor, sponsor=sponsor)
    hrefs = {_packet(slug) for slug in seen}
    return tuple(
        each for each in agenda if each.heading != PAST_A_GATE or each.href in hrefs
    )


def _packet(slug: str) -> str:
    return f"/workflows/{slug}/packet/"


def agenda_of(*, actor: Actor, key: str, now: datetime) -> tuple[Point, ...]:
    """Make the agenda of what is open and what was decided past a gate. Many queries."""
    plan = plan_now(actor=actor, since=starts_of(key), now=now)
    points = [
        Point(
            stage.label,
            f"Not so yet: {item.text} ({item.shown}).",
            _href(item.href),
        )
        for stage in plan.stages
        for item in stage.items
        if not item.is_true
    ]
    points += [
        Point(
            "Focus",
            f"{each.name}: {each.unproven} to prove, {each.words}.",
            _href("#focus"),
        )
        for each in plan.focus
        if each.unproven
    ]
    points += [
        Point(PAST_A_GATE, f"{each.workflow} {each.what}. {each.by}: {each.reason}", _packet(each.slug))
        for each in plan.exceptions
    ]  # fmt: skip
    return tuple(points)


def plan_now(*, actor: Actor, since: datetime, now: datetime) -> Rollout:
    """Give the plan with what is known of the last quarter's review."""
    last = _former(quarter_of(now.date()))
    signed = QuarterReview.objects.filter(quarter=last, signed_at__isnull=False)
    return rollout_for(actor=actor, since=since, last_signed=signed.exists(), now=now)


def _former(key: str) -> str:
    start = starts_of(key)
    if start.month == 1:
        return f"{start.year - 1}-q4"
    return quarter_of(date(start.year, start.month - 1, 1))


def _line(key: str, kept: Mapping[str, QuarterReview]) -> QuarterLine:
    row = kept.get(key)
    return QuarterLine(
        key,
        label_of(key),
        row.signed_by.name if row and row.signed_by else "",
        row.signed_at if row else None,
        row is not None,
    )


def _href(href: str) -> str:
    return f"/programme/{href}" if href.startswith("#") else href
