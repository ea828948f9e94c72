"""The style page: every component in every state, with made-up values and no query."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.core.htmx import render
from portal.home.style_samples import style_samples


@login_not_required
@require_safe
def style(request: HttpRequest) -> HttpResponse:
    # The shell names the person; asked here, so that the template runs no query.
    _ = request.user.is_authenticated
    return render(
        request,
        "home/style.html",
        {"crumbs": [("Style page", "")], **style_samples(now=timezone.now())},
    )
