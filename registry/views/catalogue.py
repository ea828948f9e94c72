"""The catalogue: systems that agents may be let into, and what each of them holds."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.crumbs import in_programme
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import render
from registry.forms.catalogue import CatalogueChangeForm, SystemForm
from registry.operations.catalogue import (
    add_system,
    set_system_approved,
    set_system_data,
)
from registry.operations.components import set_system_component
from registry.queries.catalogue import catalogue_page
from registry.views.common import errors_of, go


@require_http_methods(["GET", "POST"])
def systems(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    change = CatalogueChangeForm(request.POST or None)
    kind = request.POST.get("change", "")
    system = SystemForm(request.POST if kind == "add" else None)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            said = _change(actor, kind, change, system)
        except (Invalid, Conflict) as problem:
            errors = errors_of(problem)
        else:
            if said:
                return go(request, "systems", said=said)
    return render(
        request,
        "registry/systems.html",
        {
            "crumbs": in_programme(("Systems", "")),
            "catalogue": catalogue_page(actor=actor),
            "system": system,
            "errors": errors,
        },
        status=422 if request.method == "POST" else 200,
    )


def _change(
    actor,
    kind: str,
    change: CatalogueChangeForm,
    system: SystemForm,
) -> str:
    """Make one change and say it; nothing is said while a form is wrong."""
    now = wall_clock()
    if kind == "add":
        if not system.is_valid():
            return ""
        made = add_system(actor=actor, now=now, **system.cleaned_data)
        return f"{made.name} is in the catalogue."
    if not change.is_valid():
        raise Invalid({"": "This form is not one of ours. Open the page again."})
    chosen = change.cleaned_data
    was = chosen["was"] or None
    if kind == "data" and chosen["system"]:
        set_system_data(
            actor=actor,
            system_id=chosen["system"],
            data_classes=chosen["data_classes"],
            now=now,
            was=was,
        )
        return "Ceilings on data bind by it from now on."
    if kind == "component" and chosen["system"]:
        made = set_system_component(
            actor=actor,
            system_id=chosen["system"],
            owner_id=chosen["owner"],
            capability=chosen["capability"],
            is_reference=chosen["is_reference"],
            was=was,
        )
        return f"It stands with {made.name} now."
    if kind in ("approve", "withdraw") and chosen["system"]:
        is_approved = kind == "approve"
        set_system_approved(
            actor=actor,
            system_id=chosen["system"],
            is_approved=is_approved,
            now=now,
            was=was,
        )
        return (
            "Agents may be let into it."
            if is_approved
            else "Every request there is refused."
        )
    raise Invalid({"": "This form is not one of ours. Open the page again."})
