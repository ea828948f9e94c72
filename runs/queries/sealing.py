"""What a signed week is hashed over: everything that was drawn, answered and found."""

from typing import Any

from runs.models import Finding, Review, ReviewWeek, SampledRun
from runs.rules.questions import KEYS

DOCUMENT_VERSION = 1


def week_document(week: ReviewWeek, *, summary: str) -> dict[str, Any]:
    """Give a week as one document, the same bytes whenever it is asked. Four queries."""
    sample = SampledRun.objects.filter(week=week).order_by("position")
    reviews = Review.objects.filter(sampled__week=week).order_by("created_at", "id")
    findings = Finding.objects.filter(week=week).order_by("found_at", "id")
    return {
        "version": DOCUMENT_VERSION,
        "week": str(week.id),
        "workflow": str(week.workflow_id),
        "starts_on": week.starts_on.isoformat(),
        "secret": bytes(week.seed).hex(),
        "population": {
            "count": week.population_count,
            "digest": week.population_digest,
            "strata": week.strata,
        },
        "sample": [
            {
                "run": str(row.run_id),
                "stratum": row.stratum,
                "probability": str(row.probability),
                "why": row.why,
            }
            for row in sample
        ],
        "reviews": [
            {
                "sampled": str(row.sampled_id),
                "assessor": str(row.assessor_id),
                "answers": {key: getattr(row, key) for key in KEYS},
                "reasons": row.reasons,
                "note": row.note,
            }
            for row in reviews
        ],
        "findings": [
            {
                "id": str(row.id),
                "kind": row.kind,
                "text": row.text,
                "sampled": str(row.sampled_id) if row.sampled_id else None,
                "found_by": str(row.found_by_id),
            }
            for row in findings
        ],
        "summary": summary,
    }
