"""Teams: who is in each, and who looks after those of a department."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.accounts.actors import Actor, actor_of
from portal.accounts.models import Department, Person
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Forbidden, Invalid
from portal.core.htmx import render
from registry.operations.teams import add_team, join_team, leave_team, name_head
from registry.queries.people import people_to_pick
from registry.queries.teams import teams_page

_PICK = {"required": "Pick somebody.", "invalid_choice": "Pick from the list."}


class TeamForm(forms.Form):
    """One change of the teams."""

    change = forms.ChoiceField(
        choices=[(each, each) for each in ("add", "join", "leave", "head")]
    )
    team = forms.UUIDField(required=False)
    name = forms.CharField(max_length=120, required=False)
    department = forms.ModelChoiceField(
        Department.objects.all(), required=False, error_messages=_PICK
    )
    person = forms.ModelChoiceField(
        Person.objects.all(), required=False, error_messages=_PICK
    )


@require_http_methods(["GET", "HEAD", "POST"])
def teams(request: HttpRequest) -> HttpResponse:
    """Read the teams; whoever looks after a department changes its teams."""
    actor = actor_of(request)
    form = TeamForm(request.POST or None)
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            messages.info(request, _change(actor, form))
            return HttpResponseRedirect(reverse("teams"))
        except Invalid as problem:
            errors, status = dict(problem.fields), 422
        except (Conflict, Forbidden) as problem:
            helper = problem.extra.get("who_can_help")
            said = f"{problem.detail} {helper} can help." if helper else problem.detail
            errors, status = {"": said}, problem.status
    shown = {
        "crumbs": [("Teams", "")],
        "page": teams_page(actor=actor),
        "choices": people_to_pick(actor=actor),
        "errors": errors,
        "given": form.data.get("name", "") if errors else "",
    }
    return render(request, "registry/teams.html", shown, status=status)


def _change(actor: Actor, form: TeamForm) -> str:
    if not form.is_valid():
        raise Invalid({name: str(texts[0]) for name, texts in form.errors.items()})
    said = form.cleaned_data
    person, team_id, department = said["person"], said["team"], said["department"]
    now = wall_clock()
    match said["change"]:
        case "add" if department:
            made = add_team(
                actor=actor, name=said["name"], department=department, now=now
            )
            return (
                f"{made.name} is a team of {department.name} now. Put people into it."
            )
        case "join" if person and team_id:
            join_team(actor=actor, team_id=team_id, person=person, now=now)
            return f"{person.name} is in the team now and decides what it reviews."
        case "leave" if person and team_id:
            leave_team(actor=actor, team_id=team_id, person=person, now=now)
            return f"{person.name} is no longer in the team."
        case "head" if person and department:
            name_head(actor=actor, department=department, person=person)
            return f"{person.name} looks after the teams of {department.name} now."
    raise Invalid({"": "Pick from the lists."})
