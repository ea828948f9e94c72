"""The catalogue of AI models, and retiring a model or a system with a reason."""

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.accounts.actors import Actor, actor_of
from portal.core.clock import wall_clock
from portal.core.crumbs import in_programme
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.htmx import render
from registry.forms.agents import ModelChangeForm, ModelForm, ModelOwnerForm
from registry.operations.catalogue import must_administer, set_model_approved
from registry.operations.components import set_model_owner
from registry.operations.retiring import retire_model, retire_system
from registry.queries.approved import (
    Retiring,
    model_to_retire,
    models_page,
    named_to,
    system_to_retire,
)
from registry.views.common import errors_of, go


@require_http_methods(["GET", "HEAD", "POST"])
def models(request: HttpRequest) -> HttpResponse:
    """List the AI models; add one, approve it, or take the approval back."""
    actor = actor_of(request)
    is_new = request.POST.get("change") == "add"
    new = ModelForm(request.POST if is_new else None)
    errors: dict[str, str] = {}
    if request.method == "POST":
        must_administer(actor, "approve_model")
        if request.POST.get("change") == "owner":
            return _own(request, actor)
        form: forms.Form = new if is_new else ModelChangeForm(request.POST)
        try:
            if form.is_valid():
                made = set_model_approved(
                    actor=actor, now=wall_clock(), **form.cleaned_data
                )
                now_is = "approved" if made.is_approved else "not approved"
                return go(request, "models", said=f"{made.name} is {now_is} now.")
            if not is_new:
                raise Invalid({"": "This form is not one of ours. Open it again."})
        except (Invalid, Conflict) as problem:
            errors = errors_of(problem)
    return _models(request, actor, new, errors)


def _models(
    request: HttpRequest, actor: Actor, new: ModelForm, errors: dict[str, str]
) -> HttpResponse:
    shown = {
        "crumbs": in_programme(("AI models", "")),
        "catalogue": models_page(actor=actor),
        "new": new,
        "errors": errors,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "registry/models.html", shown, status=status)


def _own(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Say who owns a model; the page again where that cannot be."""
    form = ModelOwnerForm(request.POST)
    try:
        if not form.is_valid():
            raise Invalid({"": "This form is not one of ours. Open it again."})
        said = form.cleaned_data
        made = set_model_owner(
            actor=actor, model_id=said["model"], owner_id=said["owner"], was=said["was"]
        )
    except (Invalid, Conflict) as problem:
        return _models(request, actor, ModelForm(), errors_of(problem))
    return go(request, "models", said=f"It stands with {made.name} now.")


@require_http_methods(["GET", "HEAD", "POST"])
def model_retire(request: HttpRequest, model_id: UUID) -> HttpResponse:
    """Ask with the workflows that it touches, then retire an AI model."""
    found = named_to(actor_of(request), model_to_retire(model_id=model_id))
    return _retire(request, found, "models")


@require_http_methods(["GET", "HEAD", "POST"])
def system_retire(request: HttpRequest, system_id: UUID) -> HttpResponse:
    """Ask with the workflows that it touches, then retire a system."""
    found = named_to(actor_of(request), system_to_retire(system_id=system_id))
    return _retire(request, found, "systems")


def _retire(
    request: HttpRequest, thing: Retiring | None, listed_at: str
) -> HttpResponse:
    actor = actor_of(request)
    kind = "approve_model" if listed_at == "models" else "approve_system"
    must_administer(actor, kind)
    if thing is None:
        raise NotFound("There is nothing here, or you may not see it.")
    errors: dict[str, str] = {}
    if request.method == "POST":
        reason, now = request.POST.get("reason", ""), wall_clock()
        try:
            if thing.kind == "model":
                retire_model(actor=actor, model_id=thing.id, reason=reason, now=now)
            else:
                retire_system(actor=actor, system_id=thing.id, reason=reason, now=now)
        except (Invalid, Conflict) as problem:
            errors = errors_of(problem)
        else:
            return go(request, listed_at, said=f"{thing.name} is retired.")
    shown = {
        "crumbs": in_programme(
            ("AI models" if thing.kind == "model" else "Systems", reverse(listed_at)),
            (f"Retire {thing.name}", ""),
        ),
        "thing": thing,
        "listed_at": listed_at,
        "errors": errors,
        "reason": request.POST.get("reason", ""),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "registry/retire.html", shown, status=status)
