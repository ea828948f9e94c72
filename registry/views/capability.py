"""Requests for more: asking, the list of what waits, and one with its answer."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from portal.accounts.actors import Actor, actor_of
from portal.core.clock import wall_clock
from portal.core.crumbs import in_programme
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import render
from registry.forms.capability import AnswerForm, AskForm
from registry.operations.asking_more import Wanted, ask_for_more, withdraw_request
from registry.operations.deciding_more import (
    approve_request,
    end_waiver,
    reject_request,
)
from registry.queries.capability import (
    AskingPage,
    RequestPage,
    asked_tool,
    asking_page,
    request_page,
    requests_page,
)
from registry.views.common import errors_of, go

_CRUMBS = ("Requests for more", "/requests/")
SAID = {
    "approve": "It is approved, and in force.",
    "reject": "It is rejected, and the team is told why.",
    "withdraw": "The request is taken back.",
    "end": "The ceiling binds again.",
}


@require_safe
def capability_requests(request: HttpRequest) -> HttpResponse:
    shown = {
        "crumbs": in_programme(("Requests for more", "")),
        "page": requests_page(actor=actor_of(request)),
    }
    return render(request, "registry/requests.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
def capability_ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Write down what a workflow needs more; the level that must decide is asked."""
    actor = actor_of(request)
    page = asking_page(actor=actor, slug=slug)
    errors: dict[str, str] = {}
    status = 200
    form = AskForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = _ask(actor, page, form.cleaned_data)
            except (Invalid, Conflict) as problem:
                errors = errors_of(problem)
            else:
                return go(
                    request, "capability_request", made, said="The request is made."
                )
    given = request.POST if request.method == "POST" else _prefilled(request, page)
    shown = {
        "crumbs": in_programme(_CRUMBS, (f"Ask for {page.name}", "")),
        "page": page,
        "form": form,
        "given": {name: given.get(name, "")[:500] for name in form.fields},
        "errors": errors
        or {name: str(texts[0]) for name, texts in form.errors.items()},
    }
    return render(request, "registry/request_new.html", shown, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def capability_request(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """One request; a post answers it, takes it back, or ends what it gave."""
    actor = actor_of(request)
    page = request_page(actor=actor, request_id=request_id, now=wall_clock())
    errors: dict[str, str] = {}
    status = 200
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                _answer(actor, page, form.cleaned_data)
            except (Invalid, Conflict) as problem:
                errors = errors_of(problem)
            else:
                said = SAID[form.cleaned_data["change"]]
                return go(request, "capability_request", request_id, said=said)
    shown = {
        "crumbs": in_programme(_CRUMBS, (page.line.workflow, "")),
        "page": page,
        "form": form,
        "errors": errors
        or {name: str(texts[0]) for name, texts in form.errors.items()},
    }
    return render(request, "registry/request.html", shown, status=status)


def _prefilled(request: HttpRequest, page: AskingPage) -> dict[str, str]:
    """Read what the link that led here fills in; a ceiling may be given by its name."""
    given = request.GET.dict()
    named = given.get("ceiling", "")
    if named and not given.get("ceiling_id"):
        found = [key for key, words in page.ceilings if words.startswith(f"{named} (")]
        given["ceiling_id"] = found[0] if len(found) == 1 else ""
    if given.get("kind") == "tool" and len(page.retired_tools) == 1:
        given.setdefault("tool", page.retired_tools[0][0])
    if given.get("kind") == "system":
        given.setdefault("other_system", given.get("system", ""))
    return given


def _ask(actor: Actor, page: AskingPage, said: dict) -> UUID:
    is_waiver = said["kind"] == "waiver"
    tool = asked_tool(said["tool"]) if said["kind"] == "tool" else ("", "")
    wanted = Wanted(
        kind=said["kind"],
        why=said["why"],
        ceiling_id=said["ceiling_id"] if is_waiver else None,
        system={
            "waiver": said["system"],
            "system": said["other_system"],
            "tool": tool[0],
        }.get(said["kind"], ""),
        tool=tool[1],
        verb=said["verb"] if is_waiver else "",
        ai_model=said["ai_model"] if said["kind"] == "model" else "",
        amount_max=said["amount_max"] if is_waiver else None,
        currency=(said["currency"] or page.currency).upper() if is_waiver else "",
        days=said["days"] if is_waiver else None,
    )
    made = ask_for_more(
        actor=actor, workflow_id=page.id, wanted=wanted, now=wall_clock()
    )
    return made.id


def _answer(actor: Actor, page: RequestPage, said: dict) -> None:
    now, request_id = wall_clock(), page.line.id
    match said["change"]:
        case "approve":
            approve_request(
                actor=actor,
                request_id=request_id,
                answer=said["answer"],
                days=said["days"],
                amount_max=said["amount_max"],
                under_review=not said["alone"],
                now=now,
            )
        case "reject":
            reject_request(
                actor=actor, request_id=request_id, answer=said["answer"], now=now
            )
        case "withdraw":
            withdraw_request(actor=actor, request_id=request_id, now=now)
        case "end" if page.waiver is not None:
            end_waiver(
                actor=actor,
                waiver_id=page.waiver.id,
                because=said["answer"],
                now=now,
            )
        case _:
            raise Invalid({"": "This form is not one of ours. Open the page again."})
