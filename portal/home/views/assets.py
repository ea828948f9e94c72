"""The icon sprite, made in memory and cached for ever under its digest."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from portal.core import icons


@login_not_required
@require_safe
def icon_sprite(request: HttpRequest, digest: str) -> HttpResponse:
    if digest != icons.sprite_digest():
        raise Http404("This sprite belongs to another release.")
    return HttpResponse(
        icons.sprite(),
        content_type="image/svg+xml",
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )
