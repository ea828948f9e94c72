"""Ceilings: by level, one alone, and setting one after its preview."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.crumbs import in_programme
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from portal.core.htmx import render
from registry.forms.ceilings import CeilingForm
from registry.operations.ceilings import change_ceiling, lift_ceiling, set_ceiling
from registry.queries.ceiling_reach import ceiling_reach
from registry.queries.ceilings import ceiling_page, ceilings_page, places_for
from registry.views.common import errors_of, go

_CRUMBS = ("Ceilings", "/ceilings/")


@require_safe
def ceilings(request: HttpRequest) -> HttpResponse:
    shown = {
        "crumbs": in_programme(("Ceilings", "")),
        "page": ceilings_page(actor=actor_of(request)),
    }
    return render(request, "registry/ceilings.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
def ceiling(request: HttpRequest, ceiling_id: UUID) -> HttpResponse:
    """One ceiling; a post lifts it, with the reason."""
    actor = actor_of(request)
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        because = request.POST.get("because", "")
        try:
            lift_ceiling(
                actor=actor, ceiling_id=ceiling_id, because=because, now=wall_clock()
            )
        except (Invalid, AlreadyDone) as problem:
            errors, status = errors_of(problem), 422
        else:
            return go(request, "ceilings", said="The ceiling is lifted.")
    page = ceiling_page(actor=actor, ceiling_id=ceiling_id)
    shown = {
        "crumbs": in_programme(_CRUMBS, (page.line.name, "")),
        "page": page,
        "errors": errors,
        "because": request.POST.get("because", ""),
    }
    return render(request, "registry/ceiling.html", shown, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def ceiling_new(request: HttpRequest) -> HttpResponse:
    """Write a ceiling, see what it would touch, then set it."""
    places = places_for(actor=actor_of(request), kind="set_ceiling")
    if not places:
        raise Forbidden(
            "You set ceilings at no level.",
            code="right.not_held",
            who_can_help="The page of decision rights says who does.",
        )
    return _writing(request, None, places, {})


@require_http_methods(["GET", "HEAD", "POST"])
def ceiling_change(request: HttpRequest, ceiling_id: UUID) -> HttpResponse:
    """Put another ceiling in the place of one, after its preview."""
    page = ceiling_page(actor=actor_of(request), ceiling_id=ceiling_id)
    if not page.may_set:
        raise Forbidden(
            "This ceiling is not yours to change.",
            code="right.not_held",
            who_can_help="The page of decision rights says who may.",
        )
    where = str(page.initial["where"])
    return _writing(request, ceiling_id, ((where, page.line.where),), page.initial)


def _writing(
    request: HttpRequest,
    replaces: UUID | None,
    places: tuple[tuple[str, str], ...],
    initial: dict[str, object],
) -> HttpResponse:
    actor = actor_of(request)
    sent = request.POST if request.method == "POST" else request.GET
    form = CeilingForm(sent) if sent.get("where") else CeilingForm(initial=initial)
    errors: dict[str, str] = {}
    is_valid = form.is_bound and form.is_valid()
    if request.method == "POST" and is_valid:
        try:
            return _set(request, form, replaces)
        except (Invalid, Conflict) as problem:
            errors = errors_of(problem)
    here = (
        reverse("ceiling_change", args=[replaces])
        if replaces
        else reverse("ceiling_new")
    )
    sent_on = sent.copy()
    for name in ("csrfmiddlewaretoken", "accepted_because", "because"):
        sent_on.pop(name, None)
    if replaces:
        sent_on["replaces"] = str(replaces)
    reach = None
    if is_valid:
        reach = ceiling_reach(actor=actor, said=form.said(), replaces=replaces)
    title = "Change a ceiling" if replaces else "Set a ceiling"
    shown = {
        "crumbs": in_programme(_CRUMBS, (title, "")),
        "title": title,
        "here": here,
        "form": form,
        "places": places,
        "replaces": replaces,
        "errors": errors,
        "reach": reach,
        "query": sent_on.urlencode(),
        "sent": [(name, value) for name, values in sent_on.lists() for value in values],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "registry/ceiling_new.html", shown, status=status)


def _set(request: HttpRequest, form: CeilingForm, replaces: UUID | None):
    actor, now = actor_of(request), wall_clock()
    if replaces is None:
        set_ceiling(actor=actor, now=now, **form.parts())
        return go(request, "ceilings", said="The ceiling is in force.")
    because = form.cleaned_data["because"]
    change_ceiling(
        actor=actor,
        ceiling_id=replaces,
        wanted=form.said(),
        because=because,
        now=now,
    )
    return go(request, "ceilings", said="The changed ceiling is in force.")
