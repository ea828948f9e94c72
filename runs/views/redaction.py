"""What is hidden in runs: the rules, trying them out, and looking at an original."""

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from portal.accounts.actors import actor_of
from portal.accounts.confirming import is_fresh, keep_typed, typed_before
from portal.accounts.costly import ASKED
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, ConfirmFirst, Forbidden, Gone, Invalid
from portal.core.htmx import render
from portal.core.rate_limit import RateLimit
from runs.operations.redacting import Tried, tried
from runs.operations.redaction_rules import hide_field, leave_readable, remove_rule
from runs.operations.revealing import Revealed, reveal_token
from runs.queries.redactions import (
    RedactionPage,
    hidden_in,
    may_reveal,
    policy_of,
    redaction_page,
    revealers_of,
    reveals_lately,
    rule_seen_by,
)
from runs.rules.redacting.detecting import OPTIONAL
from runs.rules.redacting.tokens import kind_of, pieces, words

INVALID = 422
TRIED_LENGTH_MAX = 20_000
TITLE, EVERYWHERE = "What is hidden", "Hidden in every workflow"
# A person looks at a few originals; who reads them off by the hundred is slowed down.
REVEALING = RateLimit(per_second=1 / 60, burst=10)


@require_http_methods(["GET", "HEAD", "POST"])
def redaction(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Show what is hidden in a workflow, or in all; take a change, or a text to try."""
    if request.method != "POST":
        return _page(request, slug)
    change = request.POST.get("change", "")
    if change == "try":
        return _try(request, slug)
    try:
        said = _change(request, slug, change)
    except Invalid as problem:
        return _page(request, slug, errors=problem.fields, status=INVALID)
    except AlreadyDone as done:
        said = done.detail
    messages.info(request, said)
    return HttpResponseRedirect(_address(slug))


@require_http_methods(["GET", "HEAD", "POST"])
def redaction_remove(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    """Ask why a rule goes, and remove it."""
    actor = actor_of(request)
    rule = rule_seen_by(actor, rule_id)
    slug = rule.workflow.slug if rule.workflow else None
    errors: Mapping[str, str] = {}
    if request.method == "POST":
        try:
            remove_rule(
                actor=actor,
                rule_id=rule_id,
                reason=request.POST.get("reason", ""),
                now=wall_clock(),
            )
        except Invalid as problem:
            errors = problem.fields
        except AlreadyDone as done:
            messages.info(request, done.detail)
            return HttpResponseRedirect(_address(slug))
        else:
            messages.info(request, "Removed. It holds for what is told from now on.")
            return HttpResponseRedirect(_address(slug))
    page = redaction_page(actor=actor, slug=slug)
    hides = rule.kind == "FIELD"
    if not (page.may_show if hides else page.may_hide):
        raise Forbidden(
            "Only the business owner and the risk owner let more be read.",
            code="redaction.not_yours",
            who_can_help=" or ".join(page.may_look) or "An administrator.",
        )
    shown = {
        "page": page,
        "rule_id": rule_id,
        "hides": hides,
        "what": rule.text if hides else words(rule.text),
        "reason": request.POST.get("reason", ""),
        "errors": errors,
        "address": _address(slug),
        "crumbs": [*_crumbs(page), ("Remove", "")],
    }
    status = INVALID if errors else 200
    return render(request, "runs/redaction_remove.html", shown, status=status)


@require_safe
def reveals(request: HttpRequest, slug: str) -> HttpResponse:
    """Give who looked at what was hidden lately, as the workflow's page loads it."""
    head, rows = reveals_lately(actor=actor_of(request), slug=slug)
    shown = {"head": head, "reveals": rows, "crumbs": [(TITLE, "")]}
    return render(request, "runs/reveals.html", shown, fragment="lately")


@never_cache
@sensitive_post_parameters("reason")
@require_http_methods(["GET", "HEAD", "POST"])
def token_reveal(request: HttpRequest, run_id: UUID, token: str) -> HttpResponse:
    """Ask why, and show the original behind a token once."""
    if request.method != "POST":
        reason = typed_before(request).get("reason", "")
        return _reveal_page(request, run_id, token, reason)
    actor = actor_of(request)
    REVEALING.spend(str(actor.id))
    reason = request.POST.get("reason", "")
    try:
        revealed = reveal_token(
            actor=actor, run_id=run_id, token=token, reason=reason, now=wall_clock()
        )
    except ConfirmFirst:
        keep_typed(request, address=request.path)
        where = f"{reverse('confirm')}?{urlencode({'next': request.path})}"
        return HttpResponseRedirect(where)
    except Invalid as problem:
        return _reveal_page(request, run_id, token, reason, errors=problem.fields)
    except Gone as problem:
        return _reveal_page(request, run_id, token, reason, gone=problem)
    return _reveal_page(request, run_id, token, reason, revealed=revealed)


def _change(request: HttpRequest, slug: str | None, change: str) -> str:
    actor, now = actor_of(request), wall_clock()
    if change == "leave" and slug is not None:
        leave_readable(
            actor=actor,
            slug=slug,
            kind=request.POST.get("kind", ""),
            reason=request.POST.get("reason", ""),
            now=now,
        )
        return "It stays readable in what is told from now on."
    path = request.POST.get("path", "")
    hide_field(actor=actor, slug=slug, path=path, now=now)
    return f"{path.strip()} is hidden in what is told from now on."


def _try(request: HttpRequest, slug: str | None) -> HttpResponse:
    """Show what a text would be stored as. Nothing of it is kept."""
    actor = actor_of(request)
    page = redaction_page(actor=actor, slug=slug)
    ASKED.spend(str(actor.id))
    text = request.POST.get("text", "")
    if not text.strip() or len(text) > TRIED_LENGTH_MAX:
        why = f"Paste a text of at most {TRIED_LENGTH_MAX:,} characters."
        return _page(request, slug, errors={"text": why}, status=INVALID)
    policy = policy_of(page.head.id if page.head else None)
    return _page(request, slug, result=tried(text, policy))


def _page(
    request: HttpRequest,
    slug: str | None,
    *,
    errors: Mapping[str, str] | None = None,
    result: Tried | None = None,
    status: int = 200,
) -> HttpResponse:
    page = redaction_page(actor=actor_of(request), slug=slug)
    readable = {row.kind for row in page.detectors if row.readable}
    shown = {
        "page": page,
        "address": _address(slug),
        "errors": errors or {},
        "typed": request.POST,
        "result": result,
        "pieces": pieces(result.text) if result else [],
        "hidden": [(words(kind_of(token)), rule) for token, rule in result.hidden]
        if result
        else [],
        "choices": [
            (kind, words(kind).capitalize())
            for kind in OPTIONAL
            if kind not in readable
        ],
        "crumbs": _crumbs(page),
    }
    fragment = "tried" if result else None
    return render(
        request, "runs/redaction.html", shown, fragment=fragment, status=status
    )


def _reveal_page(
    request: HttpRequest,
    run_id: UUID,
    token: str,
    reason: str,
    *,
    errors: Mapping[str, str] | None = None,
    revealed: Revealed | None = None,
    gone: Gone | None = None,
) -> HttpResponse:
    actor = actor_of(request)
    run = hidden_in(actor, run_id=run_id, token=token)
    if not may_reveal(actor, run.workflow_id):
        raise Forbidden(
            "Only the business owner and the risk owner may look at what is hidden.",
            code="token.not_yours",
            who_can_help=" or ".join(revealers_of(run.workflow_id))
            or "An administrator, who fills the workflow's roles.",
        )
    shown = {
        "run_id": run_id,
        "run": run.title,
        "workflow": run.workflow.name,
        "token": token,
        "what": words(kind_of(token)),
        "reason": reason,
        "errors": errors or {},
        "revealed": revealed,
        "gone": gone,
        "is_confirmed": is_fresh(actor.confirmed_at),
        "crumbs": [
            ("Runs", reverse("runs")),
            (run.agent_run_id, reverse("run", args=[run_id])),
            ("Reveal", ""),
        ],
    }
    status = INVALID if errors else gone.status if gone else 200
    return render(request, "runs/reveal.html", shown, status=status)


def _address(slug: str | None) -> str:
    return (
        reverse("redaction", args=[slug]) if slug else reverse("redaction_everywhere")
    )


def _crumbs(page: RedactionPage) -> list[tuple[str, str]]:
    if page.head is None:
        return [("Workflows", reverse("workflows")), (EVERYWHERE, "")]
    return [
        ("Workflows", reverse("workflows")),
        (page.head.name, reverse("workflow", args=[page.head.slug])),
        (TITLE, reverse("redaction", args=[page.head.slug])),
    ]
