"""The other parts of the draft: caps, stop rules, checks and tools.

What is typed and not saved is kept for whoever typed it (registry/operations/unsaved.py).
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.htmx import render
from registry.forms.drafts import (
    CapForm,
    CheckForm,
    StopRuleForm,
    ToolForm,
)
from registry.operations.drafts import remove_rule, set_rule
from registry.operations.unsaved import keep_words, throw_words_away
from registry.queries.drafts import Draft
from registry.queries.expressions import problem_in
from registry.queries.rule_lists import (
    caps_page,
    checks_page,
    stop_rule_page,
    stop_rules_page,
)
from registry.queries.unsaved import KeptWords, words_kept
from registry.queries.workflows import WorkflowHead
from registry.rules import unsaved
from registry.rules.rulebook import StopKind
from registry.views.common import errors_of, go, head_of, number_in, show

OURS = frozenset(
    {"csrfmiddlewaretoken", "revision", "seen", "page", "part", "chosen", "key_of_rule"}
)
REMOVABLE = {
    "stop_rules": "draft_stop_rules",
    "caps": "draft_caps",
    "checks": "draft_checks",
    "tools": "draft_checks",
}


@require_http_methods(["GET", "POST"])
def draft_caps(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    page = caps_page(workflow_id=head.id)
    kept = _kept(request, page.draft).get(unsaved.CAP)
    first = {"currency": page.currency, "window_hours": 24}
    form = CapForm(request.POST or None, initial=_begun(kept, CapForm, first))
    errors, lost = _attempt(
        request,
        form,
        lambda: set_rule(
            part="caps",
            row=form.row(),
            typed_in=unsaved.CAP,
            **_common(request, head),
        ),
    )
    if request.method == "POST" and not errors and not lost and form.is_valid():
        return go(request, "draft_caps", slug)
    return show(
        request,
        head,
        "registry/draft_caps.html",
        {
            "caps": page,
            "kept": kept,
            "form": form,
            "errors": errors,
            "lost": lost,
            "used": _of(head, "runs/of/{}/caps/"),
        },
        current="draft",
        title="Caps",
        step=(page.draft, "limits"),
        status=_status(request, lost),
    )


@require_GET
def draft_stop_rules(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    page = stop_rules_page(workflow_id=head.id)
    return show(
        request,
        head,
        "registry/draft_stop_rules.html",
        {"stop": page, "fired": _of(head, "rulings/of/{}/fired/")},
        current="draft",
        title="Stop rules",
        step=(page.draft, "stop-rules"),
    )


@require_http_methods(["GET", "POST"])
def draft_stop_rule(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    return _stop_rule(request, slug, key=key)


@require_http_methods(["GET", "POST"])
def draft_stop_rule_new(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    return _stop_rule(request, slug, kind=kind)


def _stop_rule(
    request: HttpRequest, slug: str, *, key: str = "", kind: str = ""
) -> HttpResponse:
    head = head_of(request, slug)
    page = stop_rule_page(workflow_id=head.id, key=key, kind=kind)
    typed_in = unsaved.rule_form(key) if key else unsaved.new_rule_form(page.kind)
    kept = _kept(request, page.draft).get(typed_in)
    form = StopRuleForm(
        request.POST or None, initial=_begun(kept, StopRuleForm, page.initial)
    )

    def save() -> None:
        row, wrong = form.row(page.kind, key)
        if page.kind == StopKind.EXPRESSION and (
            complaint := problem_in(row["params"].get("source", ""))
        ):
            wrong = {**wrong, "source": complaint}
        if wrong:
            raise Invalid(wrong)
        set_rule(
            part="stop_rules", row=row, typed_in=typed_in, **_common(request, head)
        )

    # Somebody who tried the rule comes back with it unsaved.
    is_back = "back" in request.POST
    errors, lost = _attempt(request, form, save, is_kept=not is_back)
    is_saved = request.method == "POST" and not is_back and form.is_valid()
    if is_saved and not errors and not lost:
        return go(request, "draft_stop_rules", slug)
    return show(
        request,
        head,
        "registry/draft_stop_rule.html",
        {
            "rule": page,
            "kept": kept,
            "typed_in": typed_in,
            "form": form,
            "errors": errors,
            "lost": lost,
            "past": _of(head, "rulings/of/{}/past/"),
            "try_it": _of(head, f"rulings/of/{{}}/try/{page.kind}/"),
        },
        current="draft",
        title=page.kind_label,
        step=(page.draft, "stop-rules"),
        status=200 if is_back else _status(request, lost),
    )


@require_http_methods(["GET", "POST"])
def draft_checks(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    page = checks_page(workflow_id=head.id)
    kept = _kept(request, page.draft)
    is_tool = request.POST.get("part") == "tools"
    check = CheckForm(
        request.POST if request.method == "POST" and not is_tool else None,
        initial=_begun(kept.get(unsaved.CHECK), CheckForm, {}),
    )
    tool = ToolForm(
        request.POST if request.method == "POST" and is_tool else None,
        initial=_begun(
            kept.get(unsaved.TOOL),
            ToolForm,
            {"name": request.GET.get("tool", "")[:120]},
        ),
    )
    form = tool if is_tool else check
    errors, lost = _attempt(
        request,
        form,
        lambda: set_rule(
            part="tools" if is_tool else "checks",
            row=form.cleaned_data,
            typed_in=unsaved.TOOL if is_tool else unsaved.CHECK,
            **_common(request, head),
        ),
    )
    if request.method == "POST" and not errors and not lost and form.is_valid():
        return go(request, "draft_checks", slug)
    return show(
        request,
        head,
        "registry/draft_checks.html",
        {
            "checks": page,
            "kept_check": kept.get(unsaved.CHECK),
            "kept_tool": kept.get(unsaved.TOOL),
            "check": check,
            "tool": tool,
            "errors": errors,
            "lost": lost,
        },
        current="draft",
        title="Checks and tools",
        step=(page.draft, "checks"),
        status=_status(request, lost),
    )


@require_POST
def draft_remove(request: HttpRequest, slug: str, part: str) -> HttpResponse:
    head = head_of(request, slug)
    if part not in REMOVABLE:
        raise NotFound("There is no such part.")
    key = request.POST.get("key", "")
    remove_rule(part=part, key=key, **_common(request, head))
    return go(request, REMOVABLE[part], slug)


@require_POST
def draft_unsaved(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    """Keep what was typed into one form, or throw it away and go back to the form."""
    head = head_of(request, slug)
    actor = actor_of(request)
    if "forget" in request.POST:
        throw_words_away(actor=actor, workflow_id=head.id, form=form)
        name, argument = KeptWords(form, {}, wall_clock()).address
        return go(request, name, slug, *([argument] if argument else []))
    words = {name: said for name, said in request.POST.lists() if name not in OURS}
    kept = keep_words(
        actor=actor, workflow_id=head.id, form=form, words=words, now=wall_clock()
    )
    return render(request, "registry/_kept_words.html", {"at": kept.at})


def _kept(request: HttpRequest, draft: Draft) -> dict[str, KeptWords]:
    return words_kept(version_id=draft.version_id, actor=actor_of(request))


def _begun(kept: KeptWords | None, form, initial: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a form begins with: the words that were kept, over what is saved."""
    return {**initial, **(kept.initial(form.base_fields) if kept else {})}


def _of(head: WorkflowHead, address: str) -> str:
    """Give another room's page about this workflow, which is known here by its address only."""
    return "/" + address.format(quote(head.slug))


def _attempt(
    request: HttpRequest, form, save: Callable[[], object], *, is_kept: bool = True
) -> tuple[dict[str, str], Conflict | None]:
    """Save what a valid form says; gives what is wrong, or who was faster."""
    if request.method != "POST" or not is_kept or not form.is_valid():
        return {}, None
    try:
        save()
    except Invalid as problem:
        return errors_of(problem), None
    except Conflict as problem:
        return {}, problem
    return {}, None


def _common(request: HttpRequest, head) -> dict:
    return {
        "actor": actor_of(request),
        "workflow_id": head.id,
        "revision": number_in(request, "revision"),
        "seen": request.POST.get("seen", ""),
        "now": wall_clock(),
    }


def _status(request: HttpRequest, lost: Conflict | None) -> int:
    if lost is not None:
        return 409
    return 422 if request.method == "POST" else 200
