"""The matrix editor: a grid by keyboard, each cell a page of its own without script."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import is_htmx
from registry.forms import CellForm
from registry.operations.drafts import remove_allowance, set_allowance
from registry.queries.editor import cell_page, editor_page
from registry.views.common import errors_of, go, head_of, number_in, said, show

EDITOR = "matrix_editor"


@require_http_methods(["GET"])
def draft_matrix(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    return show(
        request,
        head,
        "registry/draft_matrix.html",
        {"editor": _editor(request, head), "cell": None},
        current="draft",
        title="What it may do",
        fragment=EDITOR,
    )


@require_http_methods(["GET", "POST"])
def draft_cell(request: HttpRequest, slug: str, system: str, verb: str) -> HttpResponse:
    head = head_of(request, slug)
    form = CellForm(request.POST or None)
    errors: dict[str, str] = {}
    lost = None
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, head, form, system, verb)
        except Invalid as problem:
            errors = errors_of(problem)
        except Conflict as problem:
            lost = problem
        else:
            if not is_htmx(request):
                return go(request, "draft_cell", slug, system, verb)
    cell = cell_page(workflow_id=head.id, system=system, verb=verb)
    is_bad = bool(errors or lost or (request.method == "POST" and form.errors))
    response = show(
        request,
        head,
        "registry/draft_matrix.html",
        {
            "editor": _editor(request, head, system, verb),
            "cell": cell,
            "form": form if is_bad else CellForm(initial=dict(cell.initial)),
            "errors": errors,
            "lost": lost,
        },
        current="draft",
        title="What it may do",
        fragment=EDITOR,
        status=409 if lost else 422 if is_bad else 200,
    )
    if request.method == "POST" and not is_bad:
        return said(response, cell.sentence)
    return response


def _save(request: HttpRequest, head, form: CellForm, system: str, verb: str) -> None:
    common = {
        "actor": actor_of(request),
        "workflow_id": head.id,
        "revision": number_in(request, "revision"),
        "seen": request.POST.get("seen", ""),
        "now": wall_clock(),
    }
    if not form.cleaned_data["authority"]:
        remove_allowance(system=system, verb=verb, **common)
        return
    allowance = form.allowance(system, verb)
    if "quick" in request.POST:
        # A key sets the answer and leaves the limits as they were.
        kept = cell_page(workflow_id=head.id, system=system, verb=verb).initial
        allowance = {
            **kept,
            "system": system,
            "verb": verb,
            "authority": form.cleaned_data["authority"],
        }
    set_allowance(allowance=allowance, **common)


def _editor(request: HttpRequest, head, system: str = "", verb: str = ""):
    more_systems = [part for part in request.GET.getlist("system") if part]
    more_verbs = [part for part in request.GET.getlist("verb") if part]
    query = urlencode({"system": more_systems, "verb": more_verbs}, doseq=True)
    return editor_page(
        workflow_id=head.id,
        department_id=head.department_id,
        more_systems=[*more_systems, *([system] if system else [])],
        more_verbs=[*more_verbs, *([verb] if verb else [])],
        query=f"?{query}" if query else "",
        address=reverse("draft_matrix", args=[head.slug]),
    )
