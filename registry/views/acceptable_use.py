"""The acceptable-use statement: read it, acknowledge it, publish the next version."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.accounts.views.sessions import safe_next
from portal.core.crumbs import in_programme
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.htmx import render
from registry.operations.acceptable_use import acknowledge_statement, publish_statement
from registry.queries.acceptable_use import use_page
from registry.views.common import errors_of, go, number_in


@require_http_methods(["GET", "HEAD", "POST"])
def acceptable_use(request: HttpRequest) -> HttpResponse:
    """Show the statement; whoever may publishes the next version here."""
    if request.method != "POST":
        return _page(request, {})
    try:
        made = publish_statement(
            actor=actor_of(request),
            text=request.POST.get("text", ""),
            change=request.POST.get("change", ""),
            asks_anew="asks_anew" in request.POST,
            after=number_in(request, "after"),
        )
    except (Invalid, Conflict) as problem:
        return _page(request, errors_of(problem), status=problem.status)
    asks = (
        "everybody is asked to acknowledge it"
        if made.asks_anew
        else "nobody is asked again"
    )
    return go(
        request, "acceptable_use", said=f"Version {made.number} is in force; {asks}."
    )


@require_POST
def acceptable_use_acknowledge(request: HttpRequest) -> HttpResponse:
    """Acknowledge the version that was shown, and go back to where one was."""
    try:
        acknowledge_statement(
            actor=actor_of(request), number=number_in(request, "number")
        )
    except AlreadyDone as done:
        messages.info(request, done.detail)
    except Conflict as problem:
        return _page(request, errors_of(problem), status=problem.status)
    else:
        messages.success(request, "Acknowledged. You can decide and sign now.")
    return HttpResponseRedirect(_back(request) or reverse("acceptable_use"))


def _page(
    request: HttpRequest, errors: dict[str, str], *, status: int = 200
) -> HttpResponse:
    asked = request.GET.get("version", "")
    number = (
        int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else None
    )
    shown = {
        "crumbs": in_programme(("Acceptable use", "")),
        "page": use_page(actor=actor_of(request), number=number),
        "errors": errors,
        "typed": request.POST,
        "next": _back(request),
    }
    return render(request, "registry/acceptable_use.html", shown, status=status)


def _back(request: HttpRequest) -> str:
    """Give where somebody came from, the start page too; nothing for what is not ours."""
    said = request.POST.get("next") or request.GET.get("next") or ""
    back = safe_next(request)
    return back if back == said else ""
