"""How an agent tells what it does: the diagnosis, its batches, and sending one through again."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.actors import actor_of
from portal.accounts.models import Agent
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Forbidden
from portal.core.htmx import is_htmx, render
from runs.operations.inbox import redrive_batch
from runs.queries.batches import ONLY, batch_page, batches_of
from runs.queries.integrations import (
    agent_seen_or_404,
    integration_of,
    may_redrive,
    seen_of,
)

type Crumbs = list[tuple[str, str]]


@require_safe
def telling(request: HttpRequest, slug: str) -> HttpResponse:
    """Diagnose how an agent tells; the agent's own page loads this as a fragment."""
    shown = integration_of(
        actor=actor_of(request),
        slug=slug,
        portal=request.build_absolute_uri("/").rstrip("/"),
        way=request.GET.get("way", ""),
        now=wall_clock(),
    )
    crumbs = [*_crumbs(slug, shown.seen.agent), ("How it tells", "")]
    return render(
        request,
        "runs/telling.html",
        {
            "crumbs": crumbs,
            "told": shown,
            "seen": shown.seen,
            # Inside the agent's page it stands one level lower.
            "level": 3 if is_htmx(request) else 2,
        },
        fragment="telling",
    )


@require_safe
def seen(request: HttpRequest, slug: str) -> HttpResponse:
    """Say when an agent was first and last heard of; its page asks again and again."""
    agent = agent_seen_or_404(actor=actor_of(request), slug=slug)
    shown = {
        "crumbs": [*_crumbs(slug, agent.name), ("Heard of", "")],
        "seen": seen_of(agent, now=wall_clock()),
    }
    return render(request, "runs/seen.html", shown, fragment="seen")


@require_safe
def batches(request: HttpRequest, slug: str) -> HttpResponse:
    """List what an agent sent, newest first, with what was not taken of it."""
    agent = agent_seen_or_404(actor=actor_of(request), slug=slug)
    only = request.GET.get("only", "")
    only = only if only in ONLY else ""
    page = batches_of(agent, only=only, cursor=request.GET.get("at"))
    here = reverse("agent_batches", args=[slug])
    kept = f"only={only}&" if only else ""
    shown = {
        "crumbs": [*_crumbs(slug, agent.name), ("Batches", "")],
        "agent": agent,
        "page": page,
        "only": only,
        "views": [{"key": "", "label": "All", "href": here}]
        + [
            {"key": key, "label": label, "href": f"{here}?only={key}"}
            for key, label in ONLY.items()
        ],
        "next_href": f"{here}?{kept}at={page.next_cursor}" if page.next_cursor else "",
        "previous_href": f"{here}?{kept}at={page.previous_cursor}"
        if page.previous_cursor
        else "",
    }
    return render(request, "runs/batches.html", shown)


@require_safe
def batch(request: HttpRequest, slug: str, inbox_id: UUID) -> HttpResponse:
    """Show one batch: its figures, and why events of it were not taken."""
    actor = actor_of(request)
    agent = agent_seen_or_404(actor=actor, slug=slug)
    page = batch_page(agent, batch_id=inbox_id)
    may, who_can = (
        may_redrive(actor=actor, agent=agent) if page.is_dead else (False, "")
    )
    shown = {
        "crumbs": [
            *_crumbs(slug, agent.name),
            ("Batches", reverse("agent_batches", args=[slug])),
            ("One batch", ""),
        ],
        "agent": agent,
        "batch": page,
        "may_redrive": may,
        "who_can": who_can,
    }
    return render(request, "runs/batch.html", shown)


@require_POST
def batch_redrive(request: HttpRequest, slug: str, inbox_id: UUID) -> HttpResponse:
    """Send a batch that was put aside through again, for whoever looks after its agent."""
    actor = actor_of(request)
    agent = _kept(request, slug)
    batch_page(agent, batch_id=inbox_id)
    try:
        redrive_batch(actor=actor, batch_id=inbox_id, now=wall_clock())
    except AlreadyDone as done:
        messages.info(request, done.detail)
    else:
        messages.info(request, "The batch is read again. Look here in a moment.")
    return redirect("agent_batch", slug, inbox_id)


def _kept(request: HttpRequest, slug: str) -> Agent:
    actor = actor_of(request)
    agent = agent_seen_or_404(actor=actor, slug=slug)
    may, who_can = may_redrive(actor=actor, agent=agent)
    if not may:
        raise Forbidden(who_can, code="agent.not_yours")
    return agent


def _crumbs(slug: str, name: str) -> Crumbs:
    """Lead back to the agent's page, which lies in a higher room."""
    try:
        return [
            ("Agents", reverse("agents")),
            (name, reverse("agent", args=[slug])),
        ]
    except NoReverseMatch:
        return [(name, "")]
