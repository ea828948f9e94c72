"""Quarterly reviews: notes kept, and signed by the executive sponsor. And what is proven."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from portal.accounts.actors import Actor
from portal.accounts.queries import is_administrator
from portal.audit.operation import operation, record
from portal.core.digest import canonical, sha256_of
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.core.locks import ENTERPRISE, lock_shared
from portal.home.models import QuarterReview
from portal.home.queries.quarters import (
    agenda_of,
    ends_of,
    label_of,
    mark_of,
    signs_quarters,
    starts_of,
)
from portal.home.queries.rollout import proof_now
from registry.operations.rollout import may_prove_or_raise, record_proof
from registry.queries.acceptable_use import must_have_acknowledged
from registry.queries.rollout import sponsor_now
from registry.rules.rollout import is_proven_by, proof_lines

TEXT_LENGTH_MAX = 4000
OVERTAKEN = "quarter.changed"


@operation(leaves="rollout.quarter_kept")
def keep_quarter(
    *,
    actor: Actor,
    key: str,
    notes: str,
    decisions: str,
    now: datetime,
    after: str | None = None,
) -> QuarterReview:
    """Keep the notes and decisions of a quarter's review. The sponsor or an administrator.

    `after` is the mark of what they were written on; raises Conflict when somebody wrote
    since, so that nobody's words are lost unseen.
    """
    _check_quarter(key, now)
    if not signs_quarters(actor) and not is_administrator(actor):
        raise Forbidden(
            "Only the executive sponsor and administrators write the quarterly review.",
            who_can_help=_sponsor_words(),
        )
    wrong = {
        name: f"At most {TEXT_LENGTH_MAX} characters."
        for name, text in (("notes", notes), ("decisions", decisions))
        if len(text) > TEXT_LENGTH_MAX or "\x00" in text
    }
    if wrong:
        raise Invalid(wrong)
    QuarterReview.objects.bulk_create(
        [QuarterReview(quarter=key, saved_at=now)], ignore_conflicts=True
    )
    review = _locked(key)
    _must_be_read(review, after)
    review.notes, review.decisions = notes.strip(), decisions.strip()
    review.saved_at, review.saved_by_id = now, actor.id
    review.save(update_fields=("notes", "decisions", "saved_at", "saved_by"))
    record(
        "rollout.quarter_kept",
        actor=actor,
        subject=("quarter", review.id),
        quarter=label_of(key),
    )
    return review


@operation(leaves="rollout.quarter_signed")
def sign_quarter(
    *, actor: Actor, key: str, now: datetime, after: str | None = None
) -> QuarterReview:
    """Sign a quarter's review with its agenda as it is now. Only the executive sponsor.

    Raises Conflict while the quarter is running, without a decision, for a sponsor who has not acknowledged the
    acceptable-use statement, and where somebody wrote after what the mark `after` stands
    for. What is signed never changes.
    """
    _check_quarter(key, now)
    _must_be_over(key, now)
    # Publishing a statement and naming another sponsor wait for this, and this for them.
    lock_shared(ENTERPRISE)
    if not signs_quarters(actor):
        raise Forbidden(
            "Only the executive sponsor signs the quarterly review.",
            who_can_help=_sponsor_words(),
        )
    must_have_acknowledged(actor)
    review = _locked(key)
    _must_be_read(review, after)
    if not review.decisions:
        raise Conflict(
            "quarter.undecided",
            "Nothing is decided yet. Write what was decided, even that all stays as it is.",
        )
    review.agenda = [asdict(each) for each in agenda_of(actor=actor, key=key, now=now)]
    review.signed_by_id, review.signed_at = actor.id, now
    review.digest = sha256_of(
        canonical(
            {
                "quarter": key,
                "agenda": review.agenda,
                "notes": review.notes,
                "decisions": review.decisions,
                "signed_by": str(actor.id),
                "signed_at": now.isoformat(),
            }
        )
    )
    review.save()
    record(
        "rollout.quarter_signed",
        actor=actor,
        subject=("quarter", review.id),
        quarter=label_of(key),
        digest=review.digest,
    )
    return review


def call_proven(*, actor: Actor, workflow_id: UUID, reason: str, now: datetime) -> None:
    """Put on record that a workflow is proven, if today's counts say so. Raises Conflict."""
    may_prove_or_raise(actor, workflow_id)
    facts = proof_now(workflow_id=workflow_id, now=now)
    if facts is None:
        raise NotFound("There is nothing live here, or you may not see it.")
    lines = proof_lines(facts)
    if not is_proven_by(facts):
        missing = "; ".join(line.text for line in lines if not line.holds)
        raise Conflict("proof.short", f"It is not proven yet: {missing}.")
    record_proof(
        actor=actor,
        workflow_id=workflow_id,
        is_proven=True,
        evidence=[line.text for line in lines],
        reason=reason,
        now=now,
    )


def _locked(key: str) -> QuarterReview:
    review = (
        QuarterReview.objects.select_for_update(no_key=True, of=("self",))
        .filter(Q(quarter=key))
        .first()
    )
    if review is None:
        raise Conflict("quarter.empty", "Nothing is written for this quarter yet.")
    if review.signed_at is not None:
        raise AlreadyDone("quarter.signed", "This review is signed; it stays as it is.")
    return review


def _must_be_read(review: QuarterReview, after: str | None) -> None:
    if after is None or after == mark_of(review):
        return
    name = review.saved_by.name if review.saved_by else "Somebody"
    raise Conflict(
        OVERTAKEN,
        f"{name} wrote here since you opened this page. Read it below; what you save now"
        " takes its place.",
        at=review.saved_at,
    )


def _must_be_over(key: str, now: datetime) -> None:
    end = ends_of(key)
    if now < end:
        raise Conflict(
            "quarter.running",
            f"The {label_of(key).lower()} is still running. It can be signed from"
            f" {end:%-d %B %Y} on; what you write is kept until then.",
            signable_from=end,
        )


def _check_quarter(key: str, now: datetime) -> None:
    if starts_of(key) > now:
        raise NotFound("This quarter is still to come.")


def _sponsor_words() -> str:
    sponsor = sponsor_now()
    return sponsor.name or "The post is vacant: an administrator names a sponsor, who"
