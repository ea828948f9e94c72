"""Rules tried on real actions, for the pages that write them: parts of pages, kept nowhere."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from approvals.queries.fired import fired_page, fired_rules
from approvals.queries.rehearsing import Rehearsal, rehearse_guardrail
from approvals.queries.trying import past_to_choose, try_stop_rule
from portal.accounts.actors import actor_of
from portal.accounts.costly import costly
from portal.core.clock import wall_clock
from portal.core.errors import Invalid
from portal.core.htmx import is_htmx, render
from registry.queries.workflows import WorkflowHead, workflow_head

KEYS_MAX = 100
RAIL_FIELDS = (
    "confidence_min", "confidence_escalate", "risk_review", "risk_escalate",
    "amount_review", "amount_escalate", "currency",
)  # fmt: skip
# What a form sends beside the rule itself.
_NOT_THE_RULE = frozenset({"csrfmiddlewaretoken", "chosen", "key", "back"})


@require_safe
def past(request: HttpRequest, slug: str) -> HttpResponse:
    """List the last real actions, as choices to try a rule on."""
    lines = past_to_choose(actor=actor_of(request), slug=slug)
    shown = {"lines": lines, "crumbs": _crumbs(request, slug, "Last actions")}
    return render(request, "approvals/rulings_past.html", shown, fragment="choices")


@require_POST
@costly
def try_rule(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """Try a stop rule as typed. Nothing is saved, ruled or reserved."""
    said = {name: request.POST.get(name, "") for name in request.POST}
    verbs = request.POST.getlist("applies_to")
    key = request.POST.get("key", "")
    try:
        tried = try_stop_rule(
            actor=actor_of(request),
            slug=slug,
            kind=kind,
            key=key,
            said={**said, "applies_to": verbs},
            chosen=request.POST.get("chosen", ""),
        )
        wrong: dict[str, str] = {}
    except Invalid as problem:
        tried, wrong = None, dict(problem.fields)
    where = ("draft_stop_rule", key) if key else ("draft_stop_rule_new", kind)
    shown = {
        "tried": tried,
        "wrong": wrong,
        "back": reverse(where[0], args=[slug, where[1]]),
        "typed": [
            (name, value)
            for name in request.POST
            if name not in _NOT_THE_RULE
            for value in request.POST.getlist(name)
        ],
        "crumbs": _crumbs(request, slug, "Try the stop rule"),
    }
    return render(
        request,
        "approvals/rulings_tried.html",
        shown,
        fragment="tried",
        status=422 if wrong else 200,
    )


@require_safe
def fired(request: HttpRequest, slug: str) -> HttpResponse:
    """Say how often each stop rule fired; the list of rules loads it into its lines."""
    found = fired_rules(
        actor=actor_of(request),
        slug=slug,
        keys=request.GET.getlist("rule")[:KEYS_MAX],
        now=wall_clock(),
    )
    shown = {"fired": found, "crumbs": _crumbs_of(found.head, "How often rules fired")}
    return render(request, "approvals/rulings_fired.html", shown, fragment="fired")


@require_safe
def fired_by(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """List every time that one stop rule fired."""
    page = fired_page(actor=actor_of(request), slug=slug, key=key, now=wall_clock())
    shown = {"page": page, "crumbs": _crumbs_of(page.head, f"Fired: {key}")}
    return render(request, "approvals/rulings_fired_by.html", shown)


@require_safe
@costly
def guardrail(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what the last hundred actions would have been answered under other guardrails."""
    said = {name: request.GET.get(name, "") for name in RAIL_FIELDS}
    found: Rehearsal | None = None
    wrong: dict[str, str] = {}
    try:
        found = rehearse_guardrail(
            actor=actor_of(request),
            slug=slug,
            said=said,
            scale=request.GET.get("scale", ""),
        )
    except Invalid as problem:
        wrong = dict(problem.fields)
    shown = {
        "found": found,
        "wrong": wrong,
        "crumbs": _crumbs(request, slug, "Guardrails tried"),
        "back": reverse("draft_guardrail", args=[slug]),
        "is_part": is_htmx(request),
    }
    return render(
        request,
        "approvals/rulings_guardrail.html",
        shown,
        fragment="what_if",
        status=422 if wrong else 200,
    )


def _crumbs(request: HttpRequest, slug: str, last: str) -> list[tuple[str, str]]:
    return _crumbs_of(workflow_head(actor=actor_of(request), slug=slug), last)


def _crumbs_of(head: WorkflowHead, last: str) -> list[tuple[str, str]]:
    return [
        ("Workflows", reverse("workflows")),
        (head.name, reverse("workflow", args=[head.slug])),
        (last, ""),
    ]
