"""Asking which technique fits, one question at a time, before AI is chosen."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid
from registry.operations.drafts import set_basics, set_part
from registry.operations.ending import end_without_ai, take_up_again
from registry.queries.techniques import PART, TechniquePage, technique_page
from registry.queries.workflows import WorkflowHead
from registry.rules.phases import FIRST
from registry.rules.techniques import NO, TECHNIQUES, YES, best_fit
from registry.views.common import errors_of, go, head_of, number_in, show

BECAUSE_LENGTH_MAX = 300


@require_http_methods(["GET", "POST"])
def draft_technique(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    page = technique_page(workflow_id=head.id)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            return _answered(request, head, page)
        except (Invalid, Conflict) as problem:
            errors = errors_of(problem)
    return show(
        request,
        head,
        "registry/draft_technique.html",
        {"technique": page, "errors": errors},
        current="draft",
        title="Best-fit technique",
        step=(page.draft, "technique"),
        status=422 if errors else 200,
    )


@require_POST
def draft_end(request: HttpRequest, slug: str) -> HttpResponse:
    """End the workflow here: its questions say that it needs no AI."""
    head = head_of(request, slug)
    kind = end_without_ai(
        actor=actor_of(request),
        workflow_id=head.id,
        revision=number_in(request, "revision"),
        now=wall_clock(),
    )
    return go(request, "workflow", slug, said=f"It ended as {kind}. Well done.")


@require_POST
def take_up(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin the next draft where the workflow ended."""
    head = head_of(request, slug)
    try:
        take_up_again(actor=actor_of(request), workflow_id=head.id, now=wall_clock())
    except AlreadyDone as problem:
        return go(request, "workflow", slug, said=problem.detail)
    return go(request, "workflow_draft", slug, said="It is a draft again.")


def _answered(
    request: HttpRequest, head: WorkflowHead, page: TechniquePage
) -> HttpResponse:
    given = request.POST
    if "again" in given:
        _save(request, head, {})
        return go(request, "draft_technique", head.slug)
    if page.open is not None:
        answer = given.get("answer", "")
        if answer not in (YES, NO):
            raise Invalid({"answer": "Say yes or no."})
        _save(request, head, {**page.said, page.open.key: answer})
        return go(request, "draft_technique", head.slug)
    chosen = given.get("choice", "")
    because = " ".join(given.get("because", "").split())
    fit = best_fit(page.said)
    if chosen not in TECHNIQUES or fit is None:
        raise Invalid({"choice": "Choose one of the techniques."})
    if chosen != fit.key and not because or len(because) > BECAUSE_LENGTH_MAX:
        raise Invalid(
            {
                "because": "Say why another technique fits better, in at most"
                f" {BECAUSE_LENGTH_MAX} characters."
            }
        )
    said = {**page.said, "choice": chosen}
    said["because"] = because if chosen != fit.key else ""
    revision = _save(request, head, said)
    if not TECHNIQUES[chosen].is_ai and not head.is_live:
        # Plain automation reasons about nothing, so it begins where nothing does.
        set_basics(
            actor=actor_of(request),
            workflow_id=head.id,
            revision=revision,
            changes={"phase": FIRST},
            now=wall_clock(),
        )
    if head.owner is None:
        return go(request, "draft_person", head.slug, "business_owner")
    return go(request, "workflow_draft", head.slug)


def _save(request: HttpRequest, head: WorkflowHead, said: dict[str, str]) -> int:
    return set_part(
        actor=actor_of(request),
        workflow_id=head.id,
        revision=number_in(request, "revision"),
        part=PART,
        value={key: value for key, value in said.items() if value},
        seen=request.POST.get("seen", ""),
        now=wall_clock(),
    ).revision
