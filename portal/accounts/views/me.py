"""My own account: single keys, theme, password."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.actors import actor_of
from portal.accounts.forms import PasswordForm
from portal.accounts.models import Person
from portal.accounts.operations.sessions import change_password, set_single_keys
from portal.accounts.queries import person_of
from portal.accounts.views.sessions import KEYS_COOKIE, YEAR_SECONDS
from portal.core.errors import Unauthenticated
from portal.core.htmx import render

PAGE = "accounts/me.html"


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """Show the account of who is signed in."""
    return _page(request, PasswordForm(person=_person(request)))


@sensitive_post_parameters()
@require_POST
def me_password(request: HttpRequest) -> HttpResponse:
    """Change the password; other sessions end, this one goes on."""
    person = _person(request)
    form = PasswordForm(request.POST, person=person)
    if not form.is_valid():
        return _page(request, form, status=422)
    change_password(
        actor=actor_of(request), person=person, password=form.cleaned_data["password"]
    )
    update_session_auth_hash(request, person)
    messages.info(request, "Your password is changed. Your other sessions have ended.")
    return HttpResponseRedirect(reverse("me"))


@require_POST
def me_keys(request: HttpRequest) -> HttpResponse:
    """Switch single-key shortcuts on or off, here and wherever this person signs in."""
    is_on = request.POST.get("keys") == "on"
    set_single_keys(actor=actor_of(request), person=_person(request), is_on=is_on)
    response = HttpResponseRedirect(reverse("me"))
    response.set_cookie(
        KEYS_COOKIE,
        "on" if is_on else "off",
        max_age=YEAR_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


def _person(request: HttpRequest) -> Person:
    if not isinstance(request.user, Person):
        raise Unauthenticated("Sign in to see your account.")
    return request.user


def _page(
    request: HttpRequest, form: PasswordForm, *, status: int = 200
) -> HttpResponse:
    actor = actor_of(request)
    shown = {
        "crumbs": [("My account", "")],
        "me": person_of(actor=actor, person_id=actor.id),
        "has_single_keys": _person(request).single_keys_on,
        "form": form,
    }
    return render(request, PAGE, shown, status=status)
