"""The guardrail of a draft: drawn, dragged, typed, and saved while it is."""

from urllib.parse import quote, urlencode

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import is_htmx
from registry.forms.drafts import GuardrailForm
from registry.operations.drafts import set_part
from registry.queries.parts import fingerprint
from registry.queries.progress import notes_of
from registry.queries.rule_lists import GuardrailPage, guardrail_page
from registry.queries.workflows import WorkflowHead
from registry.views.common import errors_of, go, head_of, show
from registry.views.saving import MINE, SAVED, THEIRS, Seen, saving_shown, seen_by

PART = "guardrail"


@require_http_methods(["GET", "POST"])
def draft_guardrail(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    page = guardrail_page(workflow_id=head.id, typed=request.POST or None)
    form = GuardrailForm(request.POST or None, initial=dict(page.initial))
    if request.method == "GET" or "preview" in request.POST:
        return _guardrail(request, head, page, form)
    if request.POST.get("keep") == THEIRS:
        return go(request, "draft_guardrail", slug)
    if not form.is_valid():
        return _guardrail(request, head, page, form, errors=_wrong(form), status=422)
    try:
        saved = _save(request, head, page, form)
    except Invalid as problem:
        return _guardrail(
            request, head, page, form, errors=errors_of(problem), status=422
        )
    except Conflict as problem:
        theirs = guardrail_page(workflow_id=head.id, typed=request.POST)
        return _guardrail(request, head, theirs, form, lost=problem, status=409)
    if is_htmx(request):
        return _guardrail(request, head, page, form, saved=saved)
    return go(request, "draft_stop_rules", slug)


def _save(
    request: HttpRequest, head: WorkflowHead, page: GuardrailPage, form: GuardrailForm
) -> Seen:
    said = form.guardrail()
    if said == page.initial and head.may_edit:
        return Seen(page.draft.revision, page.seen)
    revision, seen = seen_by(request, is_chosen=request.POST.get("keep") == MINE)
    saved = set_part(
        actor=actor_of(request),
        workflow_id=head.id,
        revision=revision,
        part=PART,
        value=said,
        seen=seen,
        page=request.POST.get("page", ""),
        now=wall_clock(),
    )
    return Seen(saved.revision, fingerprint({PART: said}, PART))


def _guardrail(
    request: HttpRequest,
    head: WorkflowHead,
    page: GuardrailPage,
    form: GuardrailForm,
    *,
    errors: dict[str, str] | None = None,
    lost: Conflict | None = None,
    saved: Seen | None = None,
    status: int = 200,
) -> HttpResponse:
    typed = {name: form[name].value() or "" for name in form.fields}
    what_if = f"/rulings/of/{quote(head.slug)}/guardrail/"
    note = notes_of(version_id=page.draft.version_id).get(PART)
    return show(
        request,
        head,
        "registry/draft_guardrail.html",
        {
            "rail": page,
            "form": form,
            "errors": errors or {},
            "saving": saving_shown(request, page.draft, page.seen, note, lost, saved),
            "is_preview": "preview" in request.POST,
            "what_if_base": what_if,
            "what_if": f"{what_if}?{urlencode(typed)}",
        },
        current="draft",
        title="Guardrails",
        step=(page.draft, "guardrails"),
        fragment=SAVED,
        status=status,
    )


def _wrong(form: GuardrailForm) -> dict[str, str]:
    return {name: " ".join(map(str, found)) for name, found in form.errors.items()}
