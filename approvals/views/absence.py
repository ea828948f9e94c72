"""My absence: away until a day, with somebody who stands in, or nobody."""

from datetime import UTC, datetime, time, timedelta

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from approvals.queries.absences import decided_by, my_absence_of
from portal.accounts.actors import Actor, actor_of
from portal.accounts.models import Person
from portal.accounts.operations.absences import (
    accept_absence,
    decline_absence,
    end_absence,
    plan_absence,
)
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.htmx import render

_DAY = {"invalid": "Write a day, such as 2026-12-01."}


class AbsenceForm(forms.Form):
    """One change: plan, accept, decline or end."""

    change = forms.ChoiceField(
        choices=[(each, each) for each in ("plan", "accept", "decline", "end")]
    )
    absence = forms.UUIDField(required=False)
    starts = forms.DateField(required=False, error_messages=_DAY)
    ends = forms.DateField(required=False, error_messages=_DAY)
    stand_in = forms.ModelChoiceField(
        Person.objects.filter(is_active=True),
        required=False,
        error_messages={"invalid_choice": "Pick somebody from the list."},
    )
    reason = forms.CharField(max_length=500, required=False)
    workflows = forms.TypedMultipleChoiceField(required=False)

    def __init__(self, *args, names, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.names = {f"{key}": (key, name) for key, name in names}
        self.fields["workflows"].choices = [  # type: ignore[attr-defined]
            (value, name) for value, (_, name) in self.names.items()
        ]

    @property
    def chosen(self) -> dict:
        return dict(self.names[value] for value in self.cleaned_data["workflows"])


@require_http_methods(["GET", "HEAD", "POST"])
def my_absence(request: HttpRequest) -> HttpResponse:
    """Plan an absence, answer who asks to be stood in for, and end either."""
    actor = actor_of(request)
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        form = AbsenceForm(request.POST, names=decided_by(actor))
        try:
            messages.info(request, _change(actor, form))
            return HttpResponseRedirect(reverse("my_absence"))
        except Invalid as problem:
            errors, status = dict(problem.fields), 422
        except (Conflict, NotFound) as problem:
            errors, status = {"": problem.detail}, problem.status
    now = wall_clock()
    shown = {
        "crumbs": [("My absence", "")],
        "page": my_absence_of(actor, now=now),
        "errors": errors,
        "given": request.POST,
        "given_workflows": request.POST.getlist("workflows"),
        "today": now.date().isoformat(),
    }
    return render(request, "approvals/absence.html", shown, status=status)


def _change(actor: Actor, form: AbsenceForm) -> str:
    if not form.is_valid():
        raise Invalid({name: str(texts[0]) for name, texts in form.errors.items()})
    said, now = form.cleaned_data, wall_clock()
    if said["change"] == "plan":
        return _plan(actor, form)
    if said["absence"] is None:
        raise NotFound("There is no such absence.")
    if said["change"] == "accept":
        found = accept_absence(actor=actor, absence_id=said["absence"], now=now)
        return f"You decide for {found.person.name} while they are away."
    if said["change"] == "decline":
        found = decline_absence(actor=actor, absence_id=said["absence"], now=now)
        return f"Declined. {found.person.name} can ask somebody else."
    end_absence(actor=actor, absence_id=said["absence"], now=now)
    return "It is over; nobody stands in any more."


def _plan(actor: Actor, form: AbsenceForm) -> str:
    said, now = form.cleaned_data, wall_clock()
    if said["ends"] is None:
        raise Invalid({"ends": "Say which is the last day: an absence ends."})
    starts = said["starts"] or now.date()
    stand_in: Person | None = said["stand_in"]
    plan_absence(
        actor=actor,
        stand_in=stand_in,
        starts_at=datetime.combine(starts, time(), tzinfo=UTC),
        # The last day is a whole one.
        ends_at=datetime.combine(said["ends"], time(), tzinfo=UTC) + timedelta(days=1),
        reason=said["reason"],
        workflows=form.chosen,
        now=now,
    )
    if stand_in is None:
        return "Planned. Nothing new is assigned to you while you are away."
    return f"Planned. {stand_in.name} stands in for you as soon as they accept."
