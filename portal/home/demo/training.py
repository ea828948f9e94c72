"""What the people of the demo have learnt: all are current, and one of them not for long."""

from datetime import datetime, timedelta

from portal.accounts.actors import SYSTEM
from portal.home.demo.company import CAST
from registry.operations.training import add_course, set_requirements
from registry.operations.training_import import import_completions

FLUENCY, REVIEWING, OWNING = (
    "AI at work",
    "Reviewing what AI proposes",
    "Answering for an AI workflow",
)
_COURSES = (
    (FLUENCY, "universal", 24, "What it can and cannot do, and what never to type in.", 210),
    (REVIEWING, "role_specific", 12, "Reading evidence, resisting habit, saying no.", 120),
    (OWNING, "leadership", 24, "Writing rules, reading numbers, stopping in time.", 90),
)  # fmt: skip
_NEEDS = {
    "reviewer": REVIEWING,
    "business_owner": OWNING,
    "risk_owner": OWNING,
    "it_owner": FLUENCY,
    "escalation_owner": REVIEWING,
}
# Whose right to decide ends in days unless somebody records the course anew.
ENDS_SOON = {("tom", REVIEWING): 353}


def train_everybody(*, now: datetime) -> None:
    """Record what everybody has done, and only then say who needs what."""
    courses = {
        name: add_course(
            actor=SYSTEM,
            name=name,
            tier=tier,
            months_valid=months,
            about=about,
            now=now,
        )
        for name, tier, months, about, _ in _COURSES
    }
    lines = ["person,course,date,note"]
    for role in CAST:
        for name, *_, days in _COURSES:
            day = now.date() - timedelta(days=ENDS_SOON.get((role.key, name), days))
            lines.append(f"{role.email},{name},{day.isoformat()},Learning portal")
    import_completions(
        actor=SYSTEM,
        file_name="learning-portal.csv",
        data="\n".join(lines).encode(),
        now=now,
    )
    for duty, name in _NEEDS.items():
        set_requirements(
            actor=SYSTEM, duty=duty, tiers=(), course_ids=(courses[name].id,), now=now
        )
