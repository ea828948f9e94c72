"""Writing the one page: the overview, a new version, throwing it away, a file."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid
from registry.forms.drafts import FileForm
from registry.operations.drafts import discard_draft
from registry.operations.loading import load_into, read_file, read_page
from registry.operations.packets import new_version
from registry.queries.drafts import draft_of, draft_page
from registry.queries.unsaved import begun_forms
from registry.views.common import errors_of, go, head_of, number_in, show


@require_GET
def workflow_draft(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    context: dict = {
        "draft_page": None,
        "changed_part": request.GET.get("part", "")[:200],
    }
    if head.has_draft:
        page = draft_page(workflow_id=head.id)
        context["draft_page"] = page
        context["begun"] = begun_forms(page.draft, actor=actor_of(request))
    return show(
        request, head, "registry/draft.html", context, current="draft", title="Draft"
    )


@require_POST
def draft_new(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    try:
        draft = new_version(
            actor=actor_of(request), workflow_id=head.id, now=wall_clock()
        )
    except AlreadyDone:
        return go(request, "workflow_draft", slug)
    return go(
        request,
        "workflow_draft",
        slug,
        said=f"Version {draft.number} begun from what is live.",
    )


@require_http_methods(["GET", "POST"])
def draft_discard(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    draft = draft_of(workflow_id=head.id)
    if request.method == "POST":
        discard_draft(
            actor=actor_of(request),
            workflow_id=head.id,
            revision=number_in(request, "revision"),
            now=wall_clock(),
        )
        return go(
            request,
            "workflow",
            slug,
            said=f"Draft of version {draft.number} discarded.",
        )
    return show(
        request,
        head,
        "registry/draft_discard.html",
        {"draft": draft},
        current="draft",
        title="Discard draft",
    )


@require_http_methods(["GET", "POST"])
def draft_load(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    draft = draft_of(workflow_id=head.id)
    form = FileForm(request.POST or None, request.FILES or None)
    errors: dict[str, str] = {}
    if request.method == "POST" and form.is_valid():
        try:
            load_into(
                actor=actor_of(request),
                workflow_id=head.id,
                document=_page_in(form),
                revision=number_in(request, "revision"),
                now=wall_clock(),
            )
        except (Invalid, Conflict) as problem:
            errors = errors_of(problem)
        else:
            return go(
                request,
                "workflow_draft",
                slug,
                said="The draft now says what the file says.",
            )
    return show(
        request,
        head,
        "registry/draft_load.html",
        {"draft": draft, "form": form, "errors": errors},
        current="draft",
        title="Load a file",
        status=422 if request.method == "POST" else 200,
    )


def _page_in(form: FileForm) -> dict[str, Any]:
    uploaded = form.cleaned_data["file"]
    if uploaded is None:
        return read_page(form.cleaned_data["text"])
    return read_file(uploaded)
