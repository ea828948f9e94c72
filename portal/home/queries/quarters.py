"""The quarterly review of the programme: its agenda is made of what is open just now."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from django.urls import reverse

from portal.accounts.actors import Actor
from portal.accounts.queries import is_administrator
from portal.core.errors import NotFound
from portal.home.models import QuarterReview
from portal.home.queries.rollout import Rollout, rollout_for, slugs_told
from registry.queries.across import workflow_places
from registry.queries.quarter_changes import Change, Changed, changes_between
from registry.queries.rights import holders_of
from registry.queries.rollout import SponsorNow, sponsor_now
from registry.rules.rulebook import Level

SHOWN = 8
PAST_A_GATE = "Past a gate"
_CHANGED = {
    Changed.CEILING: "Ceilings",
    Changed.WAIVER: "Waivers",
    Changed.PHASE: "Phases",
}
_QUARTER = re.compile(r"(20\d\d)-q([1-4])")


@dataclass(frozen=True)
class Point:
    """One point of the agenda: what is so, and the page with its rows."""

    heading: str
    text: str
    href: str
    # The workflow that it is about, for who may read its name and open its page.
    slug: str = ""


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
    # From then on it can be signed; until then it is still running.
    ends_at: datetime
    is_over: bool
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


def ends_of(key: str) -> datetime:
    """Give when a quarter has ended and the next one starts. Raises NotFound as above."""
    start = starts_of(key)
    if start.month == 10:
        return start.replace(year=start.year + 1, month=1)
    return start.replace(month=start.month + 3)


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
        _told(tuple(_kept(each) for each in row.agenda), actor, sponsor)
        if row is not None and is_signed
        else agenda_of(actor=actor, key=key, now=now)
    )
    return QuarterPage(
        key=key,
        label=label_of(key),
        agenda=_openable(agenda, actor),
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
        ends_at=ends_of(key),
        is_over=now >= ends_of(key),
        may_sign=not is_signed and is_signer and now >= ends_of(key),
    )


def _told(
    agenda: tuple[Point, ...], actor: Actor, sponsor: SponsorNow
) -> tuple[Point, ...]:
    """Leave out of a signed agenda what is about workflows that one may not see."""
    seen = slugs_told(actor=actor, sponsor=sponsor)
    return tuple(each for each in agenda if not each.slug or each.slug in seen)


def _kept(point: Mapping[str, str]) -> Point:
    """Read a point as it was signed; older ones name their workflow in the address only."""
    made = Point(**point)
    if made.heading == PAST_A_GATE and not made.slug:
        return replace(made, slug=made.href.split("/")[2])
    return made


def _openable(agenda: tuple[Point, ...], actor: Actor) -> tuple[Point, ...]:
    """Take the link from what somebody reads here and may not open. At most four queries."""
    if not any(each.slug for each in agenda):
        return agenda
    mine = {each.slug for each in workflow_places(actor=actor)}
    return tuple(
        each if not each.slug or each.slug in mine else replace(each, href="")
        for each in agenda
    )


def _packet(slug: str) -> str:
    return f"/workflows/{slug}/packet/"


def agenda_of(*, actor: Actor, key: str, now: datetime) -> tuple[Point, ...]:
    """Make the agenda of what is open now, and of what changed in the quarter. Many queries."""
    start, end = starts_of(key), ends_of(key)
    plan = plan_now(actor=actor, since=start, now=now)
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
        Point(PAST_A_GATE, f"{each.workflow} {each.what}. {each.by}: {each.reason}", _packet(each.slug), each.slug)
        for each in plan.exceptions
        if each.at < end
    ]  # fmt: skip
    slugs = slugs_told(actor=actor, sponsor=plan.sponsor)
    points += [
        Point(_CHANGED[each.kind], each.text, _page_of(each), each.slug)
        for each in changes_between(start=start, end=end, slugs=slugs)
    ]
    return tuple(points)


def _page_of(change: Change) -> str:
    match change.kind:
        case Changed.CEILING:
            return reverse("ceiling", args=[change.id])
        case Changed.WAIVER:
            return reverse("capability_request", args=[change.id])
        case Changed.PHASE:
            page = reverse("workflow_phase", args=[change.slug])
            return f"{page}#move-{change.id}"


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
