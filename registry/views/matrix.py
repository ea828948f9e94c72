"""The matrix editor: a grid by keyboard, each cell and each row a page without script."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid, Malformed, NotFound
from portal.core.htmx import is_htmx, render
from registry.forms.matrix import CellForm, CellsForm, MapToolForm
from registry.operations.cells import CellChange, map_tool, set_cells, unmap_tool
from registry.operations.undoing import redo_matrix_edit, undo_matrix_edit
from registry.queries.cell_pages import cell_page, line_page
from registry.queries.editor import EditorPage, changed_cells, editor_page
from registry.queries.workflows import WorkflowHead
from registry.views.common import errors_of, head_of, number_in, said, show

PANEL = "matrix_panel"
CHANGED = "registry/_matrix_changed.html"
Pairs = Iterable[tuple[str, str]]


@require_GET
def draft_matrix(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    editor = editor_of(request, head)
    row, column = request.GET.get("row", ""), request.GET.get("column", "")
    line = line_page(editor, row=row, column=column) if row or column else None
    return _page(request, head, editor, {"line": line})


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
                return _back(request, slug, "draft_cell", system, verb)
    is_bad = bool(errors or lost or (request.method == "POST" and form.errors))
    response = _cell_page(
        request,
        head,
        (system, verb),
        {"form": form if is_bad else None, "errors": errors, "lost": lost},
        status=409 if lost else 422 if is_bad else 200,
    )
    if request.method == "POST" and not is_bad:
        return said(response, "Saved.")
    return response


@require_POST
def draft_tools(
    request: HttpRequest, slug: str, system: str, verb: str
) -> HttpResponse:
    """Map a tool to a cell, or take it out (with `remove`)."""
    head = head_of(request, slug)
    form = MapToolForm(request.POST)
    common = _common(request, head)
    errors: dict[str, str] = {}
    try:
        if "remove" in request.POST:
            unmap_tool(name=request.POST["remove"], **common)
        elif form.is_valid():
            map_tool(
                name=form.cleaned_data["tool"],
                may_move=form.cleaned_data["may_move"],
                system=system,
                verb=verb,
                **common,
            )
        else:
            errors = {"tool": " ".join(map(str, form.errors["tool"]))}
    except (Invalid, Conflict) as problem:
        errors = errors_of(problem)
    if not errors and not is_htmx(request):
        return _back(request, slug, "draft_cell", system, verb)
    context = {"tool_errors": errors, "tool": form["tool"].value() if errors else ""}
    status = 422 if errors else 200
    return _cell_page(request, head, (system, verb), context, status=status)


@require_POST
def draft_cells(request: HttpRequest, slug: str) -> HttpResponse:
    """Set every chosen cell to one answer; their limits stay as they are."""
    head = head_of(request, slug)
    form = CellsForm(request.POST)
    if not form.is_valid():
        raise Malformed("This form is not one of ours. Open the page again.")
    authority = form.cleaned_data["authority"]
    row = {"authority": authority} if authority else None
    chosen = form.cells(request.POST.getlist("cell"))
    changes = [
        CellChange(system, verb, row, seen, keeps_limits=True)
        for system, verb, seen in chosen
    ]
    pairs = [(system, verb) for system, verb, _ in chosen]
    try:
        set_cells(changes=changes, **_common(request, head))
    except Conflict as problem:
        return _refused(request, head, pairs, problem)
    except Invalid as problem:
        return _refused(request, head, pairs, problem)
    return _changed(request, head, pairs)


@require_POST
def draft_matrix_undo(request: HttpRequest, slug: str) -> HttpResponse:
    return _undo_or_redo(request, slug, undo_matrix_edit)


@require_POST
def draft_matrix_redo(request: HttpRequest, slug: str) -> HttpResponse:
    return _undo_or_redo(request, slug, redo_matrix_edit)


def _undo_or_redo(request: HttpRequest, slug: str, write: Any) -> HttpResponse:
    head = head_of(request, slug)
    try:
        write(edit_id=_edit_id(request), **_common(request, head))
    except (Conflict, NotFound) as problem:
        if isinstance(problem, NotFound) and not head.may_edit:
            raise
        return _refused(request, head, (), problem)
    return _changed(request, head, ())


def editor_of(
    request: HttpRequest, head: WorkflowHead, system: str = "", verb: str = ""
) -> EditorPage:
    """Give the editor with the rows and columns that its address asks for."""
    systems, verbs, query = asked(request)
    return editor_page(
        workflow_id=head.id,
        person_id=actor_of(request).id,
        more_systems=[*systems, *([system] if system else [])],
        more_verbs=[*verbs, *([verb] if verb else [])],
        query=query,
        address=reverse("draft_matrix", args=[head.slug]),
    )


def asked(request: HttpRequest) -> tuple[list[str], list[str], str]:
    """Read the rows and columns that are shown though they are still empty."""
    systems = [part for part in request.GET.getlist("system") if part]
    verbs = [part for part in request.GET.getlist("verb") if part]
    query = urlencode({"system": systems, "verb": verbs}, doseq=True)
    return systems, verbs, f"?{query}" if query else ""


def _save(
    request: HttpRequest, head: WorkflowHead, form: CellForm, system: str, verb: str
) -> None:
    is_quick = "quick" in request.POST
    row: dict[str, Any] | None = form.allowance(system, verb)
    if is_quick and row:
        # A key sets the answer and leaves the limits as they were.
        row = {"authority": form.cleaned_data["authority"]}
    seen = request.POST.get("seen", "")
    set_cells(
        changes=[CellChange(system, verb, row, seen, keeps_limits=is_quick)],
        revision=number_in(request, "revision"),
        **_common(request, head),
    )


def _common(request: HttpRequest, head: WorkflowHead) -> dict[str, Any]:
    return {
        "actor": actor_of(request),
        "workflow_id": head.id,
        "now": wall_clock(),
    }


def _cell_page(
    request: HttpRequest,
    head: WorkflowHead,
    place: tuple[str, str],
    context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    """Render one cell: its panel alone for a script, beside the whole grid otherwise."""
    system, verb = place
    cell = cell_page(
        workflow_id=head.id,
        system=system,
        verb=verb,
    )
    context = {"cell": cell, **context}
    context["form"] = context.get("form") or CellForm(initial=dict(cell.initial))
    if is_htmx(request):
        context["changed"] = _what_changed(request, head, [place])
        return _page(request, head, context["changed"], context, status)
    return _page(request, head, editor_of(request, head, system, verb), context, status)


def _page(
    request: HttpRequest,
    head: WorkflowHead,
    editor: Any,
    context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    blank = {"cell": None, "line": None, "changed": None, "lost": None, "problem": ""}
    return show(
        request,
        head,
        "registry/draft_matrix.html",
        blank
        | {"editor": editor, "tool_errors": {}, "tool": "", "errors": {}}
        | context,
        current="draft",
        title="What it may do",
        fragment=PANEL
        if context.get("cell") or context.get("line")
        else "matrix_editor",
        status=status,
    )


def _what_changed(request: HttpRequest, head: WorkflowHead, pairs: Pairs) -> Any:
    text = request.POST.get("revision", "")
    return changed_cells(
        workflow_id=head.id,
        person_id=actor_of(request).id,
        pairs=pairs,
        since=int(text) if text.isdecimal() and len(text) < 10 else None,
        query=asked(request)[2],
        address=reverse("draft_matrix", args=[head.slug]),
    )


def _changed(request: HttpRequest, head: WorkflowHead, pairs: Pairs) -> HttpResponse:
    if not is_htmx(request):
        return _back(request, head.slug, "draft_matrix")
    changed = _what_changed(request, head, pairs)
    return render(request, CHANGED, {"head": head, "editor": changed, "problem": ""})


def _refused(
    request: HttpRequest, head: WorkflowHead, pairs: Pairs, problem: Any
) -> HttpResponse:
    """Say why nothing was written, with the cells as they stand."""
    words = (
        " ".join(errors_of(problem).values())
        if isinstance(problem, Invalid)
        else problem.detail
    )
    status = 422 if isinstance(problem, Invalid) else 409
    if is_htmx(request):
        changed = _what_changed(request, head, pairs)
        context = {"head": head, "editor": changed, "problem": words}
        return render(request, CHANGED, context, status=status)
    return _page(request, head, editor_of(request, head), {"problem": words}, status)


def _back(request: HttpRequest, slug: str, name: str, *more: str) -> HttpResponse:
    """Go back to the grid or the cell, with the empty rows that were shown."""
    if name == "draft_matrix":
        messages.info(request, "Saved.")
    return redirect(reverse(name, args=[slug, *more]) + asked(request)[2])


def _edit_id(request: HttpRequest) -> UUID | None:
    text = request.POST.get("edit", "")
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise NotFound("There is no such edit.") from error
