"""What a review found: who looks after it, until when, and the evidence that closes it.

Each thing that is done about a finding leaves a move in its history, with words of who
did it, and an entry in the journal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell, tell_settled
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Forbidden, Invalid, NotFound
from runs.models import Finding, FindingMove, ReviewWeek, SampledRun
from runs.operations.weeks import locked_week
from runs.queries.answers import shown
from runs.queries.blind_findings import WHY, is_blind, is_hidden, marked, sealed_words
from runs.queries.finding_evidence import links_of

TEXT_MAX = 1_000
ABOUT_MAX = 120
FACT_MAX = 200
# What of an entry says what was found.
_WORDS = frozenset(("text", "said", "reason", "evidence"))


@dataclass(frozen=True)
class Shown:
    """What evidence points to: a version that was launched, a run, an address."""

    version: str = ""
    run: str = ""
    address: str = ""


@operation(leaves="review.finding_added")
def add_finding(
    *,
    actor: Actor,
    week_id: UUID,
    run_id: UUID | None,
    kind: str,
    text: str,
    owner_id: UUID | None,
    due_on: date | None,
    about: str = "",
    now: datetime,
) -> UUID:
    """Add a finding to an open week, about one of its runs or the whole of it.

    Its owner is told. Locks the week. Raises NotFound, Forbidden, AlreadyDone, Invalid
    by field.
    """
    week = locked_week(actor=actor, week_id=week_id)
    finding = keep_finding(
        actor=actor,
        week=week,
        run_id=run_id,
        kind=kind,
        text=text,
        owner_id=owner_id,
        due_on=due_on,
        about=about,
        now=now,
    )
    return finding.id


@step
def keep_finding(
    *,
    actor: Actor,
    week: ReviewWeek,
    run_id: UUID | None,
    kind: str,
    text: str,
    owner_id: UUID | None,
    due_on: date | None,
    about: str = "",
    now: datetime,
) -> Finding:
    """Keep a finding of a week that the caller has locked, and tell its owner.

    Raises Invalid by field, and NotFound for a run outside the sample.
    """
    problems = _problems(week, kind, text, owner_id, due_on, now)
    if problems or owner_id is None or due_on is None:
        raise Invalid(problems)
    sampled = None
    if run_id is not None:
        sampled = SampledRun.to_read.filter(shown(), week=week, run_id=run_id).first()
        if sampled is None:
            raise NotFound("This run is not in the week's sample.")
    finding = Finding.objects.create(
        week=week,
        workflow_id=week.workflow_id,
        sampled=sampled,
        kind=kind,
        text=text.strip(),
        about=about.strip()[:ABOUT_MAX],
        owner_id=owner_id,
        due_on=due_on,
        found_by_id=actor.id,
        found_at=now,
    )
    is_told = sampled is None or not is_blind(finding.id)
    record(
        "review.finding_added",
        actor=actor,
        subject=("finding", finding.id),
        workflow_id=week.workflow_id,
        text=finding.text[:FACT_MAX] if is_told else sealed_words(finding.text),
        owner=str(owner_id),
        due_on=finding.due_on.isoformat(),
        **({"kind": kind} if is_told else {}),
    )
    tell_owner("finding_assigned", finding, actor, now)
    return finding


@operation(leaves="review.finding_commented")
def comment_finding(
    *, actor: Actor, finding_id: UUID, text: str, now: datetime
) -> None:
    """Say something about a finding, open or closed; whoever sees it may.

    Raises NotFound, Forbidden while it is hidden, and Invalid.
    """
    finding = _locked(actor, finding_id)
    said = _words(text, "text", "Write what you want to say")
    note_move(finding, FindingMove.Kind.COMMENTED, actor, now, text=said)
    _record("review.finding_commented", actor, finding, said=said[:FACT_MAX])


@operation(leaves="review.finding_redated")
def redate_finding(
    *,
    actor: Actor,
    finding_id: UUID,
    due_on: date | None,
    reason: str,
    now: datetime,
) -> None:
    """Set another day until which a finding is to be done; its owner or an assessor may.

    Locks the finding. Raises NotFound, Forbidden, AlreadyDone, Invalid.
    """
    finding = locked_open_finding(actor=actor, finding_id=finding_id)
    _must_look_after(actor, finding)
    if due_on is None or due_on < timezone.localtime(now).date():
        raise Invalid({"due_on": "Choose a day from today on."})
    if due_on == finding.due_on:
        raise Invalid({"due_on": "It is due on that day already."})
    why = _words(reason, "reason", "Say why")
    facts = {"before": finding.due_on.isoformat(), "after": due_on.isoformat()}
    finding.due_on = due_on
    finding.save(update_fields=["due_on"])
    note_move(finding, FindingMove.Kind.REDATED, actor, now, text=why, facts=facts)
    _record("review.finding_redated", actor, finding, reason=why[:FACT_MAX], **facts)


@operation(leaves="review.finding_reassigned")
def reassign_finding(
    *,
    actor: Actor,
    finding_id: UUID,
    owner_id: UUID | None,
    reason: str,
    now: datetime,
) -> None:
    """Give a finding to somebody else who sees the workflow; they are told.

    Its owner or an assessor may. Locks the finding. Raises NotFound, Forbidden,
    AlreadyDone, Invalid.
    """
    finding = locked_open_finding(actor=actor, finding_id=finding_id)
    _must_look_after(actor, finding)
    people = access.people_with(finding.workflow_id, access.VIEW)
    owner = people.filter(id=owner_id).first() if owner_id else None
    if owner is None:
        raise Invalid({"owner": "Choose a person who sees this workflow."})
    if owner.id == finding.owner_id:
        raise Invalid({"owner": f"{owner.name} looks after it already."})
    why = _words(reason, "reason", "Say why")
    facts = {"before": finding.owner.name, "after": owner.name}
    finding.owner_id = owner.id
    finding.told_due_on = None
    finding.save(update_fields=["owner", "told_due_on"])
    note_move(finding, FindingMove.Kind.REASSIGNED, actor, now, text=why, facts=facts)
    _record("review.finding_reassigned", actor, finding, reason=why[:FACT_MAX], **facts)
    tell_owner("finding_assigned", finding, actor, now)


@operation(leaves="review.finding_closed")
def close_finding(
    *,
    actor: Actor,
    finding_id: UUID,
    evidence: str,
    shown: Shown = Shown(),  # noqa: B008 - frozen
    now: datetime,
) -> UUID:
    """Close a finding with what shows that it is done; gives its week.

    Its owner may, and every assessor of the workflow. Locks the finding. Raises
    NotFound, Forbidden, AlreadyDone with who and when, Invalid without evidence.
    """
    finding = locked_open_finding(actor=actor, finding_id=finding_id)
    _must_look_after(actor, finding)
    text = _words(evidence, "evidence", "Say what shows that it is done")
    links, problems = links_of(
        actor=actor,
        workflow_id=finding.workflow_id,
        version=shown.version,
        run=shown.run,
        address=shown.address,
    )
    if problems:
        raise Invalid(problems)
    finding.closed_at, finding.closed_by_id, finding.evidence = now, actor.id, text
    finding.save(update_fields=["closed_at", "closed_by", "evidence"])
    facts = {"links": list(links)}
    note_move(finding, FindingMove.Kind.CLOSED, actor, now, text=text, facts=facts)
    _record(
        "review.finding_closed",
        actor,
        finding,
        text=finding.text[:FACT_MAX],
        evidence=text[:FACT_MAX],
        links=[link["words"] for link in links],
    )
    tell_settled(subject=("finding", finding.id), workflow_id=finding.workflow_id)
    return finding.week_id


@operation(leaves="review.finding_reopened")
def reopen_finding(
    *, actor: Actor, finding_id: UUID, reason: str, now: datetime
) -> None:
    """Open a closed finding again, with a reason; an assessor of the workflow may.

    Its owner is told. Locks the finding. Raises NotFound, Forbidden, AlreadyDone, Invalid.
    """
    finding = _locked(actor, finding_id)
    if not access.may(actor, access.ASSESS, finding.workflow_id):
        raise Forbidden(
            "An assessor of the workflow opens a finding again.",
            who_can_help=f"{finding.found_by.name} found it.",
        )
    if finding.closed_at is None:
        raise AlreadyDone("finding.open", "This finding is open.")
    why = _words(reason, "reason", "Say why it is not done")
    facts = {"evidence": finding.evidence}
    finding.closed_at, finding.closed_by_id, finding.evidence = None, None, ""
    finding.told_due_on = None
    finding.save(update_fields=["closed_at", "closed_by", "evidence", "told_due_on"])
    note_move(finding, FindingMove.Kind.REOPENED, actor, now, text=why, facts=facts)
    _record("review.finding_reopened", actor, finding, reason=why[:FACT_MAX])
    tell_owner("finding_assigned", finding, actor, now)


@step
def locked_open_finding(*, actor: Actor, finding_id: UUID) -> Finding:
    """Lock an open finding for somebody who sees it.

    Raises NotFound, and AlreadyDone with who closed it and when.
    """
    finding = _locked(actor, finding_id)
    if finding.closed_at is not None:
        raise AlreadyDone(
            "finding.closed",
            "This finding is closed already.",
            who=finding.closed_by.name if finding.closed_by else None,
            at=finding.closed_at,
        )
    return finding


@step
def note_move(
    finding: Finding,
    kind: FindingMove.Kind,
    actor: Actor,
    now: datetime,
    *,
    text: str = "",
    facts: Mapping[str, object] | None = None,
) -> None:
    """Put one line into the history of a finding."""
    FindingMove.objects.create(
        finding=finding,
        kind=kind,
        person_id=actor.id if actor.is_person else None,
        text=text,
        facts=dict(facts or {}),
        at=now,
    )


@step
def tell_owner(kind: str, finding: Finding, actor: Actor, now: datetime) -> None:
    """Tell whoever looks after a finding about it, unless they did this themselves."""
    tell(
        kind=kind,
        subject=("finding", finding.id),
        at=now,
        people={finding.owner_id},
        workflow_id=finding.workflow_id,
        by=actor.name if actor.is_person else "",
        by_id=actor.id if actor.is_person else None,
    )


@step
def _locked(actor: Actor, finding_id: UUID) -> Finding:
    seen = access.visible(
        Finding.objects.all(), actor=actor, workflow_path="workflow_id"
    )
    if not actor.is_system and not seen.filter(id=finding_id).exists():
        raise NotFound("There is nothing here, or you may not see it.")
    finding = (
        marked(Finding.objects.select_for_update(no_key=True, of=("self",)))
        .select_related("closed_by", "owner", "found_by", "week")
        .get(id=finding_id)
    )
    if is_hidden(finding) and not actor.is_system and finding.found_by_id != actor.id:
        raise Forbidden(WHY, who_can_help=f"{finding.found_by.name} found it.")
    return finding


def _must_look_after(actor: Actor, finding: Finding) -> None:
    is_owner = finding.owner_id == actor.id
    if not is_owner and not access.may(actor, access.ASSESS, finding.workflow_id):
        raise Forbidden(
            "Its owner looks after a finding, or an assessor of the workflow.",
            who_can_help=f"{finding.owner.name} can.",
        )


def _words(text: str, field: str, ask: str) -> str:
    words = text.strip()
    if not words or len(words) > TEXT_MAX:
        raise Invalid({field: f"{ask}, in at most {TEXT_MAX:,} characters."})
    return words


@step
def _record(name: str, actor: Actor, finding: Finding, **facts: Any) -> None:
    """Record what was done; the words of a hidden finding as their digest alone."""
    if is_hidden(finding):
        told = {key: sealed_words(facts[key]) for key in _WORDS & facts.keys()}
        facts = {key: facts[key] for key in facts.keys() - {"links"}} | told
    record(
        name,
        actor=actor,
        subject=("finding", finding.id),
        workflow_id=finding.workflow_id,
        **facts,
    )


def _problems(
    week: ReviewWeek,
    kind: str,
    text: str,
    owner_id: UUID | None,
    due_on: date | None,
    now: datetime,
) -> dict[str, str]:
    problems = {}
    if kind not in Finding.Kind.values:
        problems["kind"] = "Choose what kind of finding it is."
    if not text.strip() or len(text) > TEXT_MAX:
        problems["text"] = f"Say what was found, in at most {TEXT_MAX:,} characters."
    people = access.people_with(week.workflow_id, access.VIEW)
    if owner_id is None or not people.filter(id=owner_id).exists():
        problems["owner"] = "Choose a person who sees this workflow."
    if due_on is None or due_on < timezone.localtime(now).date():
        problems["due_on"] = "Choose a day from today on."
    return problems
