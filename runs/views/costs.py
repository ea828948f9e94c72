"""What a run or an agent cost, and what each figure rests on."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.htmx import render
from runs.queries import costs


@require_safe
def run_cost(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Show what one run cost, by model."""
    page = costs.run_cost(actor=actor_of(request), run_id=run_id)
    crumbs = [
        ("Runs", reverse("runs")),
        (page.title[:80], reverse("run", args=[run_id])),
        ("Cost", ""),
    ]
    return render(
        request,
        "runs/cost.html",
        {"page": page, "crumbs": crumbs, "title": "What this run cost"},
    )


@require_safe
def agent_cost(request: HttpRequest, agent: str) -> HttpResponse:
    """Show what an agent's runs cost in four weeks; its page loads this."""
    page = costs.agent_cost(actor=actor_of(request), slug=agent, now=wall_clock())
    shown = {
        "page": page,
        "crumbs": [(page.title, ""), ("Cost", "")],
        "title": f"What {page.title} cost in four weeks",
    }
    return render(request, "runs/cost.html", shown, fragment="cost")
