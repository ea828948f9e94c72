"""A launch packet as files: JSON that proves itself, and paper to sign or to file."""

import json

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from portal.accounts.actors import actor_of
from portal.accounts.costly import costly
from portal.core.clock import wall_clock
from portal.core.errors import NotFound
from registry.queries.packet_files import packet_file
from registry.queries.packets import packet_page
from registry.views.common import head_of
from registry.views.outputs import PDF, as_file
from registry.views.printing import packet_pdf
from registry.views.prose import iso_time

NOTHING = "There is no launch packet here: nothing is up for signature."


@require_GET
def packet_as_json(
    request: HttpRequest, slug: str, number: int | None = None
) -> HttpResponse:
    head = head_of(request, slug)
    found = packet_file(workflow_id=head.id, number=number)
    if found is None:
        raise NotFound(NOTHING)
    text = json.dumps(found, indent=2, ensure_ascii=False, default=iso_time)
    name = f"{slug}-v{found['version']}-packet.json"
    return as_file(text + "\n", "application/json", name, is_kept=True)


@require_GET
@costly
def packet_as_pdf(
    request: HttpRequest, slug: str, number: int | None = None
) -> HttpResponse:
    head = head_of(request, slug)
    packet = packet_page(
        actor=actor_of(request),
        workflow_id=head.id,
        number=number,
    )
    if packet is None:
        raise NotFound(NOTHING)
    printed = packet_pdf(packet, slug=slug, now=wall_clock())
    return as_file(printed, PDF, f"{slug}-v{packet.page.number}-packet.pdf")
