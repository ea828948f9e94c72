"""Decision rights: who decides what at which level, and the team of a workflow."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.actors import Actor, actor_of
from portal.accounts.models import Team
from portal.core.clock import wall_clock
from portal.core.crumbs import in_programme
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from portal.core.htmx import render
from registry.forms.ceilings import RightForm
from registry.operations.decision_rights import Place, end_right, name_holder
from registry.operations.placing import place_workflow
from registry.queries.rights_page import rights_page
from registry.views.common import errors_of, go, head_of


@require_http_methods(["GET", "HEAD", "POST"])
def decision_rights(request: HttpRequest) -> HttpResponse:
    """The table of the three levels; a post names somebody or takes a right back."""
    actor = actor_of(request)
    errors: dict[str, str] = {}
    status = 200
    form = RightForm(request.POST if request.POST.get("change") == "name" else None)
    if request.method == "POST":
        try:
            return go(request, "decision_rights", said=_change(actor, request, form))
        except (Invalid, Conflict) as problem:
            errors, status = errors_of(problem), 422
        except Forbidden as problem:
            helper = problem.extra.get("who_can_help")
            errors = {"": f"{problem.detail} {helper or ''}".strip()}
            status = problem.status
    shown = {
        "crumbs": in_programme(("Decision rights", "")),
        "page": rights_page(
            actor=actor, department_id=_uuid(request.GET.get("department", ""))
        ),
        "form": form,
        "errors": errors,
    }
    return render(request, "registry/decision_rights.html", shown, status=status)


@require_POST
def workflow_team(request: HttpRequest, slug: str) -> HttpResponse:
    """Let a workflow belong to a team, whose ceilings bind it from then on."""
    head = head_of(request, slug)
    chosen = _uuid(request.POST.get("team", ""))
    team = Team.objects.filter(id=chosen).first() if chosen else None
    if chosen and team is None:
        raise Invalid({"team": "Pick a team from the list."})
    try:
        place_workflow(
            actor=actor_of(request), workflow_id=head.id, team=team, now=wall_clock()
        )
    except AlreadyDone as problem:
        return go(request, "workflow_people", slug, said=problem.detail)
    return go(
        request,
        "workflow_people",
        slug,
        said=f"The ceilings of {team.name} bind it now."
        if team
        else "No team's ceilings bind it.",
    )


def _change(actor: Actor, request: HttpRequest, form: RightForm) -> str:
    now = wall_clock()
    kind = request.POST.get("change", "")
    right_id = _uuid(request.POST.get("right", ""))
    if kind == "end" and right_id:
        end_right(actor=actor, right_id=right_id, now=now)
        return "The right is taken back."
    if kind != "name":
        raise Invalid({"": "This form is not one of ours. Open the page again."})
    if not form.is_valid():
        raise Invalid({name: str(texts[0]) for name, texts in form.errors.items()})
    person, position_id = form.cleaned_data["holder"]
    named = name_holder(
        actor=actor,
        kind=form.cleaned_data["kind"],
        place=Place(*form.cleaned_data["where"]),
        person=person,
        position_id=position_id,
        now=now,
    )
    return f"{named} decides that now, and nobody else at that level."


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
