"""What every page about one workflow passes to its template."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django_htmx.http import trigger_client_event

from portal.accounts.actors import actor_of
from portal.core.errors import Conflict, Invalid, Malformed
from portal.core.htmx import is_htmx, render
from registry.queries.approved import notes_on
from registry.queries.drafts import Draft, draft_steps
from registry.queries.pauses import stage_in_force
from registry.queries.workflows import WorkflowHead, workflow_head

IN_FLIGHT = "grants_in_flight"
SECTIONS = (
    ("overview", "Overview", "workflow"),
    ("page", "One page", "workflow_page"),
    ("draft", "Draft", "workflow_draft"),
    ("packet", "Launch packet", "workflow_packet"),
    ("versions", "Versions", "workflow_versions"),
    ("people", "People", "workflow_people"),
    ("agents", "Agents", "workflow_agents"),
)


def head_of(request: HttpRequest, slug: str) -> WorkflowHead:
    """Give the workflow's head to somebody who may see it; raises NotFound otherwise."""
    return workflow_head(actor=actor_of(request), slug=slug)


def show(
    request: HttpRequest,
    head: WorkflowHead,
    template: str,
    context: dict[str, Any],
    *,
    current: str,
    title: str = "",
    step: tuple[Draft, str] | None = None,
    fragment: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render one page of a workflow, or its fragment for htmx.

    `step` names the draft and the step that the page is, for the steps beside it.
    """
    if step is not None:
        context["steps"] = steps_of(head, *step)
    crumbs = [
        ("Workflows", reverse("workflows")),
        (head.name, reverse("workflow", args=[head.slug])),
    ]
    if title:
        crumbs.append((title, ""))
    tabs = [
        {"key": key, "label": label, "href": reverse(name, args=[head.slug])}
        for key, label, name in SECTIONS
    ]
    return render(
        request,
        template,
        {
            "head": head,
            "crumbs": crumbs,
            "tabs": tabs,
            "current": current,
            "catalogue_notes": notes_on(workflow_ids=(head.id,)).get(head.id, ()),
            "in_flight_href": in_flight_href(head.slug) if head.is_paused else None,
            "stage": stage_in_force(workflow_id=head.id) if head.is_live else None,
            **context,
        },
        fragment=fragment,
        status=status,
    )


def in_flight_href(slug: str) -> str | None:
    """Give the address of the grants that are in flight, told by the room above."""
    try:
        return reverse(IN_FLIGHT, args=[slug])
    except NoReverseMatch:
        return None


def steps_of(head: WorkflowHead, draft: Draft, current: str) -> list[dict[str, str]]:
    """Give the steps of the draft for the side of a step's page."""
    items = []
    for step in draft_steps(draft=draft, workflow_id=head.id):
        address = [head.slug, "what_changes"] if step.key == "answers" else [head.slug]
        items.append(
            {
                "label": step.label,
                "state": "current" if step.key == current else step.state,
                "href": reverse(step.url_name, args=address),
                "note": step.note,
            }
        )
    return items


def go(request: HttpRequest, name: str, *args: object, said: str = "") -> HttpResponse:
    """Go to a page after a change, saying what was done."""
    address = reverse(name, args=args)
    if said:
        messages.info(request, said)
    if is_htmx(request):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = address
        return response
    return redirect(address)


def said(response: HttpResponse, text: str) -> HttpResponse:
    """Let an htmx answer say what was done in a toast."""
    return trigger_client_event(response, "toast", {"text": text})


def number_in(request: HttpRequest, name: str) -> int:
    """Read a whole number that a form of ours sent. Raises Malformed."""
    text = request.POST.get(name, "")
    if not text.isdecimal() or len(text) > 9:
        raise Malformed("This form is not one of ours. Open the page again.")
    return int(text)


def errors_of(problem: Invalid | Conflict) -> dict[str, str]:
    """Give what a form shows above its fields."""
    if isinstance(problem, Invalid):
        return dict(problem.fields) or {"": problem.detail}
    return {"": problem.detail}
