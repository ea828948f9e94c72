"""The history of the one page: versions, differences, going back."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid
from registry.operations.launching import roll_back
from registry.queries.history import version_page, versions_of
from registry.queries.moves import moves_of
from registry.queries.pages import one_page, version_numbered
from registry.views.common import errors_of, go, head_of, show


@require_GET
def workflow_versions(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    old, new = request.GET.get("old", ""), request.GET.get("new", "")
    if is_number(old) and is_number(new):
        address = reverse("workflow_version", args=[slug, int(new)])
        return redirect(f"{address}?against={int(old)}")
    lines = versions_of(workflow_id=head.id, live_version_id=head.live_version_id)
    return show(
        request,
        head,
        "registry/versions.html",
        {
            "lines": lines,
            "moves": moves_of(workflow_id=head.id, now=wall_clock()),
        },
        current="versions",
        title="Versions",
    )


@require_GET
def workflow_version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    return _version(request, slug, number)


@require_POST
def version_roll_back(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    head = head_of(request, slug)
    try:
        roll_back(
            actor=actor_of(request),
            workflow_id=head.id,
            number=number,
            reason=request.POST.get("reason", ""),
            now=wall_clock(),
        )
    except (Invalid, Conflict) as problem:
        return _version(
            request, slug, number, errors=errors_of(problem), status=problem.status
        )
    return go(request, "workflow", slug, said=f"Version {number} is live again.")


def is_number(text: str) -> bool:
    return text.isdecimal() and text.isascii() and len(text) < 9


def _version(
    request: HttpRequest,
    slug: str,
    number: int,
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    head = head_of(request, slug)
    text = request.GET.get("against", "")
    version = version_numbered(workflow_id=head.id, number=number)
    return show(
        request,
        head,
        "registry/version.html",
        {
            "version": version_page(
                workflow_id=head.id,
                live_version_id=head.live_version_id,
                number=number,
                against=int(text) if is_number(text) else None,
            ),
            "page": one_page(
                version=version,
                live_version_id=head.live_version_id,
            ),
            "errors": errors or {},
        },
        current="versions",
        title=f"Version {number}",
        status=status,
    )
