"""The rollout plan: four stages, each item ticked by what is true in the portal now.

Nobody ticks anything by hand. Every item names the page with the rows it is read from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from approvals.queries.rollout import DAYS, decisions_lately
from portal.accounts.actors import Actor
from portal.accounts.models import Department
from portal.accounts.queries import is_administrator
from registry.queries.across import all_workflow_slugs, workflow_places
from registry.queries.readiness import Readiness, readiness_of_all
from registry.queries.rights import holds
from registry.queries.rollout import (
    LiveLine,
    PastGate,
    SponsorNow,
    exceptions_since,
    live_lines,
    registry_facts,
    sponsor_now,
)
from registry.rules.rollout import (
    FOCUS_MAX,
    FOCUS_MIN,
    WEEKS_BACK,
    ProofFacts,
    ProofLine,
    is_proven_by,
    proof_lines,
)
from registry.rules.rulebook import Level
from runs.queries.rollout import ReviewFacts, review_facts

type Reviews = Mapping[UUID, ReviewFacts]


@dataclass(frozen=True)
class Item:
    """One thing to be true: whether it is, the count that says so, and its rows."""

    text: str
    is_true: bool
    shown: str
    href: str
    link: str


@dataclass(frozen=True)
class Stage:
    key: str
    label: str
    about: str
    items: tuple[Item, ...]

    @property
    def done(self) -> int:
        return sum(item.is_true for item in self.items)

    @property
    def is_done(self) -> bool:
        return self.done == len(self.items)


@dataclass(frozen=True)
class WorkflowProof:
    line: LiveLine
    proof: tuple[ProofLine, ...]
    may_be_proven: bool


@dataclass(frozen=True)
class DepartmentFocus:
    """How many workflows of a department are live and not proven yet."""

    name: str
    unproven: int
    proven: int
    words: str
    is_over: bool
    workflows: tuple[WorkflowProof, ...]


@dataclass(frozen=True)
class Rollout:
    sponsor: SponsorNow
    stages: tuple[Stage, ...]
    current: str
    focus: tuple[DepartmentFocus, ...]
    exceptions: tuple[PastGate, ...]
    may_name_sponsor: bool
    as_of: datetime


def rollout_for(
    *, actor: Actor, since: datetime, last_signed: bool, now: datetime
) -> Rollout:
    """Give the plan as it stands. About thirty queries.

    `last_signed` says whether the last quarter's review is signed, `since` from when on
    exceptions are listed. Counts are the company's, whoever looks; workflows are named, and
    reasons told, to who may see them and to who signs the quarterly review.
    """
    lines = live_lines()
    reviews = review_facts(today=now.date(), weeks_back=WEEKS_BACK)
    sponsor = sponsor_now()
    seen = slugs_told(actor=actor, sponsor=sponsor)
    departments = readiness_of_all(Department.objects.all(), now=now)
    stages = _stages(sponsor, lines, reviews, departments, last_signed, now)
    return Rollout(
        sponsor=sponsor,
        stages=stages,
        current=next((each.key for each in stages if not each.is_done), "evolve"),
        focus=_focus(lines, reviews, seen, now),
        exceptions=tuple(each for each in exceptions_since(since) if each.slug in seen),
        may_name_sponsor=is_administrator(actor),
        as_of=now,
    )


def slugs_told(*, actor: Actor, sponsor: SponsorNow) -> frozenset[str]:
    """Give the workflows whose names this person reads here. At most five queries."""
    signs = actor.id == sponsor.person_id
    if signs or holds(actor, "sign_quarter", Level.ENTERPRISE):
        return all_workflow_slugs()
    return frozenset(each.slug for each in workflow_places(actor=actor))


def proof_of(line: LiveLine, reviews: ReviewFacts, now: datetime) -> ProofFacts:
    """Give what is true of a live workflow today."""
    return ProofFacts(
        (now - line.live_since).days,
        reviews.signed_weeks,
        reviews.findings_late,
        reviews.incidents_open,
    )


def proof_now(*, workflow_id: UUID, now: datetime) -> ProofFacts | None:
    """Give what is true of one live workflow; None where it is not live. Four queries."""
    line = next((each for each in live_lines() if each.id == workflow_id), None)
    if line is None:
        return None
    reviews = review_facts(today=now.date(), weeks_back=WEEKS_BACK)
    return proof_of(line, reviews.get(workflow_id, ReviewFacts()), now)


def _stages(
    sponsor: SponsorNow,
    lines: Sequence[LiveLine],
    reviews: Reviews,
    departments: dict[UUID, Readiness],
    last_signed: bool,
    now: datetime,
) -> tuple[Stage, ...]:
    facts = registry_facts(now=now)
    live = len(lines)
    found = [reviews.get(each.id, ReviewFacts()) for each in lines]
    reviewed = sum(each.signed_weeks > 0 for each in found)
    late = sum(each.findings_late for each in found)
    decided = decisions_lately(now=now)
    by_department = {each.department_id for each in lines}
    ready = sum(
        each in departments and departments[each].stands for each in by_department
    )
    proven = sum(each.is_proven for each in lines)
    return (
        Stage("foundation", "Foundation", "Who answers for it, and what is allowed at all.", (
            Item("An executive sponsor is named", sponsor.person_id is not None, sponsor.name or "vacant", "#sponsor", "Read who"),
            _item("Systems are approved for agents", facts.systems, "system", "systems"),
            _item("AI models are approved", facts.models, "model", "models"),
            Item("Duties have the course that they need", facts.duties_trained > 0, f"{facts.duties_trained} duties, {facts.courses} courses", reverse("training_courses"), "Open courses and needs"),
            _item("A department has assessed itself", facts.departments_assessed, "department", "readiness"),
        )),
        Stage("pilots", "Pilots", f"{FOCUS_MIN} to {FOCUS_MAX} workflows, with people deciding.", (
            Item(f"At least {FOCUS_MIN} workflows are live", live >= FOCUS_MIN, f"{live} live", reverse("workflows") + "?state=live", "Open the live workflows"),
            Item(f"People decided in the last {DAYS} days", decided > 0, _count(decided, "decision"), reverse("inbox") + "?tab=decided", "Open what was decided"),
            Item("Every live workflow has a signed week of review", live > 0 and reviewed == live, f"{reviewed} of {live}", reverse("weeks"), "Open the weeks"),
            Item("No finding is late", live > 0 and late == 0, f"{late} late", reverse("findings"), "Open the findings"),
        )),
        Stage("scale", "Scale", "More departments, each as ready as the first.", (
            Item("Two departments have live workflows", len(by_department) >= 2, _count(len(by_department), "department"), "#focus", "Read which"),
            Item("Each department with live workflows is ready", bool(by_department) and ready == len(by_department), f"{ready} of {len(by_department)}", reverse("readiness"), "Open readiness"),
            Item("A first launch needs readiness", facts.is_gate_on, "on" if facts.is_gate_on else "off", reverse("readiness") + "#gate", "Open the gate"),
            Item("A workflow is proven", proven > 0, f"{proven} of {live}", "#focus", "Read which"),
        )),
        Stage("evolve", "Evolve", "Rules change by what was learnt, and the sponsor is there.", (
            Item("Findings changed rules", facts.changes_from_findings > 0, _count(facts.changes_from_findings, "change"), reverse("findings"), "Open the findings"),
            Item("No priority of a department is overdue", facts.departments_assessed > 0 and facts.priorities_late == 0, f"{facts.priorities_late} of {facts.priorities_open} overdue", reverse("readiness"), "Open readiness"),
            Item("The last quarter's review is signed by the sponsor", last_signed, "signed" if last_signed else "not signed", reverse("quarters"), "Open the quarterly reviews"),
        )),
    )  # fmt: skip


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _item(text: str, count: int, noun: str, name: str) -> Item:
    return Item(
        text, count > 0, _count(count, noun), reverse(name), f"Open the {noun}s"
    )


def _focus(
    lines: Sequence[LiveLine], reviews: Reviews, seen: frozenset[str], now: datetime
) -> tuple[DepartmentFocus, ...]:
    names = sorted({each.department for each in lines}, key=str.casefold)
    return tuple(
        _department(
            name,
            [each for each in lines if each.department == name],
            reviews,
            seen,
            now,
        )
        for name in names
    )


def _department(
    name: str,
    lines: Sequence[LiveLine],
    reviews: Reviews,
    seen: frozenset[str],
    now: datetime,
) -> DepartmentFocus:
    unproven = sum(not each.is_proven for each in lines)
    words = "as many as it can look after"
    if unproven < FOCUS_MIN:
        words = f"room for {FOCUS_MAX - unproven} more"
    elif unproven > FOCUS_MAX:
        words = f"over the {FOCUS_MAX} that it can look after"
    return DepartmentFocus(
        name,
        unproven,
        len(lines) - unproven,
        words,
        unproven > FOCUS_MAX,
        tuple(_proof(each, reviews, now) for each in lines if each.slug in seen),
    )


def _proof(line: LiveLine, reviews: Reviews, now: datetime) -> WorkflowProof:
    facts = proof_of(line, reviews.get(line.id, ReviewFacts()), now)
    return WorkflowProof(
        line, proof_lines(facts), not line.is_proven and is_proven_by(facts)
    )
