"""Pasting into the matrix: what is read is shown before anything is written."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid
from registry.forms.matrix import PasteForm
from registry.operations.cells import CellChange, set_cells
from registry.queries.editor import EditorPage
from registry.queries.pasting import Preview, matrix_as_text, paste_preview
from registry.queries.workflows import WorkflowHead
from registry.views.common import errors_of, head_of, show
from registry.views.matrix import asked, editor_of

CHANGED_MEANWHILE = (
    "Somebody changed cells of this preview meanwhile. Nothing was written; this is what"
    " the paste would change now."
)


@require_http_methods(["GET", "POST"])
def draft_matrix_paste(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    editor = editor_of(request, head)
    form = PasteForm(request.POST or None)
    preview: Preview | None = None
    problem, status = "", 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            preview = _preview(editor, form)
            status = 422 if preview.problems else 200
            if "apply" in request.POST and preview.can_apply:
                problem, status = _apply(request, head, preview)
                if not problem:
                    query = asked(request)[2]
                    return redirect(reverse("draft_matrix", args=[slug]) + query)
    return show(
        request,
        head,
        "registry/draft_matrix_paste.html",
        {
            "editor": editor,
            "form": form,
            "text": form["text"].value() if form.is_bound else matrix_as_text(editor),
            "at": form["at"].value() or request.GET.get("at", ""),
            "preview": preview,
            "problem": problem,
        },
        current="draft",
        title="Paste into the matrix",
        status=status,
    )


def _preview(editor: EditorPage, form: PasteForm) -> Preview:
    said: dict[str, Any] = form.cleaned_data
    return paste_preview(
        editor, text=said["text"], at=said["at"], keeps_blank=said["keeps_blank"]
    )


def _apply(
    request: HttpRequest, head: WorkflowHead, preview: Preview
) -> tuple[str, int]:
    """Write what the preview showed, all or nothing; gives what went wrong."""
    if request.POST.get("stamp") != preview.stamp:
        return CHANGED_MEANWHILE, 409
    changes = [
        CellChange(line.system, line.verb, line.row, line.seen)
        for line in preview.lines
    ]
    try:
        set_cells(
            actor=actor_of(request),
            workflow_id=head.id,
            changes=changes,
            what=f"{len(changes)} cells pasted" if len(changes) > 1 else "",
            now=wall_clock(),
        )
    except Conflict as problem:
        return problem.detail, 409
    except Invalid as problem:
        return " ".join(errors_of(problem).values()), 422
    return "", 200
