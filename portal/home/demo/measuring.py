"""What the owners of the demo aim at, what it was before, and how customers liked it."""

from datetime import datetime, timedelta
from typing import Any

from portal.accounts.actors import agent_actor
from portal.home.demo.company import Company
from runs.operations.series import add_series, put_points, take_points, upload_points
from runs.rules.series import PointRead, value_of

SATISFACTION = "satisfaction"
WEEKS = 11
_TARGETS: dict[str, dict[str, Any]] = {
    "refund-management": {
        "cycle-time": {"at_most": 60},
        "override": {"at_least": 2, "at_most": 45},
        "expired": {"at_most": 5},
        "series": {SATISFACTION: {"at_least": "4.2"}},
    },
    "voice-service-desk": {
        "handoff": {"at_most": 30},
        "series": {SATISFACTION: {"at_least": "4.0"}},
    },
    "it-remediation": {"cycle-time": {"at_most": 45}},
    "security-operations": {"override": {"at_least": 2, "at_most": 25}},
}
_BASELINES: dict[str, list[dict[str, Any]]] = {
    "refund-management": [
        {
            "key": "cycle-time",
            "value": "190",
            "n": 612,
            "first": "2026-03-01",
            "last": "2026-05-31",
            "how": "typed",
            "source": "Every refund of the spring in the old ticket system.",
        },
        {
            "key": "escalation-rate",
            "value": "14",
            "n": 612,
            "first": "2026-03-01",
            "last": "2026-05-31",
            "how": "typed",
            "source": "Refunds that went to a team lead in the old ticket system.",
        },
    ],
    "it-remediation": [
        {
            "key": "cycle-time",
            "value": "95",
            "n": 240,
            "first": "2026-04-01",
            "last": "2026-06-30",
            "how": "typed",
            "source": "Incidents of the second quarter, from the on-call book.",
        },
    ],
}
# By week, oldest first: it dips when refunds were widened, and comes back.
_REFUNDS = "4.1 4.0 4.1 4.2 4.1 4.3 4.2 4.0 4.2 4.4 4.5"
_VOICE = "3.8 3.9 3.8 3.7 3.9 4.0 4.0 4.1 4.0 4.1 4.2"


def aim(page: dict[str, Any], slug: str) -> None:
    """Write targets and baselines into the page of a workflow."""
    page["targets"] = {**(page.get("targets") or {}), **_TARGETS.get(slug, {})}
    if slug in _BASELINES:
        page["baselines"] = _BASELINES[slug]


def bring_satisfaction(company: Company, *, now: datetime) -> None:
    """Bring what customers answered after each case, with one week corrected later."""
    began = now - timedelta(days=38)
    agent = company.agents["voice"]
    add_series(
        actor=company.actor("ada"),
        slug=SATISFACTION,
        name="Satisfaction after a case",
        source="the survey after each case",
        unit="of 5",
        better="up",
        keeper_id=company.people["maya"].id,
        agent_id=agent.id,
        now=began,
    )
    monday = now.date() - timedelta(days=now.weekday() + 7 * WEEKS)
    lines = ["week;score;answers;workflow"]
    for slug, scores in (
        ("refund-management", _REFUNDS),
        ("voice-service-desk", _VOICE),
    ):
        for week, score in enumerate(scores.split()):
            day = monday + timedelta(days=7 * week)
            said = "3.6" if score == "4.0" and slug == "refund-management" else score
            lines.append(f"{day.isoformat()};{said};{40 + 7 * (week % 5)};{slug}")
    brought = upload_points(
        actor=company.actor("maya"),
        slug=SATISFACTION,
        file_name="satisfaction-by-week.csv",
        data="\n".join(lines).encode(),
        how="file",
        now=now - timedelta(days=2),
    )
    take_points(
        actor=company.actor("maya"),
        slug=SATISFACTION,
        import_id=brought,
        mapping={0: "on", 1: "value", 2: "n", 3: "workflow"},
        order="",
        now=now - timedelta(days=2),
    )
    value = value_of("4.0")
    if not isinstance(value, str):
        put_points(
            actor=agent_actor(agent_id=agent.id, name=agent.name),
            slug=SATISFACTION,
            points=[
                PointRead(monday + timedelta(days=7), value, 47, "refund-management")
            ],
            now=now - timedelta(days=1),
        )
