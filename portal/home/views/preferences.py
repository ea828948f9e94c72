"""How a person likes to look at pages: theme and single-key shortcuts, kept in cookies of a year."""

from django.contrib.auth.decorators import login_not_required
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
)
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from portal.core.htmx import render
from portal.home.shell import KEYS_COOKIE, THEME_COOKIE, THEMES

YEAR_SECONDS = 365 * 24 * 60 * 60


@login_not_required
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    return _remember(
        request,
        cookie=THEME_COOKIE,
        value=request.POST.get("theme", ""),
        allowed=THEMES,
    )


@login_not_required
@require_POST
def set_keys(request: HttpRequest) -> HttpResponse:
    return _remember(
        request,
        cookie=KEYS_COOKIE,
        value=request.POST.get("keys", ""),
        allowed=("on", "off"),
    )


@login_not_required
@require_safe
def shortcuts(request: HttpRequest) -> HttpResponse:
    # Who is signed in is asked here, so that the template asks nobody.
    _ = request.user.is_authenticated
    return render(
        request, "home/shortcuts.html", {"crumbs": [("Keyboard shortcuts", "")]}
    )


def _remember(
    request: HttpRequest, *, cookie: str, value: str, allowed: tuple[str, ...]
) -> HttpResponse:
    if value not in allowed:
        return HttpResponseBadRequest("This choice does not exist.")
    response = HttpResponseRedirect(_safe_next(request))
    response.set_cookie(
        cookie,
        value,
        max_age=YEAR_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


def _safe_next(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts=None
    ) and wanted.startswith("/")
    return wanted if is_ours else "/"
