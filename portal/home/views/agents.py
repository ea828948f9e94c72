"""Agents: what each may do, its keys, and code to copy."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from portal.accounts.actors import actor_of, person_of
from portal.accounts.key_lines import key_line
from portal.accounts.models import AgentKey
from portal.accounts.operations.agents import (
    issue_key,
    register_agent,
    revoke_key,
    rotate_key,
    set_agent_active,
)
from portal.accounts.queries import is_administrator, must_administrate
from portal.core.clock import wall_clock
from portal.core.errors import Conflict
from portal.core.htmx import render
from portal.home.examples import code_book
from portal.home.forms import AgentForm, KeyForm, RotateForm
from portal.home.queries.agents import (
    agent_for,
    agent_to_manage,
    agents_for,
    key_to_change,
)
from portal.home.queries.diagnosis import diagnosis_for


@require_safe
def agents(request: HttpRequest) -> HttpResponse:
    """List the agents that this person may see."""
    actor = actor_of(request)
    page = agents_for(actor=actor, cursor=request.GET.get("at"))
    shown = {
        "crumbs": [("Agents", "")],
        "page": page,
        "may_add": is_administrator(actor),
    }
    return render(request, "home/agents.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
def agent_add(request: HttpRequest) -> HttpResponse:
    """Register an agent; who registers it operates it."""
    actor = actor_of(request)
    must_administrate(actor)
    form = AgentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            agent = register_agent(
                actor=actor,
                name=form.cleaned_data["name"],
                kind=form.cleaned_data["kind"],
                department=form.cleaned_data["department"],
                operator=person_of(request),
                model_name=form.cleaned_data["model_name"],
                now=wall_clock(),
            )
        except Conflict as problem:
            form.add_error("name", problem.detail)
        else:
            return HttpResponseRedirect(reverse("agent", args=[agent.slug]))
    shown = {
        "crumbs": [("Agents", reverse("agents")), ("Register an agent", "")],
        "form": form,
    }
    return render(
        request, "home/agent_add.html", shown, status=422 if form.is_bound else 200
    )


@require_safe
def agent(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one agent: what it may do, its keys, code to copy."""
    return _page(request, slug, KeyForm())


@require_POST
def agent_key_issue(request: HttpRequest, slug: str) -> HttpResponse:
    """Issue a key and show it, this once: so there is no redirect."""
    actor = actor_of(request)
    owned = agent_to_manage(actor=actor, slug=slug)
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _page(request, slug, form, status=422)
    try:
        made = issue_key(
            actor=actor,
            agent=owned,
            scopes=tuple(form.cleaned_data["scopes"]),
            label=form.cleaned_data["label"],
            lives_for=timedelta(days=int(form.cleaned_data["days"])),
            now=wall_clock(),
        )
    except Conflict as problem:
        form.add_error(None, problem.detail)
        return _page(request, slug, form, status=409)
    response = _page(request, slug, KeyForm(), new_key=made.text, status=201)
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def agent_key_revoke(request: HttpRequest, slug: str, key_id: UUID) -> HttpResponse:
    """Ask, then revoke a key; its next call is told 401."""
    actor = actor_of(request)
    key = key_to_change(actor=actor, slug=slug, key_id=key_id)
    if request.method != "POST":
        return _about_key(request, "home/agent_key_revoke.html", key)
    revoke_key(actor=actor, key=key, now=wall_clock())
    messages.info(request, f"The key ending in {key.hint} no longer works.")
    return HttpResponseRedirect(reverse("agent", args=[slug]))


@require_http_methods(["GET", "HEAD", "POST"])
def agent_key_rotate(request: HttpRequest, slug: str, key_id: UUID) -> HttpResponse:
    """Ask how long both keys work, then show the new one, this once."""
    actor = actor_of(request)
    key = key_to_change(actor=actor, slug=slug, key_id=key_id)
    form = RotateForm(request.POST or None)
    if request.method != "POST":
        return _about_key(request, "home/agent_key_rotate.html", key, form)
    if not form.is_valid():
        return _about_key(request, "home/agent_key_rotate.html", key, form, status=422)
    try:
        made = rotate_key(
            actor=actor,
            key=key,
            overlap=timedelta(hours=int(form.cleaned_data["overlap"])),
            lives_for=timedelta(days=int(form.cleaned_data["days"])),
            now=wall_clock(),
        )
    except Conflict as problem:
        form.add_error(None, problem.detail)
        return _about_key(request, "home/agent_key_rotate.html", key, form, status=409)
    response = _page(request, slug, KeyForm(), new_key=made.text, status=201)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def agent_switch(request: HttpRequest, slug: str) -> HttpResponse:
    """Switch an agent off, or on again."""
    actor = actor_of(request)
    owned = agent_to_manage(actor=actor, slug=slug)
    is_on = request.POST.get("is") == "on"
    set_agent_active(actor=actor, agent=owned, is_active=is_on)
    now_is = "may ask again" if is_on else "is switched off: every request is refused"
    messages.info(request, f"{owned.name} {now_is}.")
    return HttpResponseRedirect(reverse("agent", args=[slug]))


def _about_key(
    request: HttpRequest,
    template: str,
    key: AgentKey,
    form: RotateForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    shown = {
        "crumbs": [
            ("Agents", reverse("agents")),
            (key.agent.name, reverse("agent", args=[key.agent.slug])),
            (f"Key … {key.hint}", ""),
        ],
        "agent": key.agent,
        "key": key_line(key, wall_clock()),
        "form": form,
    }
    return render(request, template, shown, status=status)


def _page(
    request: HttpRequest,
    slug: str,
    form: KeyForm,
    *,
    new_key: str = "",
    status: int = 200,
) -> HttpResponse:
    actor, now = actor_of(request), wall_clock()
    page = agent_for(actor=actor, slug=slug, now=now)
    shown = {
        "crumbs": [("Agents", reverse("agents")), (page.line.name, "")],
        "page": page,
        "form": form,
        "new_key": new_key,
        "diagnosis": diagnosis_for(
            actor=actor, agent_id=page.id, may_manage=page.may_manage, now=now
        ),
        "book": code_book(
            page,
            base_url=request.build_absolute_uri("/").rstrip("/"),
            language=request.GET.get("code", ""),
            workflow=request.GET.get("for", ""),
        ),
    }
    fragment = "code" if request.method == "GET" else None
    return render(request, "home/agent.html", shown, fragment=fragment, status=status)
