"""Rendering a page, or one named part of it when htmx asks and the view allows.

The view names the fragment; the client never chooses. Permission is decided before `render` is called.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.template.backends.utils import csrf_input_lazy, csrf_token_lazy
from django.utils.cache import patch_vary_headers

FULL_PAGE = None


def is_htmx(request: HttpRequest) -> bool:
    """Say whether htmx asked for a part; a history restore needs the whole page."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def render(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    fragment: str | None = FULL_PAGE,
    status: int = 200,
) -> HttpResponse:
    """Answer with the whole page, or with the block `fragment` of it alone when htmx asked.

    The template's own imports and top-level `set`s are in force in the block too. Costs no query of its own.
    """
    page: Any = engines["jinja2"].get_template(template)
    names = _context_for(page, request, context or {})
    if fragment is not None and is_htmx(request):
        text = _render_block(page.template, fragment, names)
    else:
        text = page.template.render(names)
    response = HttpResponse(text, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _context_for(
    page: Any, request: HttpRequest, context: Mapping[str, Any]
) -> dict[str, Any]:
    names: dict[str, Any] = {
        "request": request,
        "csrf_input": csrf_input_lazy(request),
        "csrf_token": csrf_token_lazy(request),
    }
    for processor in page.backend.template_context_processors:
        names.update(processor(request))
    return names | dict(context)


def _render_block(template: Any, name: str, names: Mapping[str, Any]) -> str:
    # Running the root as far as its first output executes the imports at the head of the template;
    # a block rendered without that would not find the macros it calls.
    context = template.new_context(dict(names))
    root = template.root_render_func(context)
    next(root, None)
    root.close()
    if name not in context.blocks:
        raise LookupError(f"{template.name} has no block called {name!r}.")
    try:
        return "".join(context.blocks[name][0](context))
    except Exception:
        template.environment.handle_exception()
        raise
