"""Views of the runs list that a person keeps: plain pages and plain forms."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid, Malformed
from portal.core.htmx import render
from runs.operations.run_views import (
    begin_runs_with,
    remove_run_view,
    rename_run_view,
    restore_run_view,
    save_run_view,
)
from runs.queries.narrowing import RunAsked, asked_in, chips_of
from runs.queries.saved_views import views_of
from runs.views.lists import address_of

INVALID = 422
REMOVED = "run_view_removed"


@require_http_methods(["GET", "HEAD", "POST"])
def views(request: HttpRequest) -> HttpResponse:
    """The views that a person keeps; POST keeps the one that is shown."""
    actor = actor_of(request)
    errors: dict[str, str] = {}
    said = request.POST if request.method == "POST" else request.GET
    asked = asked_in(said.dict())
    name = request.POST.get("name", "")[:200]
    if request.method == "POST":
        try:
            view_id = save_run_view(
                actor=actor, name=name, filters=asked.pairs(), now=wall_clock()
            )
        except Invalid as problem:
            errors = dict(problem.fields)
        except Conflict as problem:
            errors = {"": problem.detail}
        else:
            messages.info(request, f"The view {name.strip()} is kept.")
            return redirect(address_of(asked, view=str(view_id)))
    return _page(request, asked, name=name, errors=errors)


@require_POST
def change(request: HttpRequest, run_view_id: UUID) -> HttpResponse:
    """Rename an own view, or let the list begin with it."""
    actor, now = actor_of(request), wall_clock()
    wish = request.POST.get("change", "")
    if wish == "default":
        is_on = request.POST.get("is") == "on"
        name = begin_runs_with(
            actor=actor, view_id=run_view_id, is_default=is_on, now=now
        )
        words = f"with {name}" if is_on else "with all runs"
        messages.info(request, f"Your list of runs begins {words}.")
    elif wish == "rename":
        new_name = request.POST.get("name", "")
        try:
            name = rename_run_view(
                actor=actor, view_id=run_view_id, name=new_name, now=now
            )
        except Invalid as problem:
            errors = {str(run_view_id): " ".join(problem.fields.values())}
            return _page(request, RunAsked(), errors=errors, typed=new_name[:200])
        messages.info(request, f"The view is called {name}.")
    else:
        raise Malformed("This form is not one of ours. Open the page again.")
    return redirect(reverse("run_views"))


@require_POST
def remove(request: HttpRequest, run_view_id: UUID) -> HttpResponse:
    """Remove an own view; the page that follows offers to take it back."""
    name = remove_run_view(
        actor=actor_of(request), view_id=run_view_id, now=wall_clock()
    )
    request.session[REMOVED] = [str(run_view_id), name]
    return redirect(reverse("run_views"))


@require_POST
def restore(request: HttpRequest, run_view_id: UUID) -> HttpResponse:
    """Take the removal of an own view back."""
    try:
        name = restore_run_view(
            actor=actor_of(request), view_id=run_view_id, now=wall_clock()
        )
    except Invalid as problem:
        messages.info(request, " ".join(problem.fields.values()))
    except Conflict as problem:
        messages.info(request, problem.detail)
    else:
        messages.info(request, f"The view {name} is back.")
    request.session.pop(REMOVED, None)
    return redirect(reverse("run_views"))


def _page(
    request: HttpRequest,
    asked: RunAsked,
    *,
    errors: dict[str, str],
    name: str = "",
    typed: str = "",
) -> HttpResponse:
    actor = actor_of(request)
    told = request.session.pop(REMOVED, None)
    shown = {
        "crumbs": [("Runs", reverse("runs")), ("Saved views", "")],
        "pairs": asked.pairs(),
        "chips": chips_of(actor, asked),
        "lines": [
            (
                line,
                address_of(line.asked, view=str(line.id)),
                chips_of(actor, line.asked),
            )
            for line in views_of(actor=actor)
        ],
        "removed": (told[0], told[1]) if told else None,
        "name": name,
        "typed": typed,
        "errors": errors,
        "back_href": address_of(asked),
    }
    status = INVALID if errors else 200
    return render(request, "runs/views.html", shown, status=status)
