"""Importing an inventory: upload, match the columns, look at every row, register, take back."""

from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.accounts.costly import costly
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Forbidden, Invalid
from portal.core.htmx import render
from portal.core.http import csv_response
from registry.operations.importing import (
    ask_to_apply,
    check_inventory,
    discard_import,
    take_in,
)
from registry.operations.importing_undo import undo_import
from registry.queries.importing import (
    STATUSES,
    ImportHead,
    import_head,
    imports_of,
    report_of,
    whole_report,
)
from registry.queries.importing_columns import ColumnsPage, columns_page
from registry.queries.inventory_files import too_large
from registry.rules.inventory import FILE_BYTES_MAX, MEANINGS, ROWS_MAX
from registry.rules.inventory_text import DELIMITERS, ENCODINGS
from registry.views.common import errors_of, go
from registry.views.importing_form import wanted_of

PROGRESS = "import_progress"
LINES = "report_lines"
MATCHED = "columns_matched"
REPORT_HEAD = ("line", "what becomes of it", "name", "number", "reason", "address")


@require_http_methods(["GET", "POST"])
@costly
def imports(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            name, data = _uploaded(request.FILES.get("file"))
            import_id = take_in(
                actor=actor, file_name=name, data=data, now=wall_clock()
            )
        except (Invalid, Conflict) as problem:
            errors = errors_of(problem)
        else:
            return go(request, "import_columns", import_id)
    return render(
        request,
        "registry/imports.html",
        {
            "crumbs": [("Workflows", reverse("workflows")), ("Import", "")],
            "errors": errors,
            "found": imports_of(actor=actor),
            "bytes_max": FILE_BYTES_MAX,
            "rows_max": ROWS_MAX,
            "steps": _steps("file", None),
        },
        status=422 if errors else 200,
    )


@require_GET
def import_page(request: HttpRequest, import_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    head = import_head(actor=actor, import_id=import_id)
    if head.state == "UPLOADED":
        return go(request, "import_columns", import_id)
    status = request.GET.get("status", "")
    found = report_of(
        actor=actor,
        import_id=import_id,
        status=status,
        cursor=request.GET.get("cursor"),
    )
    fragment = PROGRESS if "progress" in request.GET else LINES
    return _show(
        request,
        head,
        "registry/import.html",
        {
            "found": found,
            "status": status,
            "statuses": [
                (value, word, head.counts.get(value, 0))
                for value, word in STATUSES
                if head.counts.get(value)
                and not (value == "READY" and head.counts.get("MADE") is not None)
            ],
            "kept": f"status={status}&" if status else "",
        },
        step="register" if head.state not in ("CHECKED", "FAILED") else "check",
        fragment=fragment,
    )


@require_http_methods(["GET", "POST"])
@costly
def import_columns(request: HttpRequest, import_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    head = import_head(actor=actor, import_id=import_id)
    if not head.may_change:
        return go(request, "import_page", import_id)
    is_check = request.POST.get("do") == "check"
    wanted = wanted_of(request.POST) if request.method == "POST" else None
    page = columns_page(actor=actor, import_id=import_id, wanted=wanted)
    errors = dict(page.problems)
    if is_check and not errors:
        try:
            check_inventory(
                actor=actor,
                import_id=import_id,
                reading=page.reading,
                choices=page.choices,
                now=wall_clock(),
            )
        except (Invalid, Conflict, Forbidden) as problem:
            errors = (
                {"": problem.detail}
                if isinstance(problem, Forbidden)
                else errors_of(problem)
            )
        else:
            return go(request, "import_page", import_id)
    return _show(
        request,
        head,
        "registry/import_columns.html",
        {
            "page": page,
            "errors": errors,
            "is_check": is_check,
            "meanings": list(MEANINGS.items()),
            "encodings": list(ENCODINGS.items()),
            "delimiters": list(DELIMITERS.items()),
            **_options(page),
        },
        step="columns",
        fragment=MATCHED,
        status=422 if is_check else 200,
    )


@require_GET
def import_report(request: HttpRequest, import_id: UUID) -> StreamingHttpResponse:
    actor = actor_of(request)
    lines = whole_report(actor=actor, import_id=import_id)
    return csv_response(
        "import-report.csv",
        REPORT_HEAD,
        (
            (
                str(line.line),
                line.status_word,
                line.name,
                line.identifier,
                line.reason,
                reverse("workflow", args=[line.slug]) if line.slug else "",
            )
            for line in lines
        ),
    )


@require_POST
def import_apply(request: HttpRequest, import_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    ask_to_apply(actor=actor, import_id=import_id, now=wall_clock())
    return go(request, "import_page", import_id)


@require_http_methods(["GET", "POST"])
def import_undo(request: HttpRequest, import_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    head = import_head(actor=actor, import_id=import_id)
    if request.method == "POST":
        undone = undo_import(actor=actor, import_id=import_id, now=wall_clock())
        said = f"{undone.undone:,} workflows were taken back."
        if undone.kept:
            said += f" {undone.kept:,} stay, because somebody has changed them."
        return go(request, "import_page", import_id, said=said)
    if head.state != "APPLIED":
        return go(request, "import_page", import_id)
    return _show(request, head, "registry/import_undo.html", {}, step="register")


@require_POST
def import_discard(request: HttpRequest, import_id: UUID) -> HttpResponse:
    discard_import(actor=actor_of(request), import_id=import_id)
    return go(request, "imports", said="The file was discarded.")


def _options(page: ColumnsPage) -> dict:
    """Give the choices of the form, and the sentence over the first rows."""
    ready = page.counts.get("READY", 0)
    others = sum(page.counts.values()) - ready
    return {
        "sheet_options": [(each, each) for each in page.read.sheets]
        if page.read
        else [],
        "line_options": [
            (line, f"Line {line}: {words}") for line, words in page.read.first_lines
        ]
        if page.read
        else [],
        "department_options": [
            (each.value, each.label) for each in page.known_departments
        ],
        "department_names": {each.value: each.label for each in page.known_departments},
        "template_options": [(each.value, each.label) for each in page.templates],
        "counts_sentence": f"{ready:,} rows would be registered, {others:,} would not.",
    }


def _uploaded(file: UploadedFile | None) -> tuple[str, bytes]:
    if file is None or not file.name:
        raise Invalid({"file": "Choose a file."})
    if (file.size or 0) > FILE_BYTES_MAX:
        raise Invalid({"file": too_large(file.size or 0)})
    return file.name, file.read()


def _show(
    request: HttpRequest,
    head: ImportHead,
    template: str,
    context: dict,
    *,
    step: str,
    fragment: str | None = None,
    status: int = 200,
) -> HttpResponse:
    crumbs = [
        ("Workflows", reverse("workflows")),
        ("Import", reverse("imports")),
        (head.file_name, ""),
    ]
    return render(
        request,
        template,
        {"crumbs": crumbs, "head": head, "steps": _steps(step, head), **context},
        fragment=fragment,
        status=status,
    )


def _steps(current: str, head: ImportHead | None) -> list[dict[str, str]]:
    """Give the four steps of an import; one that can be gone back to is a link."""
    order = ("file", "columns", "check", "register")
    labels = ("Choose a file", "Match its columns", "Look at the rows", "Register them")
    at = order.index(current)
    is_over = head is not None and head.state in ("APPLIED", "UNDONE")
    items = []
    for place, (key, label) in enumerate(zip(order, labels, strict=True)):
        state = (
            "done" if place < at or is_over else "current" if place == at else "todo"
        )
        href = ""
        if key == "columns" and head is not None and head.may_change and place < at:
            href = reverse("import_columns", args=[head.id])
        items.append({"label": label, "state": state, "href": href})
    return items
