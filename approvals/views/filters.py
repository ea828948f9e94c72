"""Narrowing the inbox, and keeping a filter under a name: plain pages and plain forms."""

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

from approvals.operations.inbox_filters import (
    remove_filter,
    rename_filter,
    restore_filter,
    save_filter,
    set_default_filter,
)
from approvals.queries.narrowing import (
    RISKS,
    STATES,
    TABS,
    asked_in,
    chips_of,
    choices_for,
)
from approvals.queries.saved_filters import filters_of
from approvals.views.frame import CRUMB, address_of, asked_here
from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid, Malformed
from portal.core.htmx import render

INVALID = 422
REMOVED = "filter_removed"


@require_safe
def narrow(request: HttpRequest) -> HttpResponse:
    """Every way to narrow the inbox, as one form that asks by address."""
    asked = asked_here(request)
    shown = {
        "crumbs": _crumbs("Narrow the inbox"),
        "asked": asked,
        "choices": choices_for(actor_of(request)),
        "tabs": tuple(TABS.items()),
        "risks": RISKS,
        "states": STATES,
        "back_href": address_of(asked),
    }
    return render(request, "approvals/filter.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
def filters(request: HttpRequest) -> HttpResponse:
    """The filters that a person keeps; POST keeps the one that is shown."""
    actor = actor_of(request)
    errors: dict[str, str] = {}
    said = request.POST if request.method == "POST" else request.GET
    asked = asked_in(said.dict())
    name = request.POST.get("name", "")[:200]
    if request.method == "POST":
        try:
            save_filter(actor=actor, name=name, filters=asked.pairs(), now=wall_clock())
        except Invalid as problem:
            errors = dict(problem.fields)
        except Conflict as problem:
            errors = {"": problem.detail}
        else:
            messages.info(request, f"The filter {name.strip()} is kept.")
            return redirect(address_of(asked))
    return _page(request, asked, name=name, errors=errors)


@require_POST
def change(request: HttpRequest, filter_id: UUID) -> HttpResponse:
    """Rename an own filter, or let the inbox begin with it."""
    actor, now = actor_of(request), wall_clock()
    wish = request.POST.get("change", "")
    if wish == "default":
        is_on = request.POST.get("is") == "on"
        name = set_default_filter(
            actor=actor, filter_id=filter_id, is_default=is_on, now=now
        )
        words = f"with {name}" if is_on else "with everything that needs you"
        messages.info(request, f"Your inbox begins {words}.")
    elif wish == "rename":
        new_name = request.POST.get("name", "")
        try:
            name = rename_filter(
                actor=actor, filter_id=filter_id, name=new_name, now=now
            )
        except Invalid as problem:
            errors = {str(filter_id): " ".join(problem.fields.values())}
            return _page(request, asked_in({}), errors=errors, typed=new_name[:200])
        messages.info(request, f"The filter is called {name}.")
    else:
        raise Malformed("This form is not one of ours. Open the page again.")
    return redirect(reverse("inbox_filters"))


@require_POST
def remove(request: HttpRequest, filter_id: UUID) -> HttpResponse:
    """Remove an own filter; the page that follows offers to take it back."""
    name = remove_filter(actor=actor_of(request), filter_id=filter_id, now=wall_clock())
    request.session[REMOVED] = [str(filter_id), name]
    return redirect(reverse("inbox_filters"))


@require_POST
def restore(request: HttpRequest, filter_id: UUID) -> HttpResponse:
    """Take the removal of an own filter back."""
    try:
        name = restore_filter(
            actor=actor_of(request), filter_id=filter_id, now=wall_clock()
        )
    except Invalid as problem:
        messages.info(request, " ".join(problem.fields.values()))
    except Conflict as problem:
        messages.info(request, problem.detail)
    else:
        messages.info(request, f"The filter {name} is back.")
    request.session.pop(REMOVED, None)
    return redirect(reverse("inbox_filters"))


def _page(request, asked, *, errors, name="", typed="") -> HttpResponse:
    actor = actor_of(request)
    told = request.session.pop(REMOVED, None)
    shown = {
        "crumbs": _crumbs("Saved filters"),
        "asked": asked,
        "pairs": asked.pairs(),
        "chips": chips_of(actor, asked),
        "tab_label": TABS[asked.tab],
        "lines": [
            (line, address_of(line.asked), chips_of(actor, line.asked))
            for line in filters_of(actor=actor)
        ],
        "tabs": TABS,
        "removed": (told[0], told[1]) if told else None,
        "name": name,
        "typed": typed,
        "errors": errors,
        "back_href": address_of(asked),
    }
    status = INVALID if errors else 200
    return render(request, "approvals/filters.html", shown, status=status)


def _crumbs(here: str) -> list[tuple[str, str]]:
    return [(CRUMB, reverse("inbox")), (here, "")]
