"""What a ceiling that nobody set yet would have touched last month, and the rows of it."""

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_GET

from approvals.queries.ceiling_effect import LOOKED_BACK, ceiling_effect
from portal.accounts.actors import actor_of
from portal.accounts.costly import costly
from portal.core.clock import wall_clock
from portal.core.crumbs import in_programme
from portal.core.htmx import render
from registry.queries.ceiling_reach import said_in

FRAGMENT = "effect"
CHANGES = ("reviewed", "refused")


@require_GET
@costly
def effect(request: HttpRequest) -> HttpResponse:
    """Count by workflow; with a workflow or a change, the actions themselves."""
    actor = actor_of(request)
    said = said_in(dict(request.GET.lists()))
    workflow = request.GET.get("workflow", "")[:80]
    change = request.GET.get("change", "")
    change = change if change in CHANGES else ""
    found = None
    if said is not None:
        found = ceiling_effect(
            actor=actor,
            said=said,
            now=wall_clock(),
            workflow=workflow.replace("\x00", ""),
            change=change,
        )
    plain = request.GET.copy()
    for name in ("workflow", "change"):
        plain.pop(name, None)
    context = {
        "crumbs": in_programme(
            ("Ceilings", reverse("ceilings")), ("What it would touch", "")
        ),
        "found": found,
        "days": LOOKED_BACK.days,
        "query": plain.urlencode(),
        "back": _back(plain),
        "is_rows": bool(workflow or change),
        "change": change,
    }
    return render(request, "approvals/ceiling_effect.html", context, fragment=FRAGMENT)


def _back(plain: QueryDict) -> str:
    return f"{reverse('ceiling_new')}?{plain.urlencode()}"
