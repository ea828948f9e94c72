"""What only decisions know of a week of review: fragments that its page loads, and their rows."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from approvals.queries.reviewer_load import decided_by, old_evidence
from approvals.queries.reviewer_load import reviewer_load as load_of
from portal.accounts.actors import actor_of
from portal.core.htmx import render

TWELVE = 12


@require_safe
def reviewer_load(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """Say who decided how much; the week's page loads it."""
    weeks = _weeks(request)
    page = load_of(actor=actor_of(request), week_id=week_id, weeks=weeks)
    shown = {"page": page, "crumbs": _crumbs(page.workflow, week_id, "Reviewers")}
    return render(request, "approvals/reviewer_load.html", shown, fragment="load")


@require_safe
def reviewer_rows(request: HttpRequest, week_id: UUID, person_id: UUID) -> HttpResponse:
    """List the decisions behind one reviewer's numbers."""
    page = decided_by(
        actor=actor_of(request),
        week_id=week_id,
        weeks=_weeks(request),
        person_id=person_id,
    )
    shown = {"page": page, "crumbs": _crumbs(page.workflow, week_id, page.person)}
    return render(request, "approvals/reviewer_rows.html", shown)


@require_safe
def stale_evidence(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """Say where evidence was old when it was shown; the week's page loads it."""
    found = old_evidence(actor=actor_of(request), week_id=week_id)
    shown = {"found": found, "crumbs": _crumbs(found.workflow, week_id, "Old evidence")}
    return render(request, "approvals/stale_evidence.html", shown, fragment="stale")


def _weeks(request: HttpRequest) -> int:
    return TWELVE if request.GET.get("over") == str(TWELVE) else 1


def _crumbs(workflow: str, week_id: UUID, here: str) -> list[tuple[str, str]]:
    home = reverse("week", args=[week_id])
    return [("Weekly review", reverse("weeks")), (workflow, home), (here, "")]
