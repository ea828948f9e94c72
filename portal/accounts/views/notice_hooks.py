"""Where notices are posted: addresses, their secrets, and what was posted. Administrators only."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.actors import Actor, actor_of
from portal.accounts.forms import HookForm
from portal.accounts.hooks_shown import hook_for, hooks_for, posts_to
from portal.accounts.models import NoticeHook
from portal.accounts.operations.notices import (
    add_hook,
    change_hook,
    resend_post,
    rotate_hook_secret,
)
from portal.accounts.queries import must_administrate
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import render
from portal.core.webhooks import secrets_of

_TOLD = {
    "on": "It is on. Notices from now on are posted there.",
    "off": "It is off. Nothing is posted there.",
    "remove": "It is removed.",
}


@require_http_methods(["GET", "HEAD", "POST"])
def hooks(request: HttpRequest) -> HttpResponse:
    """List where notices are posted, and add an address; its secret is shown once."""
    actor = actor_of(request)
    must_administrate(actor)
    form = HookForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            added = add_hook(actor=actor, now=wall_clock(), **form.cleaned_data)
        except Invalid as refusal:
            for name, words in refusal.fields.items():
                form.add_error(name if name in form.fields else None, words)
        else:
            return _one(request, actor, added.id, secret=_secret_of(added))
    shown = {
        "crumbs": [*_crumbs(), ("Where they are posted", "")],
        "form": form,
        "hooks": hooks_for(actor),
    }
    status = 422 if form.is_bound else 200
    return render(request, "accounts/notice_hooks.html", shown, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def hook(request: HttpRequest, hook_id: UUID) -> HttpResponse:
    """Show one address and what was posted there, or change it."""
    actor = actor_of(request)
    if request.method != "POST":
        return _one(request, actor, hook_id)
    change = request.POST.get("change", "")
    if change == "rotate":
        made = rotate_hook_secret(actor=actor, hook_id=hook_id, now=wall_clock())
        return _one(request, actor, hook_id, secret=_secret_of(made))
    change_hook(actor=actor, hook_id=hook_id, change=change, now=wall_clock())
    messages.info(request, _TOLD[change])
    if change == "remove":
        return redirect("notice_hooks")
    return redirect("notice_hook", hook_id)


@require_POST
def post_resend(request: HttpRequest, post_id: UUID) -> HttpResponse:
    """Post one message again, with the id it always had."""
    try:
        post = resend_post(actor=actor_of(request), post_id=post_id, now=wall_clock())
    except Conflict as problem:
        messages.warning(request, problem.detail)
        return redirect("notice_hooks")
    messages.info(request, "It is posted again in a moment, with the same id.")
    return redirect("notice_hook", post.hook_id)


def _one(
    request: HttpRequest, actor: Actor, hook_id: UUID, *, secret: str = ""
) -> HttpResponse:
    shown = hook_for(actor, hook_id)
    context = {
        "crumbs": [
            *_crumbs(),
            ("Where they are posted", reverse("notice_hooks")),
            (shown.name, ""),
        ],
        "hook": shown,
        "page": posts_to(actor, shown, cursor=request.GET.get("at") or None),
        "secret": secret,
    }
    response = render(request, "accounts/notice_hook.html", context)
    if secret:
        response["Cache-Control"] = "no-store"
    return response


def _secret_of(hook: NoticeHook) -> str:
    return secrets_of(hook.id, hook.secret_number)[0]


def _crumbs() -> list[tuple[str, str]]:
    return [("Notices", reverse("notices"))]
