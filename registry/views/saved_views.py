"""Views of the registry list that a person keeps."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid, Malformed
from portal.core.htmx import render
from registry.operations.saved_views import (
    remove_view,
    rename_view,
    restore_view,
    save_view,
    set_default_view,
    share_view,
)
from registry.queries.narrowing import chips_of, filter_in
from registry.queries.saved_views import own_view, views_for
from registry.views.common import errors_of
from registry.views.lists import address_of


@require_safe
def views(request: HttpRequest) -> HttpResponse:
    """Show every view that this person keeps, or that is shared with them."""
    kept = views_for(actor=actor_of(request))
    shown = {
        "crumbs": [("Workflows", reverse("workflows")), ("Saved views", "")],
        "views": [(line, address_of(line.asked, view=str(line.id))) for line in kept],
        "removed": _removed(request),
    }
    return render(request, "registry/views.html", shown)


@require_http_methods(["GET", "POST"])
def view_new(request: HttpRequest) -> HttpResponse:
    """Keep what the list is narrowed to under a name."""
    actor = actor_of(request)
    said = request.POST if request.method == "POST" else request.GET
    asked = filter_in(said.dict())
    errors: dict[str, str] = {}
    name = request.POST.get("name", "")[:200]
    if request.method == "POST":
        try:
            view_id = save_view(
                actor=actor, name=name, filters=asked.pairs(), now=wall_clock()
            )
        except (Invalid, Conflict) as problem:
            errors = errors_of(problem)
        else:
            messages.info(request, f"The view {name.strip()} is kept.")
            return redirect(address_of(asked, view=str(view_id)))
    shown = {
        "crumbs": [("Workflows", reverse("workflows")), ("Save this view", "")],
        "chips": chips_of(asked),
        "pairs": asked.pairs(),
        "back_href": address_of(asked),
        "name": name,
        "errors": errors,
    }
    status = 422 if errors else 200
    return render(request, "registry/view_new.html", shown, status=status)


@require_http_methods(["GET", "POST"])
def view(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Rename an own view, share it, let the list begin with it."""
    actor = actor_of(request)
    page = own_view(actor=actor, view_id=view_id)
    errors: dict[str, str] = {}
    if request.method == "POST":
        change = request.POST.get("change", "")
        try:
            said = _change(request, change, view_id)
        except Invalid as problem:
            errors = errors_of(problem)
        else:
            messages.info(request, said)
            return redirect(reverse("workflow_view", args=[view_id]))
        page = own_view(actor=actor, view_id=view_id)
    shown = {
        "crumbs": [
            ("Workflows", reverse("workflows")),
            ("Saved views", reverse("workflow_views")),
            (page.line.name, ""),
        ],
        "page": page,
        "href": address_of(page.line.asked, view=str(view_id)),
        "name": request.POST.get("name", page.line.name)[:200],
        "errors": errors,
    }
    status = 422 if errors else 200
    return render(request, "registry/view.html", shown, status=status)


@require_POST
def view_remove(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Remove an own view; the page that follows offers to take it back."""
    name = remove_view(actor=actor_of(request), view_id=view_id, now=wall_clock())
    request.session["view_removed"] = [str(view_id), name]
    return redirect(reverse("workflow_views"))


@require_POST
def view_restore(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Take the removal of an own view back."""
    try:
        name = restore_view(actor=actor_of(request), view_id=view_id, now=wall_clock())
    except Invalid as problem:
        messages.info(request, " ".join(problem.fields.values()))
    except Conflict as problem:
        messages.info(request, problem.detail)
    else:
        messages.info(request, f"The view {name} is back.")
    request.session.pop("view_removed", None)
    return redirect(reverse("workflow_views"))


def _change(request: HttpRequest, change: str, view_id: UUID) -> str:
    actor, now = actor_of(request), wall_clock()
    is_on = request.POST.get("is") == "on"
    if change == "rename":
        name = request.POST.get("name", "")
        name = rename_view(actor=actor, view_id=view_id, name=name, now=now)
        return f"The view is called {name}."
    if change == "share":
        share_view(actor=actor, view_id=view_id, is_shared=is_on, now=now)
        return "The view is shared." if is_on else "Only you see the view."
    if change == "default":
        set_default_view(actor=actor, view_id=view_id, is_default=is_on, now=now)
        return (
            "The list begins with it." if is_on else "The list begins with everything."
        )
    raise Malformed("This form is not one of ours. Open the page again.")


def _removed(request: HttpRequest) -> tuple[str, str] | None:
    """Give the view that was removed a moment ago; it is offered once."""
    told = request.session.pop("view_removed", None)
    return (told[0], told[1]) if told else None
