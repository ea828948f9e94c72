"""One finding with its history, what it led to in the rulebook, and what may be done now."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.errors import Forbidden
from registry.queries.causes import Drafted, drafted_because, launched_numbers
from registry.queries.drafting_from import (
    PageToChange,
    Preview,
    may_edit,
    page_to_change,
    preview_of,
)
from registry.queries.people import people_of
from runs.models import Finding, FindingMove
from runs.queries.blind_findings import WHY, is_blind, kind_of, marked, words_of
from runs.rules.proposing.shapes import Change, Given, Way, applied
from runs.rules.proposing.ways import WITHOUT_DRAFT, change_by, way_called, ways_for

MOVES_MAX = 200
CAUSE = "finding"
_CLOSED = FindingMove.Kind.CLOSED.label


@dataclass(frozen=True)
class EvidenceLink:
    """What evidence points to: its words, and the page behind them."""

    words: str
    href: str
    is_outside: bool


@dataclass(frozen=True)
class MoveLine:
    """One line of the history."""

    who: str
    did: str
    text: str
    more: str
    links: tuple[EvidenceLink, ...]
    at: datetime


@dataclass(frozen=True)
class FindingPage:
    """Everything the page of a finding shows."""

    id: UUID
    kind: str
    kind_word: str
    text: str
    about: str
    workflow_id: UUID
    workflow: str
    workflow_slug: str
    week_id: UUID
    week_starts_on: date
    run_id: UUID | None
    owner_id: UUID
    owner: str
    due_on: date
    is_late: bool
    found_by: str
    found_at: datetime
    closed_at: datetime | None
    closed_by: str
    evidence: str
    links: tuple[EvidenceLink, ...]
    moves: tuple[MoveLine, ...]
    drafted: tuple[Drafted, ...]
    launched: tuple[int, ...]
    may_look_after: bool
    may_reopen: bool
    may_draft: bool
    needs_training: bool
    editors: str
    is_hidden: bool
    is_blind: bool
    hidden_why: str

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def live(self) -> Drafted | None:
        """Give the newest version made because of this that went live."""
        return next((each for each in self.drafted if each.is_live_or_was), None)


@dataclass(frozen=True)
class DraftFrom:
    """The change that a finding asks for, before it is made: ways, blanks, what it comes to."""

    finding: FindingPage
    page: PageToChange
    ways: tuple[Way, ...]
    way: Way | None
    given: Given
    change: Change | None
    preview: Preview | None
    problems: Mapping[str, str]


def finding_page(*, actor: Actor, finding_id: UUID, now: datetime) -> FindingPage:
    """Give a finding to who may see its workflow. About fourteen queries. Raises NotFound."""
    row = _visible(actor, finding_id)
    may_assess = access.may(actor, access.ASSESS, row.workflow_id)
    is_open = row.closed_at is None
    moves = _moves(row)
    drafted = drafted_because(kind=CAUSE, subject_ids=[row.id]).get(row.id, ())
    needs_training = row.kind in WITHOUT_DRAFT
    can_edit = may_edit(actor, row.workflow_id)
    is_doubled = row.sampled is not None and row.sampled.is_doubled
    blind = row.is_hidden or (is_doubled and is_blind(row.id))
    closing = next(
        (line for line in reversed(moves) if line.did == _CLOSED and line.links), None
    )
    page = FindingPage(
        id=row.id,
        kind=row.kind,
        kind_word=kind_of(row),
        text=words_of(row),
        about=row.about,
        workflow_id=row.workflow_id,
        workflow=row.workflow.name,
        workflow_slug=row.workflow.slug,
        week_id=row.week_id,
        week_starts_on=row.week.starts_on,
        run_id=row.sampled.run_id if row.sampled else None,
        owner_id=row.owner_id,
        owner=row.owner.name,
        due_on=row.due_on,
        is_late=is_open and row.due_on < timezone.localtime(now).date(),
        found_by=row.found_by.name,
        found_at=row.found_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by.name if row.closed_by else "",
        evidence=row.evidence,
        links=closing.links if closing and not is_open else (),
        moves=moves,
        drafted=drafted,
        launched=launched_numbers(workflow_id=row.workflow_id) if is_open else (),
        may_look_after=is_open and (may_assess or row.owner_id == actor.id),
        may_reopen=may_assess and not is_open,
        may_draft=is_open and can_edit and not needs_training and not blind,
        needs_training=needs_training,
        editors="" if can_edit else _editors(row.workflow_id),
        is_hidden=row.is_hidden,
        is_blind=blind,
        hidden_why=WHY if blind else "",
    )
    return _without_what_was_found(page) if row.is_hidden else page


def _visible(actor: Actor, finding_id: UUID):
    """Give a finding, marked for this person. Raises NotFound."""
    rows = access.visible(
        marked(
            Finding.objects.select_related(
                "workflow", "owner", "found_by", "closed_by", "week", "sampled"
            ),
            actor.id,
        ),
        actor=actor,
        workflow_path="workflow_id",
    )
    return access.visible_or_404(rows, id=finding_id)


def _without_what_was_found(page: FindingPage) -> FindingPage:
    """Leave of a finding that is hidden who looks after it and until when."""
    return replace(
        page,
        kind="",
        about="",
        run_id=None,
        evidence="",
        links=(),
        moves=(),
        drafted=(),
        launched=(),
        may_look_after=False,
        may_reopen=False,
        needs_training=False,
    )


def draft_from(
    *,
    actor: Actor,
    finding_id: UUID,
    way: str,
    given: Mapping[str, str] | None,
    now: datetime,
) -> DraftFrom:
    """Give the change that a finding asks for and what it would come to.

    Raises NotFound, and Forbidden while a second person still reads the run.
    """
    finding = finding_page(actor=actor, finding_id=finding_id, now=now)
    if finding.is_blind:
        raise Forbidden(WHY, who_can_help=finding.found_by)
    page = page_to_change(workflow_id=finding.workflow_id)
    ways = ways_for(finding.kind, page.document, about=finding.about)
    chosen = way_called(ways, way)
    if chosen is None:
        return DraftFrom(finding, page, (), None, {}, None, None, {})
    is_same = given is not None and chosen.key == way
    filled = {**chosen.usual, **(given or {})} if is_same else dict(chosen.usual)
    change, problems = change_by(chosen, filled)
    preview = None
    if change is not None:
        changed = applied(page.document, change)
        preview = preview_of(page.document, changed, page.number)
    # A form that nobody filled in yet is not scolded for it.
    shown = problems if is_same else {}
    return DraftFrom(finding, page, ways, chosen, filled, change, preview, shown)


def _moves(row: Finding) -> tuple[MoveLine, ...]:
    moves = FindingMove.objects.filter(finding=row).select_related("person")
    return tuple(
        MoveLine(
            who=move.person.name if move.person else "Countersign",
            did=FindingMove.Kind(move.kind).label,
            text=move.text,
            more=_more(move),
            links=tuple(
                _link(link, row.workflow.slug) for link in move.facts.get("links", ())
            ),
            at=move.at,
        )
        for move in moves.order_by("at", "id")[:MOVES_MAX]
    )


def _more(move: FindingMove) -> str:
    facts, kinds = move.facts, FindingMove.Kind
    if move.kind == kinds.REDATED:
        before, after = (date.fromisoformat(facts[key]) for key in ("before", "after"))
        return f"{after:%-d %B %Y} instead of {before:%-d %B %Y}"
    if move.kind in (kinds.REASSIGNED, kinds.HANDED_OVER):
        return f"{facts['after']} instead of {facts['before']}"
    if move.kind == kinds.DRAFTED:
        return f"in version {facts['version']}"
    return ""


def _link(link: Mapping[str, Any], slug: str) -> EvidenceLink:
    kind, words = link["kind"], link["words"]
    if kind == "version":
        href = _address("workflow_version", slug, link["number"])
        return EvidenceLink(f"{words} of the rulebook", href, is_outside=False)
    if kind == "run":
        return EvidenceLink(words, _address("run", link["id"]), is_outside=False)
    return EvidenceLink(words, link["href"], is_outside=True)


def _address(name: str, *args: object) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def _editors(workflow_id: UUID) -> str:
    """Name who can change the rulebook: its business owner first. Few queries."""
    owner = people_of(workflow_id=workflow_id).holder("business_owner")
    return owner.name if owner else "An administrator"
