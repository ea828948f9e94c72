"""Which steps that readiness would propose are done already, by what the registry holds now."""

from django.db.models import Q

from portal.accounts.models import Department
from registry.models import (
    Ceiling,
    DecisionRight,
    RoleHolding,
    System,
    TrainingCompletion,
    TrainingRequirement,
    Workflow,
)
from registry.models.training import Duty
from registry.queries.people import REQUIRED_ROLES
from registry.queries.rollout import sponsor_now
from registry.rules.rollout import FOCUS_MIN


def steps_done(department: Department) -> frozenset[str]:
    """Give the questions whose first step is true for a department. About ten queries."""
    workflows = Workflow.objects.filter(department=department, ended_as="")
    live = workflows.filter(live_version__isnull=False)
    checks = {
        "strategy.sponsor": sponsor_now().person_id is not None,
        "strategy.choice": workflows.count() >= FOCUS_MIN,
        "governance.owners": live.exists() and not _has_vacancy(department),
        "governance.levels": _has_limits(department),
        "data.sources": _systems_are_owned(),
        "people.fluency": TrainingCompletion.objects.filter(
            person__department=department, withdrawn_at=None
        ).exists(),
        "people.skills": _duties_have_courses(),
        "process.described": live.exists(),
    }
    return frozenset(key for key, is_true in checks.items() if is_true)


def _has_vacancy(department: Department) -> bool:
    return RoleHolding.objects.filter(
        Q(person=None) | Q(person__is_active=False),
        role__in=REQUIRED_ROLES,
        workflow__department=department,
        workflow__live_version__isnull=False,
    ).exists()


def _has_limits(department: Department) -> bool:
    ceilings = Ceiling.objects.filter(department=department, is_active=True)
    rights = DecisionRight.objects.filter(department=department, ended_at=None)
    return ceilings.exists() and rights.exists()


def _systems_are_owned() -> bool:
    approved = System.objects.filter(is_approved=True)
    unowned = approved.exclude(owner__is_active=True)
    return approved.exists() and not unowned.exists()


def _duties_have_courses() -> bool:
    required = set(
        TrainingRequirement.objects.filter(
            Q(course__retired_at=None) | ~Q(tier="")
        ).values_list("duty", flat=True)
    )
    return {Duty.REVIEWER, Duty.BUSINESS_OWNER} <= required
