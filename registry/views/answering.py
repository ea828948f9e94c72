"""The basics and the ten questions: saved as they are typed, and never over somebody.

A save names the page it comes from and what that page saw. When somebody else saved the
same part, nothing is written: the second reads both texts and says which one stays.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import is_htmx
from registry.forms.drafts import BasicsForm
from registry.operations.drafts import answer_question, set_basics
from registry.queries.drafts import AnswerPage, Draft, answer_page, draft_of
from registry.queries.parts import BASICS, fingerprint
from registry.queries.progress import notes_of
from registry.queries.suggestions import start_of, suggestions_for
from registry.queries.workflows import PHASE_NAMES, WorkflowHead
from registry.views.common import errors_of, go, head_of, show
from registry.views.saving import BOTH, MINE, SAVED, THEIRS, Seen, saving_shown, seen_by

_LABELS = {
    "name": "Name",
    "purpose": "What it is for",
    "phase": "Phase",
    "risk": "Risk",
    "currency": "Currency",
    "units": "What it counts",
}


@require_http_methods(["GET", "POST"])
def draft_answer(request: HttpRequest, slug: str, question: str) -> HttpResponse:
    head = head_of(request, slug)
    page = answer_page(workflow_id=head.id, key=question)
    if request.method == "GET":
        return _answer(request, head, page, start=request.GET.get("start", ""))
    keep = request.POST.get("keep", "")
    if keep == THEIRS:
        return go(request, "draft_answer", slug, question)
    text = request.POST.get("text", "")
    if keep == BOTH and page.text.strip() not in text:
        text = f"{text.rstrip()}\n\n{page.text}"
    try:
        saved = _save_answer(request, head, page, text, is_chosen=keep in (MINE, BOTH))
    except Conflict as problem:
        theirs = answer_page(workflow_id=head.id, key=question)
        return _answer(request, head, theirs, text=text, lost=problem, status=409)
    except Invalid as problem:
        return _answer(
            request, head, page, text=text, errors=errors_of(problem), status=422
        )
    if is_htmx(request):
        return _answer(request, head, page, text=text, saved=saved)
    if keep == BOTH or "stay" in request.POST:
        return go(request, "draft_answer", slug, question)
    if page.following:
        return go(request, "draft_answer", slug, page.following)
    return go(request, "workflow_draft", slug)


def _save_answer(
    request: HttpRequest,
    head: WorkflowHead,
    page: AnswerPage,
    text: str,
    *,
    is_chosen: bool,
) -> Seen:
    # A person who goes on over the template's words stands behind them: that is a save.
    is_same = text.strip() == page.text.strip()
    if is_same and head.may_edit and (is_htmx(request) or page.line.is_answered):
        return Seen(page.draft.revision, page.seen)
    revision, seen = seen_by(request, is_chosen=is_chosen)
    key = page.question.key
    saved = answer_question(
        actor=actor_of(request),
        workflow_id=head.id,
        revision=revision,
        question=key,
        text=text,
        seen=seen,
        page=request.POST.get("page", ""),
        now=wall_clock(),
    )
    written = {"answers": {key: text.strip()}}
    return Seen(saved.revision, fingerprint(written, f"answers.{key}"))


def _answer(
    request: HttpRequest,
    head: WorkflowHead,
    page: AnswerPage,
    *,
    text: str | None = None,
    start: str = "",
    lost: Conflict | None = None,
    errors: dict[str, str] | None = None,
    saved: Seen | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = page.text if text is None else text
    suggestions = suggestions_for(page, workflow_id=head.id)
    begun = suggestions[int(start) - 1 :][:1] if start in ("1", "2") else ()
    if begun:
        shown = start_of(page, begun[0].text)
    return show(
        request,
        head,
        "registry/draft_answer.html",
        {
            "answer": page,
            "text": shown,
            "is_started": bool(begun),
            "suggestions": suggestions,
            "errors": errors or {},
            "saving": saving_shown(
                request, page.draft, page.seen, page.note, lost, saved
            ),
        },
        current="draft",
        title=page.question.short,
        step=(page.draft, "answers"),
        fragment=SAVED,
        status=status,
    )


@require_http_methods(["GET", "POST"])
def draft_basics(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    draft = draft_of(workflow_id=head.id)
    form = BasicsForm(request.POST or None, initial=dict(draft.document))
    if request.method == "GET":
        return _basics(request, head, draft, form)
    keep = request.POST.get("keep", "")
    if keep == THEIRS:
        return go(request, "draft_basics", slug)
    if not form.is_valid():
        errors = {
            name: " ".join(map(str, found)) for name, found in form.errors.items()
        }
        return _basics(request, head, draft, form, errors=errors, status=422)
    try:
        saved = _save_basics(
            request, head, draft, form.cleaned_data, is_chosen=keep == MINE
        )
    except Invalid as problem:
        return _basics(
            request, head, draft, form, errors=errors_of(problem), status=422
        )
    except Conflict as problem:
        theirs = draft_of(workflow_id=head.id)
        return _basics(request, head, theirs, form, lost=problem, status=409)
    if is_htmx(request):
        return _basics(request, head, draft, form, saved=saved)
    return go(request, "draft_answer", slug, "what_changes")


def _save_basics(
    request: HttpRequest,
    head: WorkflowHead,
    draft: Draft,
    said: dict[str, Any],
    *,
    is_chosen: bool,
) -> Seen:
    is_same = all(draft.document.get(key) == value for key, value in said.items())
    if is_same and head.may_edit:
        return Seen(draft.revision, draft.seen("basics"))
    revision, seen = seen_by(request, is_chosen=is_chosen)
    saved = set_basics(
        actor=actor_of(request),
        workflow_id=head.id,
        revision=revision,
        changes=said,
        seen=seen,
        page=request.POST.get("page", ""),
        now=wall_clock(),
    )
    return Seen(saved.revision, fingerprint(said, "basics"))


def _basics(
    request: HttpRequest,
    head: WorkflowHead,
    draft: Draft,
    form: BasicsForm,
    *,
    errors: dict[str, str] | None = None,
    lost: Conflict | None = None,
    saved: Seen | None = None,
    status: int = 200,
) -> HttpResponse:
    note = notes_of(version_id=draft.version_id).get("basics")
    theirs = [
        (_LABELS[key], str(draft.document.get(key) or "nothing"))
        for key in BASICS
        if lost and str(form[key].value() or "") != str(draft.document.get(key) or "")
    ]
    return show(
        request,
        head,
        "registry/draft_basics.html",
        {
            "draft": draft,
            "form": form,
            "errors": errors or {},
            "theirs": theirs,
            "saving": saving_shown(
                request, draft, draft.seen("basics"), note, lost, saved
            ),
            "phases": [
                (number, f"Phase {number}", words)
                for number, words in PHASE_NAMES.items()
            ],
        },
        current="draft",
        title="Name and purpose",
        step=(draft, "basics"),
        fragment=SAVED,
        status=status,
    )
