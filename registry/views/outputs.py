"""The one page as files: PDF for the printer, text for a terminal, TOML for version control."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from portal.accounts.costly import costly
from portal.core.clock import wall_clock
from registry.queries.comparisons import document_of
from registry.queries.pages import OnePage, one_page, version_to_show
from registry.queries.workflows import WorkflowHead
from registry.rules.document import to_toml
from registry.views.common import head_of
from registry.views.plain_text import page_text
from registry.views.printing import page_pdf

PDF, TEXT, TOML = "application/pdf", "text/plain", "application/toml"


@require_GET
@costly
def page_as_pdf(
    request: HttpRequest, slug: str, number: int | None = None
) -> HttpResponse:
    head = head_of(request, slug)
    page = _page(head, number)
    printed = page_pdf(page, slug=slug, now=wall_clock())
    return as_file(printed, PDF, f"{slug}-v{page.number}.pdf")


@require_GET
def page_as_text(
    request: HttpRequest, slug: str, number: int | None = None
) -> HttpResponse:
    head = head_of(request, slug)
    page = _page(head, number)
    text = page_text(page, now=wall_clock())
    return as_file(text, f"{TEXT}; charset=utf-8", f"{slug}-v{page.number}.txt")


@require_GET
def page_as_toml(
    request: HttpRequest, slug: str, number: int | None = None
) -> HttpResponse:
    head = head_of(request, slug)
    version = version_to_show(
        workflow_id=head.id, live_version_id=head.live_version_id, number=number
    )
    return as_file(
        to_toml(document_of(version)),
        f"{TOML}; charset=utf-8",
        f"{slug}-v{version.number}.toml",
        is_kept=True,
    )


def as_file(
    content: str | bytes, content_type: str, name: str, *, is_kept: bool = False
) -> HttpResponse:
    """Answer with a file: shown where the browser can, or kept on the reader's disk."""
    response = HttpResponse(content, content_type=content_type)
    way = "attachment" if is_kept else "inline"
    response["Content-Disposition"] = f'{way}; filename="{name}"'
    return response


def _page(head: WorkflowHead, number: int | None) -> OnePage:
    version = version_to_show(
        workflow_id=head.id, live_version_id=head.live_version_id, number=number
    )
    return one_page(
        version=version,
        live_version_id=head.live_version_id,
    )
