"""Readiness: all departments and the gate, one department, one's own answers."""

from uuid import UUID

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from portal.accounts.actors import Actor, actor_of
from portal.accounts.queries import must_administrate
from portal.core.clock import wall_clock
from portal.core.crumbs import in_programme
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import is_htmx, render
from registry.forms.readiness import (
    HALVES,
    AskForm,
    CloseForm,
    EndForm,
    GateForm,
    OpenForm,
    PriorityForm,
    answers_in,
)
from registry.operations.readiness import (
    ask_person,
    close_assessment,
    keep_answers,
    open_assessment,
    submit_answers,
)
from registry.operations.readiness_gate import set_gate, waive_readiness
from registry.operations.readiness_guards import led_department
from registry.operations.readiness_priorities import choose_priority, end_priority
from registry.queries.people import people_to_pick
from registry.queries.readiness_mine import answer_page
from registry.queries.readiness_pages import (
    closed_result,
    department_page,
    readiness_list,
)
from registry.rules.readiness_scores import FORMULA
from registry.views.common import errors_of, go, head_of

SAVED = "saved_state"
# What only who leads the department does; the operations ask it too.
LED = ("open", "ask", "choose")


@require_http_methods(["GET", "HEAD", "POST"])
def readiness(request: HttpRequest) -> HttpResponse:
    """List the departments; an administrator sets what a first launch needs."""
    actor, errors, status = actor_of(request), {}, 200
    if request.method == "POST":
        must_administrate(actor)
        try:
            given = _clean(GateForm(request.POST))
            set_gate(actor=actor, now=wall_clock(), **given)
            return go(request, "readiness", said="What a first launch needs is set.")
        except (Invalid, Conflict) as problem:
            errors, status = errors_of(problem), problem.status
    shown = {
        "crumbs": in_programme(("Readiness", "")),
        "page": readiness_list(actor=actor, now=wall_clock()),
        "halves": [
            (f"{each.normalize():f}", f"{each.normalize():f} of 5") for each in HALVES
        ],
        "formula": FORMULA,
        "errors": errors,
        "typed": request.POST if errors else {},
    }
    return render(request, "registry/readiness.html", shown, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def readiness_department(request: HttpRequest, department: str) -> HttpResponse:
    """Show one department's readiness; its head asks, closes and gives priorities."""
    actor, errors, status = actor_of(request), {}, 200
    # Whoever may not read it is told so before their form is looked at.
    page = department_page(actor=actor, slug=department, now=wall_clock())
    if request.method == "POST":
        if request.POST.get("change") in LED:
            led_department(actor, department)
        try:
            said = _change(request, actor, department)
            return go(request, "readiness_department", department, said=said)
        except (Invalid, Conflict) as problem:
            errors, status = errors_of(problem), problem.status
        page = department_page(actor=actor, slug=department, now=wall_clock())
    shown = {
        "crumbs": in_programme(("Readiness", reverse("readiness")), (page.name, "")),
        "page": page,
        "choices": people_to_pick(actor=actor),
        "formula": FORMULA,
        "errors": errors,
        "typed": request.POST if errors else {},
    }
    return render(request, "registry/readiness_department.html", shown, status=status)


@require_safe
def readiness_closed(
    request: HttpRequest, department: str, assessment_id: UUID
) -> HttpResponse:
    """Show an assessment that was closed, beside the one before it."""
    name, result = closed_result(
        actor=actor_of(request), slug=department, assessment_id=assessment_id
    )
    shown = {
        "crumbs": in_programme(
            ("Readiness", reverse("readiness")),
            (name, reverse("readiness_department", args=[department])),
            ("Earlier assessment", ""),
        ),
        "name": name,
        "result": result,
        "formula": FORMULA,
    }
    return render(request, "registry/readiness_closed.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
def readiness_answer(
    request: HttpRequest, department: str, pillar: str
) -> HttpResponse:
    """Answer one pillar; what is chosen saves itself, and the button does the same."""
    actor, errors, status = actor_of(request), {}, 200
    page = answer_page(actor=actor, slug=department, pillar_key=pillar)
    if request.method == "POST":
        levels, notes = answers_in(request.POST, pillar)
        try:
            if levels:
                keep_answers(
                    actor=actor,
                    slug=department,
                    levels=levels,
                    notes=notes,
                    now=wall_clock(),
                )
            if not is_htmx(request):
                return _next(request, department, page.following)
        except (Invalid, Conflict) as problem:
            errors, status = errors_of(problem), problem.status
        page = answer_page(actor=actor, slug=department, pillar_key=pillar)
    shown = {
        "crumbs": in_programme(
            ("Readiness", reverse("readiness")),
            (page.department, reverse("readiness_department", args=[department])),
            (page.pillar.label, ""),
        ),
        "page": page,
        "has_saved": request.method == "POST" and not errors,
        "errors": errors,
    }
    fragment = SAVED if request.method == "POST" else None
    return render(
        request,
        "registry/readiness_answer.html",
        shown,
        fragment=fragment,
        status=status,
    )


@require_POST
def readiness_submit(request: HttpRequest, department: str) -> HttpResponse:
    """Submit one's own answers, once."""
    try:
        submit_answers(actor=actor_of(request), slug=department, now=wall_clock())
    except Conflict as problem:
        return go(request, "readiness_department", department, said=problem.detail)
    return go(
        request,
        "readiness_department",
        department,
        said="Your answers are in. Here is what the others say.",
    )


@require_POST
def readiness_waive(request: HttpRequest, slug: str) -> HttpResponse:
    """Let a workflow launch before its department is ready, with a reason on record."""
    head = head_of(request, slug)
    try:
        waive_readiness(
            actor=actor_of(request),
            workflow_id=head.id,
            reason=request.POST.get("reason", ""),
            now=wall_clock(),
        )
    except (Invalid, Conflict) as problem:
        said = " ".join(errors_of(problem).values())
        return go(request, "workflow_packet", slug, said=said)
    return go(
        request,
        "workflow_packet",
        slug,
        said="Your reason is on record; it may launch.",
    )


def _next(request: HttpRequest, department: str, following: str) -> HttpResponse:
    if following:
        return go(request, "readiness_answer", department, following, said="Saved.")
    return go(request, "readiness_department", department, said="Saved.")


def _change(request: HttpRequest, actor: Actor, slug: str) -> str:
    sent, now = request.POST, wall_clock()
    match sent.get("change"):
        case "open":
            given = _clean(OpenForm(sent))
            open_assessment(
                actor=actor, slug=slug, people=list(given["people"]), now=now
            )
            return "The assessment is open, and everybody asked is told."
        case "ask":
            person = _clean(AskForm(sent))["person"]
            ask_person(actor=actor, slug=slug, person=person, now=now)
            return f"{person.name} is asked now."
        case "close":
            given = _clean(CloseForm(sent, missing=sent.getlist("left_out")))
            close_assessment(
                actor=actor,
                slug=slug,
                left_out=_ids(given["left_out"]),
                reason=given["reason"],
                now=now,
            )
            return "The assessment is closed. Choose now what to do first."
        case "choose":
            choose_priority(
                actor=actor, slug=slug, now=now, **_clean(PriorityForm(sent))
            )
            return "The priority stands, and its owner is told."
        case "end":
            given = _clean(EndForm(sent))
            end_priority(
                actor=actor,
                slug=slug,
                priority_id=given["priority"],
                how=given["how"],
                words=given["words"],
                now=now,
            )
            return "The priority has ended."
    raise Invalid({"": "This form is not one of ours. Open the page again."})


def _ids(texts: list[str]) -> list[UUID]:
    try:
        return [UUID(each) for each in texts]
    except ValueError as error:
        raise Invalid(
            {"": "This form is not one of ours. Open the page again."}
        ) from error


def _clean(form: Form) -> dict:
    if not form.is_valid():
        raise Invalid({name: str(texts[0]) for name, texts in form.errors.items()})
    return form.cleaned_data
