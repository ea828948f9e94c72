"""Registering a workflow, one question at a time: what, whose, and the people of the roles.

The second answer registers it: from then on everything is on the server, and whoever
began goes on from any device.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.htmx import render
from registry.forms.drafts import NameForm, PickForm
from registry.operations.people import assign_role
from registry.operations.positions import assign_role_to_position
from registry.operations.registering import register_workflow
from registry.queries.people import departments_to_pick
from registry.queries.picking import drafts_to_continue, role_question
from registry.queries.template_preview import template_preview
from registry.queries.templates import template_choices, template_document
from registry.queries.workflows import WorkflowHead
from registry.views.common import errors_of, go, head_of, show

BLANK = "blank"
FOUND = "people_found"


@require_http_methods(["GET", "POST"])
def workflow_new(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _register(request)
    if "template" in request.GET:
        return _naming(request, _template_in(request.GET.get("template", "")))
    actor = actor_of(request)
    return render(
        request,
        "registry/workflow_new.html",
        {
            "crumbs": [
                ("Workflows", reverse("workflows")),
                ("Register a workflow", ""),
            ],
            "templates": template_choices(),
            "drafts": drafts_to_continue(actor=actor),
        },
    )


def _register(request: HttpRequest) -> HttpResponse:
    form = NameForm(request.POST)
    template = _template_in(request.POST.get("template", ""))
    if not form.is_valid():
        return _naming(request, template, form=form)
    said = form.cleaned_data
    try:
        workflow = register_workflow(
            actor=actor_of(request),
            name=said["name"],
            department=said["department"],
            document=_asked_anew(template_document(template)),
            now=wall_clock(),
        )
    except (Invalid, Conflict) as problem:
        return _naming(request, template, form=form, errors=errors_of(problem))
    return go(request, "draft_technique", workflow.slug)


def _asked_anew(document: dict[str, Any] | None) -> dict[str, Any] | None:
    """Leave the template's own technique out: whoever registers is asked."""
    return {**document, "technique": {}} if document else None


def _naming(
    request: HttpRequest,
    template: str,
    *,
    form: NameForm | None = None,
    errors: dict[str, str] | None = None,
) -> HttpResponse:
    department_id = getattr(request.user, "department_id", None)
    form = form or NameForm(initial={"department": department_id})
    return render(
        request,
        "registry/workflow_naming.html",
        {
            "crumbs": [
                ("Workflows", reverse("workflows")),
                ("Register a workflow", reverse("workflow_new")),
                ("Name", ""),
            ],
            "form": form,
            "errors": errors or {},
            "template_key": template or BLANK,
            "preview": template_preview(template) if template else None,
            "departments": [
                (each.value, each.shown)
                for each in departments_to_pick(actor=actor_of(request))
            ],
        },
        status=422 if request.method == "POST" else 200,
    )


@require_http_methods(["GET", "POST"])
def draft_person(request: HttpRequest, slug: str, role: str) -> HttpResponse:
    head = head_of(request, slug)
    if request.method == "GET":
        return _person(request, head, role)
    form = PickForm(request.POST)
    if not form.is_valid():
        return _person(
            request, head, role, errors={"q": "Pick somebody from the list."}
        )
    try:
        _assign(request, head, role, form.cleaned_data)
    except AlreadyDone:
        pass
    except (Invalid, Conflict) as problem:
        found = errors_of(problem)
        return _person(request, head, role, errors={"q": " ".join(found.values())})
    following = role_question(
        actor=actor_of(request),
        workflow_id=head.id,
        department_id=head.department_id,
        role=role,
        search="",
    ).following
    if following:
        return go(request, "draft_person", slug, following)
    return go(request, "draft_basics", slug)


def _assign(
    request: HttpRequest, head: WorkflowHead, role: str, said: dict[str, Any]
) -> None:
    common: dict[str, Any] = {
        "actor": actor_of(request),
        "workflow_id": head.id,
        "role": role,
        "now": wall_clock(),
    }
    if said["position"]:
        assign_role_to_position(position_id=said["position"], **common)
    else:
        assign_role(person=said["person"], **common)


def _person(
    request: HttpRequest,
    head: WorkflowHead,
    role: str,
    *,
    errors: dict[str, str] | None = None,
) -> HttpResponse:
    question = role_question(
        actor=actor_of(request),
        workflow_id=head.id,
        department_id=head.department_id,
        role=role,
        search=request.GET.get("q", ""),
    )
    return show(
        request,
        head,
        "registry/draft_person.html",
        {"asked": question, "errors": errors or {}},
        current="draft" if head.has_draft else "people",
        title=question.held.label,
        fragment=FOUND,
        status=422 if errors else 200,
    )


def _template_in(text: str) -> str:
    return "" if text == BLANK else text
