"""What a week saw: the runs behind one of its lines, and the same over twelve weeks."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.accounts.actors import actor_of
from portal.core.htmx import render
from runs.queries.week_page.observed import seen_over, seen_rows

TWELVE = 12
WHAT_MAX = 200


@require_safe
def week_seen(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """Show the runs that a line counted; without a line, twelve weeks at once."""
    actor, what = actor_of(request), request.GET.get("what", "")[:WHAT_MAX]
    weeks = TWELVE if request.GET.get("over") == str(TWELVE) or not what else 1
    context: dict[str, object] = {"found": None}
    if what:
        found = seen_rows(actor=actor, week_id=week_id, what=what, weeks=weeks)
        context["found"], name, here = found, found.workflow, found.words
    else:
        page = seen_over(actor=actor, week_id=week_id, weeks=weeks)
        context |= {"week": page, "seen": page.observed}
        name, here = page.workflow, "Twelve weeks"
    context["crumbs"] = [
        ("Weekly review", reverse("weeks")),
        (name, reverse("week", args=[week_id])),
        (here[:80], ""),
    ]
    return render(request, "runs/week_seen.html", context)
