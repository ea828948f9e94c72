"""People and departments. Administrators only; others are told who can help."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from portal.accounts.actors import Actor, actor_of
from portal.accounts.forms import DepartmentForm, PersonForm
from portal.accounts.models import Person
from portal.accounts.operations.people import (
    ADMINISTRATORS,
    add_department,
    add_person,
    deactivate_person,
)
from portal.accounts.queries import (
    departments_for,
    must_administrate,
    people_for,
    person_of,
)
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import render

TEXT_LENGTH_MAX = 100


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """List the people, by name."""
    actor = _administrator(request)
    text = request.GET.get("q", "").strip()[:TEXT_LENGTH_MAX]
    shows_inactive = request.GET.get("inactive") == "yes"
    page = people_for(
        actor=actor,
        text=text,
        cursor=request.GET.get("at"),
        only_active=not shows_inactive,
    )
    shown = {
        "crumbs": [("People", "")],
        "page": page,
        "text": text,
        "shows_inactive": shows_inactive,
        "me_id": actor.id,
    }
    return render(request, "accounts/people.html", shown)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def person_add(request: HttpRequest) -> HttpResponse:
    """Add a person with a first password."""
    actor = _administrator(request)
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = _add(actor, form)
        except Conflict as problem:
            form.add_error("email", problem.detail)
        else:
            messages.info(request, f"{added.name} can sign in now as {added.email}.")
            return HttpResponseRedirect(reverse("people"))
    shown = {
        "crumbs": [("People", reverse("people")), ("Add a person", "")],
        "form": form,
    }
    status = 422 if form.is_bound else 200
    return render(request, "accounts/person_add.html", shown, status=status)


@require_safe
def person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Show one person, and the way to end their access."""
    actor = _administrator(request)
    shown_person = person_of(actor=actor, person_id=person_id)
    shown = {
        "crumbs": [("People", reverse("people")), (shown_person.name, "")],
        "person": shown_person,
        "is_me": shown_person.id == actor.id,
    }
    return render(request, "accounts/person.html", shown)


@require_POST
def person_deactivate(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """End a person's access and every session they have."""
    actor = _administrator(request)
    whom = get_object_or_404(Person, id=person_id)
    if whom.id == actor.id:
        raise Invalid(
            detail="You cannot deactivate yourself; ask another administrator."
        )
    deactivate_person(actor=actor, person=whom)
    messages.info(request, f"{whom.name} can no longer sign in; every session ended.")
    return HttpResponseRedirect(reverse("person", args=[whom.id]))


@require_http_methods(["GET", "HEAD", "POST"])
def departments(request: HttpRequest) -> HttpResponse:
    """List the departments, and add one."""
    actor = _administrator(request)
    form = DepartmentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            add_department(
                actor=actor, name=form.cleaned_data["name"], now=wall_clock()
            )
        except (Conflict, Invalid) as problem:
            form.add_error("name", problem.detail)
        else:
            return HttpResponseRedirect(reverse("departments"))
    shown = {
        "crumbs": [("People", reverse("people")), ("Departments", "")],
        "departments": departments_for(actor=actor),
        "form": form,
    }
    status = 422 if form.is_bound else 200
    return render(request, "accounts/departments.html", shown, status=status)


def _administrator(request: HttpRequest) -> Actor:
    actor = actor_of(request)
    must_administrate(actor)
    return actor


def _add(actor: Actor, form: PersonForm) -> Person:
    teams = form.cleaned_data["teams"]
    return add_person(
        actor=actor,
        email=form.cleaned_data["email"].lower(),
        name=form.cleaned_data["name"],
        department=form.cleaned_data["department"],
        password=form.cleaned_data["password"],
        job_title=form.cleaned_data["job_title"],
        groups=tuple(team for team in teams if team != ADMINISTRATORS),
        is_administrator=ADMINISTRATORS in teams,
    )
