"""`PUT /series/{slug}/points`: a system brings the points of an imported series."""

from decimal import Decimal, InvalidOperation

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router

from portal.accounts.agent_auth import agent_auth
from portal.accounts.keys import AgentPrincipal
from portal.accounts.models import AgentKind
from portal.core.api import StrictSchema
from portal.core.clock import wall_clock
from portal.core.errors import Invalid
from portal.core.http import json_response
from runs.operations.series import put_points
from runs.rules.series import N_MAX, POINTS_IN_CALL_MAX, PointRead, day_of, value_of

router = Router(auth=agent_auth, tags=["series"])


class PointIn(StrictSchema):
    on: str = Field(max_length=10, description="a day, such as 2026-11-16")
    value: str = Field(max_length=40, description="a number as text, such as 4.3")
    n: int = Field(1, ge=1, le=N_MAX, description="how many it stands for")
    workflow: str | None = Field(
        None, max_length=80, description="a workflow's slug; none is the whole company"
    )


class PointsIn(StrictSchema):
    points: list[PointIn] = Field(min_length=1, max_length=POINTS_IN_CALL_MAX)


class PointsOut(StrictSchema):
    import_id: str = Field(alias="import")
    added: int
    corrected: int
    same: int


@router.put(
    "/series/{slug}/points",
    response={200: PointsOut},
    operation_id="put_series_points",
    summary="Bring points of an imported series",
)
def put_series_points(request: HttpRequest, slug: str, body: PointsIn) -> HttpResponse:
    """Idempotent: the same points again change nothing.

    Another value for a day that has one is a correction: it counts from now on, and the
    earlier one is kept. Only the agent that the series names may bring it; for every
    other the series is not there. No point may be of a day to come.
    """
    principal: AgentPrincipal = request.principal  # type: ignore[attr-defined]
    is_system = principal.kind == AgentKind.SYSTEM_OF_RECORD
    principal.needs("changes" if is_system else "events")
    now = wall_clock()
    points, problems = [], {}
    for at, each in enumerate(body.points):
        on, value = day_of(each.on), value_of(each.value)
        if isinstance(on, str):
            problems[f"points.{at}.on"] = on
        elif on > now.date():
            problems[f"points.{at}.on"] = f"{on.isoformat()} is still to come."
        elif isinstance(value, str) or not _is_plain(each.value):
            problems[f"points.{at}.value"] = "Write a plain number, such as 4.3."
        else:
            points.append(PointRead(on, value, each.n, each.workflow or ""))
    if problems:
        raise Invalid(problems)
    brought = put_points(actor=principal.actor, slug=slug, points=points, now=now)
    return json_response(
        {
            "import": str(brought.import_id),
            "added": brought.added,
            "corrected": brought.corrected,
            "same": brought.same,
        }
    )


def _is_plain(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False
