"""The catalogue of tools: what pages map, and retiring one or approving it again."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.crumbs import in_programme
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.htmx import render
from registry.operations.catalogue import must_administer
from registry.operations.tools import approve_tool, retire_tool
from registry.queries.rights import holds
from registry.queries.tools import tool_seen, tools_page
from registry.rules.rulebook import Level
from registry.views.common import errors_of, go


@require_safe
def tools(request: HttpRequest) -> HttpResponse:
    """List the tools that live and draft pages map."""
    shown = {
        "crumbs": in_programme(("Tools", "")),
        "page": tools_page(actor=actor_of(request)),
    }
    return render(request, "registry/tools.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
def tool(request: HttpRequest, mapped_id: UUID) -> HttpResponse:
    """Show where one tool is used; retire it, or approve it again."""
    actor = actor_of(request)
    found = tool_seen(actor=actor, tool_id=mapped_id)
    if found is None:
        raise NotFound("There is nothing here, or you may not see it.")
    errors: dict[str, str] = {}
    if request.method == "POST":
        must_administer(actor, "approve_tool")
        now = wall_clock()
        try:
            if request.POST.get("change") == "approve":
                approve_tool(actor=actor, tool_id=mapped_id, now=now)
                return go(request, "tools", said=f"{found.name} is approved again.")
            reason = request.POST.get("reason", "")
            retire_tool(actor=actor, tool_id=mapped_id, reason=reason, now=now)
            return go(request, "tools", said=f"{found.name} is retired.")
        except (Invalid, Conflict) as problem:
            errors = errors_of(problem)
    shown = {
        "crumbs": in_programme(("Tools", reverse("tools")), (found.name, "")),
        "tool": found,
        "may_approve": holds(actor, "approve_tool", Level.ENTERPRISE),
        "errors": errors,
        "reason": request.POST.get("reason", ""),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "registry/tool.html", shown, status=status)
