"""Saying again who one is, before what cannot be taken lightly; then back to where one was."""

from axes.utils import reset as forget_guesses
from django.contrib import messages
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.accounts.actors import actor_of, person_of
from portal.accounts.confirming import CONFIRMED_FOR, PASSWORD, remember_confirmation
from portal.accounts.forms import ConfirmForm
from portal.accounts.operations.sessions import confirm_self
from portal.accounts.views.sessions import locked_out, safe_next
from portal.core.htmx import render

PAGE = "accounts/confirm.html"
WRONG = "This is not your password. Try again."


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask for the password again; wrong ones are counted as at the sign-in."""
    person = person_of(request)
    form = ConfirmForm(request.POST or None)
    if request.method != "POST" or not person.has_usable_password():
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    found = authenticate(
        request, username=person.email, password=form.cleaned_data["password"]
    )
    if getattr(request, "axes_locked_out", False):
        request.axes_locked_out = False  # type: ignore[attr-defined]
        return locked_out(request)
    if found != person:
        form.add_error("password", WRONG)
        return _page(request, form, status=422)
    confirm_self(actor=actor_of(request), method=PASSWORD)
    forget_guesses(ip=request.META.get("REMOTE_ADDR"), username=person.email)
    # A new key for the session: one that was seen before is worth nothing now.
    request.session.cycle_key()
    remember_confirmation(request, by=PASSWORD)
    messages.success(request, "Thank you. Nothing has been decided yet: decide now.")
    return HttpResponseRedirect(safe_next(request))


def _page(
    request: HttpRequest, form: ConfirmForm, *, status: int = 200
) -> HttpResponse:
    person = person_of(request)
    shown = {
        "form": form,
        "next": safe_next(request),
        "email": person.email,
        "has_password": person.has_usable_password(),
        "minutes": round(CONFIRMED_FOR.total_seconds() / 60),
        "crumbs": [("It is really you", "")],
    }
    return render(request, PAGE, shown, status=status)
