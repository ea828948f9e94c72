"""The programme: its sponsor and plan on one page, what is proven, the quarterly reviews."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from portal.accounts.actors import actor_of
from portal.accounts.queries import must_administrate
from portal.core.clock import wall_clock
from portal.core.crumbs import in_programme
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import render
from portal.home.forms import SponsorForm
from portal.home.operations.rollout import (
    OVERTAKEN,
    call_proven,
    keep_quarter,
    sign_quarter,
)
from portal.home.queries.quarters import (
    mark_of,
    plan_now,
    quarter_of,
    quarter_page,
    quarters_list,
    starts_of,
)
from registry.operations.rollout import name_sponsor
from registry.queries.people import people_to_pick
from registry.rules.rollout import PROVEN_WORDS

HERE = "Programme"
PARTS = (
    ("readiness", "Readiness", "How ready each department is, and what it does about it."),
    ("quarters", "Quarterly reviews", "What the sponsor decided, on record."),
    ("decision_rights", "Decision rights", "Who may decide what, at which level."),
    ("ceilings", "Ceilings", "What no workflow below may pass."),
    ("capability_requests", "Requests for more", "What teams ask for, and what came of it."),
    ("phases", "Phases", "What a workflow of each phase may never do."),
    ("systems", "Systems", "What agents may be let into."),
    ("models", "AI models", "Which models may act."),
    ("tools", "Tools", "Which tools of agents are in use, and which are retired."),
    ("acceptable_use", "Acceptable use", "How AI may be used, acknowledged by everybody who decides."),
    ("training_courses", "Training", "Which duty needs which course."),
    ("adoption", "Adoption", "Who uses the portal, and what got in their way."),
    ("controls", "Laws and standards", "Which records are evidence of what."),
)  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def programme(request: HttpRequest) -> HttpResponse:
    """Show the plan as it stands; an administrator names the sponsor."""
    actor, now = actor_of(request), wall_clock()
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        must_administrate(actor)
        form = SponsorForm(request.POST)
        try:
            if not form.is_valid():
                raise Invalid({key: str(said[0]) for key, said in form.errors.items()})
            given = form.cleaned_data
            name_sponsor(
                actor=actor, person=given["person"], reason=given["reason"], now=now
            )
            messages.info(request, "The sponsor is named; everybody reads it here.")
            return redirect("programme")
        except (Invalid, Conflict) as problem:
            errors, status = _errors(problem), problem.status
    since = starts_of(quarter_of(now.date()))
    shown = {
        "crumbs": [(HERE, "")],
        "plan": plan_now(actor=actor, since=since, now=now),
        "parts": _parts(),
        "choices": people_to_pick(actor=actor),
        "proven_words": PROVEN_WORDS,
        "errors": errors,
        "typed": request.POST if errors else {},
    }
    return render(request, "home/programme.html", shown, status=status)


@require_POST
def prove(request: HttpRequest, proven_id: UUID) -> HttpResponse:
    """Put on record that a workflow is proven, if today's counts say so."""
    try:
        call_proven(
            actor=actor_of(request),
            workflow_id=proven_id,
            reason=request.POST.get("reason", ""),
            now=wall_clock(),
        )
        messages.info(request, "It is on record as proven.")
    except (Invalid, Conflict) as problem:
        messages.info(request, " ".join(_errors(problem).values()))
    return redirect(f"{reverse('programme')}#focus")


@require_safe
def quarters(request: HttpRequest) -> HttpResponse:
    """List the quarterly reviews, newest first."""
    actor_of(request)
    shown = {
        "crumbs": in_programme(("Quarterly reviews", "")),
        "lines": quarters_list(now=wall_clock()),
    }
    return render(request, "home/quarters.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
def quarter(request: HttpRequest, quarter: str) -> HttpResponse:
    """Show one quarter's review; its sponsor writes and signs it."""
    actor, now = actor_of(request), wall_clock()
    errors: dict[str, str] = {}
    status, is_overtaken = 200, False
    if request.method == "POST":
        sent = request.POST
        try:
            kept = keep_quarter(
                actor=actor,
                key=quarter,
                notes=sent.get("notes", ""),
                decisions=sent.get("decisions", ""),
                now=now,
                after=sent.get("after", ""),
            )
            if sent.get("do") == "sign":
                sign_quarter(actor=actor, key=quarter, now=now, after=mark_of(kept))
                messages.info(request, "The review is signed; it stays as it is.")
            else:
                messages.info(request, "Saved.")
            return redirect("quarter", quarter=quarter)
        except (Invalid, Conflict) as problem:
            errors, status = _errors(problem), problem.status
            is_overtaken = problem.code == OVERTAKEN
    page = quarter_page(actor=actor, key=quarter, now=now)
    shown = {
        "crumbs": in_programme(
            ("Quarterly reviews", reverse("quarters")), (page.label, "")
        ),
        "page": page,
        "errors": errors,
        "typed": request.POST if errors else {},
        "is_overtaken": is_overtaken,
    }
    return render(request, "home/quarter.html", shown, status=status)


def _parts() -> list[tuple[str, str, str]]:
    """Give the parts of the programme that there are, with their addresses."""
    found = []
    for name, label, about in PARTS:
        try:
            found.append((reverse(name), label, about))
        except NoReverseMatch:
            continue
    return found


def _errors(problem: Invalid | Conflict) -> dict[str, str]:
    if isinstance(problem, Invalid):
        return dict(problem.fields) or {"": problem.detail}
    return {"": problem.detail}
