"""Signing a week freezes it; opening a signed week again makes its next version.

What is signed is kept whole, so that each version stays readable and its digest can be
worked out again, whatever is read and found afterwards.
"""

from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell
from portal.audit.operation import operation, record
from portal.core.digest import canonical, sha256_of
from portal.core.errors import AlreadyDone, Conflict, Invalid
from runs.models import ReviewWeek, SignedWeek, WeekReopening
from runs.operations.weeks import locked_week, week_of_assessor
from runs.queries.sealing import week_document
from runs.queries.signing import left_to_sign, second_readings_left

SUMMARY_MAX = 4_000
REASON_MAX = 1_000


@operation(leaves="review.week_signed")
def sign_week(
    *, actor: Actor, week_id: UUID, summary: str, released: str = "", now: datetime
) -> str:
    """Sign a week when every run of its sample is read; this version never changes again.

    Second readings that are not done are given up with a reason (`released`), which is
    part of what is signed. Locks the week. Gives its digest, and shows the key of the
    draw from now on. Raises NotFound, Forbidden, AlreadyDone, Conflict with what is
    left, Invalid.
    """
    week = locked_week(actor=actor, week_id=week_id)
    text = summary.strip()
    if not text or len(text) > SUMMARY_MAX:
        limit = f"{SUMMARY_MAX:,}"
        raise Invalid(
            {
                "summary": f"Say what was found and what will change, in {limit} characters."
            }
        )
    left = left_to_sign(week)
    if left:
        raise Conflict("week.unread", " ".join(left))
    given_up = _released(week, released)
    document = week_document(
        week, summary=text, released=given_up, signer=actor, now=now
    )
    content = canonical(document)
    week.digest = sha256_of(content)
    week.summary = text
    week.state = ReviewWeek.State.SIGNED
    week.signed_at, week.signed_by_id = now, actor.id
    SignedWeek.objects.create(
        week=week,
        number=week.version,
        content=content,
        digest=week.digest,
        signed_by_id=actor.id,
        signed_at=now,
    )
    week.save(update_fields=["digest", "summary", "state", "signed_at", "signed_by"])
    record(
        "review.week_signed",
        actor=actor,
        subject=("week", week.id),
        workflow_id=week.workflow_id,
        week=week.starts_on.isoformat(),
        version=week.version,
        digest=week.digest,
        secret=bytes(week.seed).hex(),
        released=given_up[:200],
    )
    return week.digest


def _released(week: ReviewWeek, reason: str) -> str:
    """Give the reason for which second readings are given up; none where all are done."""
    left = second_readings_left(week)
    if not left:
        return ""
    text = reason.strip()
    if not text or len(text) > REASON_MAX:
        noun = "second reading is" if left == 1 else "second readings are"
        raise Invalid(
            {
                "released": f"{left} {noun} not done. Wait for them, or say in at most"
                f" {REASON_MAX:,} characters why the week is signed without."
            }
        )
    return text


@operation(leaves="review.week_reopened")
def reopen_week(*, actor: Actor, week_id: UUID, reason: str, now: datetime) -> int:
    """Open a signed week again as its next version; gives that version's number.

    Its population and its sample stay as they were drawn, what was read and found is
    carried over, and the signed version is kept. Whoever signed before is told. Locks
    the week. Raises NotFound, Forbidden, AlreadyDone while it is open, Invalid.
    """
    week = week_of_assessor(actor=actor, week_id=week_id)
    if week.state != ReviewWeek.State.SIGNED:
        raise AlreadyDone("week.open", "This week is open: nobody has signed it yet.")
    text = reason.strip()
    if not text or len(text) > REASON_MAX:
        raise Invalid(
            {"reason": f"Say why, in at most {REASON_MAX:,} characters."},
        )
    signed = SignedWeek.objects.filter(week=week)
    if not signed.filter(number=week.version, digest=week.digest).exists():
        raise Conflict(
            "week.not_kept",
            "This week was signed before signed weeks were kept whole, so it stays closed.",
        )
    WeekReopening.objects.create(
        week=week,
        number=week.version + 1,
        reason=text,
        opened_by_id=actor.id,
        opened_at=now,
    )
    week.version += 1
    week.state = ReviewWeek.State.OPEN
    week.digest, week.signed_at, week.signed_by_id = "", None, None
    week.save(update_fields=["version", "state", "digest", "signed_at", "signed_by"])
    record(
        "review.week_reopened",
        actor=actor,
        subject=("week", week.id),
        workflow_id=week.workflow_id,
        week=week.starts_on.isoformat(),
        version=week.version,
        reason=text[:200],
    )
    tell(
        kind="week_reopened",
        subject=("week", week.id),
        at=now,
        people=set(signed.values_list("signed_by_id", flat=True)),
        workflow_id=week.workflow_id,
        by=actor.name,
        by_id=actor.id,
    )
    return week.version
