"""The other parts of the draft: guardrail, caps, stop rules, checks and tools."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid, NotFound
from registry.forms import CapForm, CheckForm, GuardrailForm, StopRuleForm, ToolForm
from registry.operations.drafts import remove_rule, set_part, set_rule
from registry.queries.expressions import problem_in
from registry.queries.rule_lists import (
    caps_page,
    checks_page,
    guardrail_page,
    stop_rule_page,
    stop_rules_page,
)
from registry.rules.rulebook import StopKind
from registry.views.common import errors_of, go, head_of, number_in, show

REMOVABLE = {
    "stop_rules": "draft_stop_rules",
    "caps": "draft_caps",
    "checks": "draft_checks",
    "tools": "draft_checks",
}


@require_http_methods(["GET", "POST"])
def draft_guardrail(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    page = guardrail_page(workflow_id=head.id)
    form = GuardrailForm(request.POST or None, initial=dict(page.initial))
    errors, lost = _attempt(
        request,
        form,
        lambda: set_part(
            part="guardrail", value=form.guardrail(), **_common(request, head)
        ),
    )
    if request.method == "POST" and not errors and not lost and form.is_valid():
        return go(request, "draft_stop_rules", slug)
    return show(
        request,
        head,
        "registry/draft_guardrail.html",
        {"rail": page, "form": form, "errors": errors, "lost": lost},
        current="draft",
        title="Guardrails",
        step=(page.draft, "guardrails"),
        status=_status(request, lost),
    )


@require_http_methods(["GET", "POST"])
def draft_caps(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    page = caps_page(workflow_id=head.id)
    form = CapForm(
        request.POST or None, initial={"currency": page.currency, "window_hours": 24}
    )
    errors, lost = _attempt(
        request,
        form,
        lambda: set_rule(part="caps", row=form.row(), **_common(request, head)),
    )
    if request.method == "POST" and not errors and not lost and form.is_valid():
        return go(request, "draft_caps", slug)
    return show(
        request,
        head,
        "registry/draft_caps.html",
        {"caps": page, "form": form, "errors": errors, "lost": lost},
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
        {"stop": page},
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
    form = StopRuleForm(request.POST or None, initial=dict(page.initial))

    def save() -> None:
        row = form.row(page.kind, key)
        if page.kind == StopKind.EXPRESSION and (
            wrong := problem_in(row["params"].get("source", ""))
        ):
            raise Invalid({"source": wrong})
        set_rule(part="stop_rules", row=row, **_common(request, head))

    errors, lost = _attempt(request, form, save)
    if request.method == "POST" and not errors and not lost and form.is_valid():
        return go(request, "draft_stop_rules", slug)
    return show(
        request,
        head,
        "registry/draft_stop_rule.html",
        {"rule": page, "form": form, "errors": errors, "lost": lost},
        current="draft",
        title=page.kind_label,
        step=(page.draft, "stop-rules"),
        status=_status(request, lost),
    )


@require_http_methods(["GET", "POST"])
def draft_checks(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    page = checks_page(workflow_id=head.id)
    is_tool = request.POST.get("part") == "tools"
    check = CheckForm(
        request.POST if request.method == "POST" and not is_tool else None
    )
    tool = ToolForm(request.POST if request.method == "POST" and is_tool else None)
    form = tool if is_tool else check
    part = "tools" if is_tool else "checks"
    errors, lost = _attempt(
        request,
        form,
        lambda: set_rule(part=part, row=form.cleaned_data, **_common(request, head)),
    )
    if request.method == "POST" and not errors and not lost and form.is_valid():
        return go(request, "draft_checks", slug)
    return show(
        request,
        head,
        "registry/draft_checks.html",
        {"checks": page, "check": check, "tool": tool, "errors": errors, "lost": lost},
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


def _attempt(
    request: HttpRequest, form, save: Callable[[], object]
) -> tuple[dict[str, str], Conflict | None]:
    """Save what a valid form says; gives what is wrong, or who was faster."""
    if request.method != "POST" or not form.is_valid():
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
