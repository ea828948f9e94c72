"""Writing the one page: the overview, the basics, the ten questions, a file."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid
from registry.forms import BasicsForm, FileForm
from registry.operations.drafts import answer_question, discard_draft, set_basics
from registry.operations.loading import load_into, read_page
from registry.operations.packets import new_version
from registry.queries.drafts import answer_page, draft_of, draft_page
from registry.queries.templates import example_of
from registry.queries.workflows import PHASE_NAMES, WorkflowHead
from registry.views.common import errors_of, go, head_of, number_in, show

SAVED = "saved_state"
FILE_BYTES_MAX = 1024 * 1024


@require_GET
def workflow_draft(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    context: dict = {"draft_page": None}
    if head.has_draft:
        context["draft_page"] = draft_page(workflow_id=head.id)
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
def draft_basics(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    draft = draft_of(workflow_id=head.id)
    form = BasicsForm(request.POST or None, initial=dict(draft.document))
    errors: dict[str, str] = {}
    lost = None
    if request.method == "POST" and form.is_valid():
        try:
            set_basics(
                actor=actor_of(request),
                workflow_id=head.id,
                revision=number_in(request, "revision"),
                changes=form.cleaned_data,
                seen=request.POST.get("seen", ""),
                now=wall_clock(),
            )
        except Invalid as problem:
            errors = errors_of(problem)
        except Conflict as problem:
            lost = problem
        else:
            return go(request, "draft_answer", slug, "what_changes")
    return show(
        request,
        head,
        "registry/draft_basics.html",
        {
            "draft": draft,
            "form": form,
            "errors": errors,
            "lost": lost,
            "seen": draft.seen("basics"),
            "phases": [
                (number, f"Phase {number}", words)
                for number, words in PHASE_NAMES.items()
            ],
        },
        current="draft",
        title="Name and purpose",
        step=(draft, "basics"),
        status=_status(request, lost),
    )


@require_http_methods(["GET", "POST"])
def draft_answer(request: HttpRequest, slug: str, question: str) -> HttpResponse:
    head = head_of(request, slug)
    page = answer_page(workflow_id=head.id, key=question)
    if request.method == "GET":
        return _answer(request, head, page)
    text = request.POST.get("text", "")
    try:
        answer_question(
            actor=actor_of(request),
            workflow_id=head.id,
            revision=number_in(request, "revision"),
            question=question,
            text=text,
            seen=request.POST.get("seen", ""),
            now=wall_clock(),
        )
    except Conflict as problem:
        return _answer(request, head, page, text=text, lost=problem, status=409)
    except Invalid as problem:
        return _answer(
            request, head, page, text=text, errors=errors_of(problem), status=422
        )
    if request.headers.get("HX-Request") == "true":
        return _answer(
            request, head, answer_page(workflow_id=head.id, key=question), is_saved=True
        )
    if page.following and "stay" not in request.POST:
        return go(request, "draft_answer", slug, page.following)
    return go(request, "workflow_draft", slug)


def _answer(
    request: HttpRequest,
    head: WorkflowHead,
    page,
    *,
    text: str | None = None,
    lost: Conflict | None = None,
    errors: dict[str, str] | None = None,
    is_saved: bool = False,
    status: int = 200,
) -> HttpResponse:
    example = example_of(page.draft.document.get("template", ""), page.question.key)
    return show(
        request,
        head,
        "registry/draft_answer.html",
        {
            "answer": page,
            "text": page.text if text is None else text,
            "lost": lost,
            "errors": errors or {},
            "is_saved": is_saved,
            "example": example or page.question.example,
        },
        current="draft",
        title=page.question.short,
        step=(page.draft, "answers"),
        fragment=SAVED,
        status=status,
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
                document=read_page(_text_of(form)),
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


def _text_of(form: FileForm) -> str:
    uploaded = form.cleaned_data["file"]
    if uploaded is None:
        return form.cleaned_data["text"]
    if uploaded.size > FILE_BYTES_MAX:
        raise Invalid({"file": f"At most {FILE_BYTES_MAX // 1024} KiB are read."})
    try:
        return uploaded.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid({"file": "This is not UTF-8 text."}) from error


def _status(request: HttpRequest, lost: Conflict | None) -> int:
    if lost is not None:
        return 409
    return 422 if request.method == "POST" else 200
