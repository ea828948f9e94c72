"""What a signed week is hashed over: everything that was drawn, answered and found.

The document says all that an export of the signed version shows, so that each version
can be read and exported unchanged, whatever happens to the week afterwards.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from portal.accounts.actors import Actor
from registry.queries.causes import launches_between
from runs.models import Finding, Review, ReviewWeek, SampledRun
from runs.queries.answers import counted_answers, settled_documents
from runs.queries.blind_findings import TEXT, is_hidden, marked
from runs.queries.knowing import known_documents
from runs.queries.populations import bounds_of
from runs.rules.estimating import Answered, results_of
from runs.rules.questions import KEYS

DOCUMENT_VERSION = 2


def week_document(
    week: ReviewWeek, *, summary: str, released: str, signer: Actor, now: datetime
) -> dict[str, Any]:
    """Give a week as one document, the same bytes whenever it is asked. Six queries."""
    sample = list(SampledRun.objects.filter(week=week).order_by("position"))
    reviews = list(
        Review.objects.filter(sampled__week=week, sampled__seeded=None)
        .select_related("sampled", "assessor")
        .order_by("created_at", "id")
    )
    known = known_documents(week.id)
    return ({"known_cases": known} if known else {}) | {
        "version": DOCUMENT_VERSION,
        "week": str(week.id),
        "number": week.version,
        "workflow": {
            "id": str(week.workflow_id),
            "slug": week.workflow.slug,
            "name": week.workflow.name,
        },
        "starts_on": week.starts_on.isoformat(),
        "opened_at": week.opened_at.isoformat(),
        "secret": bytes(week.seed).hex(),
        "population": {
            "count": week.population_count,
            "digest": week.population_digest,
            "strata": week.strata,
        },
        "sample": [
            {
                "sampled": str(row.id),
                "run": str(row.run_id),
                "stratum": row.stratum,
                "probability": str(row.probability),
                "why": row.why,
            }
            for row in sample
        ],
        "reviews": [
            {
                "run": str(row.sampled.run_id),
                "assessor": {"id": str(row.assessor_id), "name": row.assessor.name},
                "answers": {key: getattr(row, key) for key in KEYS},
                "reasons": row.reasons,
                "note": row.note,
                "at": row.changed_at.isoformat(),
            }
            for row in reviews
        ],
        "settled": settled_documents(week.id),
        "estimates": estimates_of(week, sample),
        "findings": findings_told(week, reader_id=None),
        "launches": launched_in(week, until=now),
        "released": released,
        "summary": summary,
        "signed_by": {"id": str(signer.id), "name": signer.name},
        "signed_at": now.isoformat(),
    }


def estimates_of(week: ReviewWeek, sample: list[SampledRun]) -> list[dict[str, Any]]:
    """Give what the answers come to, question by question, as the week's page says it.

    Of two readings that differ, what they were settled to counts.
    """
    drawn = {row.id: row for row in sample}
    answered = [
        Answered(drawn[key].stratum, answers, float(drawn[key].probability))
        for key, answers in counted_answers([week.id], is_closing=True).items()
    ]
    populations = {key: int(layer["population"]) for key, layer in week.strata.items()}
    return [
        {
            "question": result.key,
            "text": result.text,
            "counts": dict(result.counts),
            "shown": result.shown,
            "note": result.note,
            "share": _text(result.interval.share if result.interval else None),
            "low": _text(result.interval.low if result.interval else None),
            "high": _text(result.interval.high if result.interval else None),
        }
        for result in results_of(answered, populations=populations)
    ]


def findings_told(week: ReviewWeek, *, reader_id: UUID | None) -> list[dict[str, Any]]:
    """Give the findings of a week, and those carried into it, as they stand. One query.

    Without a reader it is for the signature: of the week itself nothing is hidden any
    more, of earlier weeks what a second person still reads.
    """
    earlier = Q(workflow=week.workflow_id, week__starts_on__lt=week.starts_on)
    carried = earlier & (Q(closed_at=None) | Q(closed_at__gte=week.opened_at))
    rows = (
        marked(Finding.objects.filter(Q(week=week) | carried), reader_id)
        .select_related("owner", "found_by", "closed_by", "week", "sampled")
        .order_by("found_at", "id")
    )
    return [
        _finding_told(
            row,
            hidden=is_hidden(row) and (reader_id is not None or row.week_id != week.id),
        )
        for row in rows
    ]


def _finding_told(row: Finding, *, hidden: bool) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "kind": "" if hidden else row.kind,
        "text": TEXT if hidden else row.text,
        "about": "" if hidden else row.about,
        "run": str(row.sampled.run_id) if row.sampled and not hidden else None,
        "week_of": row.week.starts_on.isoformat(),
        "found_by": row.found_by.name,
        "owner": row.owner.name,
        "due_on": row.due_on.isoformat(),
        "closed_at": row.closed_at.isoformat() if row.closed_at else None,
        "closed_by": row.closed_by.name if row.closed_by else "",
        "evidence": "" if hidden else row.evidence,
    }


def launched_in(week: ReviewWeek, *, until: datetime) -> list[dict[str, Any]]:
    """Give the versions of the rulebook that went live from this week on. Two queries."""
    found = launches_between(
        workflow_id=week.workflow_id, since=bounds_of(week.starts_on)[0], until=until
    )
    return [
        {
            "version": launch.number,
            "launched_at": launch.at.isoformat(),
            "label": launch.label,
            "reason": launch.reason,
            "because": [cause.words for cause in launch.causes],
        }
        for launch in found
    ]


def _text(share: float | None) -> str | None:
    return None if share is None else f"{share:.6f}"
