"""Signing in and out. Guessing is counted by axes and ends in a page that says so."""

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.accounts.confirming import PASSWORD, remember_confirmation
from portal.accounts.forms import SignInForm
from portal.accounts.models import Person
from portal.accounts.operations.sessions import sign_in, sign_out
from portal.core.clock import wall_clock
from portal.core.htmx import render

PAGE = "accounts/login.html"
KEYS_COOKIE = "keys"
YEAR_SECONDS = 365 * 24 * 60 * 60
# One sentence for a wrong address and a wrong password, so that guessing learns nothing.
NOT_RECOGNISED = "The e-mail and the password do not belong together. Try again."


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def login_page(request: HttpRequest) -> HttpResponse:
    """Show the form, or sign a person in and lead them to where they wanted to go."""
    wanted = safe_next(request)
    if request.method != "POST":
        if request.user.is_authenticated:
            return HttpResponseRedirect(wanted)
        return _form(request, SignInForm(), wanted)
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _form(request, form, wanted, status=422)
    person = authenticate(
        request,
        username=form.cleaned_data["username"].lower(),
        password=form.cleaned_data["password"],
    )
    if getattr(request, "axes_locked_out", False):
        # Taken off, so that axes leaves the answer to this page.
        request.axes_locked_out = False  # type: ignore[attr-defined]
        return locked_out(request)
    if not isinstance(person, Person):
        form.add_error(None, NOT_RECOGNISED)
        return _form(request, form, wanted, status=422)
    return _signed_in(request, person, wanted)


@login_not_required
@require_POST
def logout_page(request: HttpRequest) -> HttpResponse:
    """End the session, and the same again for who has none."""
    if request.user.is_authenticated:
        sign_out(actor=actor_of(request))
    logout(request)
    return HttpResponseRedirect(settings.LOGOUT_REDIRECT_URL)


def _signed_in(request: HttpRequest, person: Person, wanted: str) -> HttpResponse:
    # The record first: a session without its record must not exist.
    sign_in(person=person, now=wall_clock())
    login(request, person, backend="django.contrib.auth.backends.ModelBackend")
    remember_confirmation(request, by=PASSWORD)
    response = HttpResponseRedirect(wanted)
    response.set_cookie(
        KEYS_COOKIE,
        "on" if person.single_keys_on else "off",
        max_age=YEAR_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


def _form(
    request: HttpRequest, form: SignInForm, wanted: str, *, status: int = 200
) -> HttpResponse:
    shown = {"form": form, "next": wanted if wanted != "/" else ""}
    return render(request, PAGE, shown, status=status)


def locked_out(request: HttpRequest) -> HttpResponse:
    """Say that too many passwords were wrong, and for how long it is closed."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    shown = {"minutes": minutes, "tries": settings.AXES_FAILURE_LIMIT}
    response = render(request, "accounts/locked_out.html", shown, status=429)
    response["Retry-After"] = str(minutes * 60)
    return response


def safe_next(request: HttpRequest) -> str:
    """Give where a person wanted to go, if it is an address of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts=None, require_https=request.is_secure()
    )
    return wanted if is_ours else "/"
