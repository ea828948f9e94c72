"""Whose work a proposal is: give it to somebody, or give it back."""

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from approvals.operations.assigning import assign_proposal, give_back_proposal
from approvals.queries.who import assign_page
from approvals.views.answers import CRUMB, answer
from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.htmx import render

INVALID = 422
TEXT_LENGTH_MAX = 100


class AssignForm(forms.Form):
    """To whom, and why if it helps."""

    person = forms.UUIDField(
        error_messages={
            "required": "Pick somebody.",
            "invalid": "Pick somebody from the list.",
        }
    )
    reason = forms.CharField(max_length=500, required=False)


@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Give a proposal to somebody who may decide it."""
    if request.method != "POST":
        return _page(request, proposal_id, {})
    form = AssignForm(request.POST)
    if not form.is_valid():
        errors = {name: " ".join(map(str, said)) for name, said in form.errors.items()}
        return _page(request, proposal_id, errors, status=INVALID)
    return answer(
        request,
        proposal_id,
        lambda actor: assign_proposal(
            actor=actor,
            proposal_id=proposal_id,
            person_id=form.cleaned_data["person"],
            reason=form.cleaned_data["reason"],
            now=wall_clock(),
        ),
        said="Assigned. Others who may decide it still can.",
        again=lambda errors: _page(request, proposal_id, errors, status=INVALID),
    )


@require_POST
def give_back(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Give back what one was assigned or took on."""
    return answer(
        request,
        proposal_id,
        lambda actor: give_back_proposal(
            actor=actor, proposal_id=proposal_id, now=wall_clock()
        ),
        said="Given back. It waits for whoever takes it.",
    )


def _page(
    request: HttpRequest, proposal_id: UUID, errors, *, status: int = 200
) -> HttpResponse:
    text = request.GET.get("q", "")[:TEXT_LENGTH_MAX]
    page = assign_page(actor_of(request), proposal_id, text=text)
    context = {
        "crumbs": [
            (CRUMB, reverse("inbox")),
            (page.proposal.headline[:80], reverse("inbox_card", args=[proposal_id])),
            ("Assign", ""),
        ],
        "page": page,
        "errors": errors,
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "approvals/assign.html", context, status=status)
