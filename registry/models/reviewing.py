"""Who decides the proposals of a workflow: people, teams, positions and roles by name."""

from django.db import models

from portal.accounts.models import Person, Team
from portal.core.ids import new_id
from registry.models.workflow import Position, Role, Workflow


def _only(named: str) -> models.Q:
    """Say that a row names this, and nothing else."""
    parts = {
        "person": models.Q(person__isnull=named != "person"),
        "team": models.Q(team__isnull=named != "team"),
        "position": models.Q(position__isnull=named != "position"),
        "role": ~models.Q(role="") if named == "role" else models.Q(role=""),
    }
    return models.Q(*parts.values())


class Reviewer(models.Model):
    """Whoever decides the proposals of a workflow in the inbox.

    A person, or everybody in a team, or whoever fills a position or holds a role of this
    workflow at the moment of deciding: exactly one of the four. `StandingReviewer` says
    which people that makes.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="reviewers"
    )
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    team = models.ForeignKey(
        Team, null=True, on_delete=models.PROTECT, related_name="reviews"
    )
    position = models.ForeignKey(
        Position, null=True, on_delete=models.PROTECT, related_name="reviews"
    )
    role = models.CharField(max_length=20, choices=Role.choices, blank=True)
    since = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow", "person"), name="registry_reviewer_once"
            ),
            models.UniqueConstraint(
                fields=("workflow", "team"), name="registry_reviewer_team_once"
            ),
            models.UniqueConstraint(
                fields=("workflow", "position"), name="registry_reviewer_position_once"
            ),
            models.UniqueConstraint(
                fields=("workflow", "role"),
                condition=~models.Q(role=""),
                name="registry_reviewer_role_once",
            ),
            models.CheckConstraint(
                condition=_only("person")
                | _only("team")
                | _only("position")
                | _only("role"),
                name="registry_reviewer_is_one",
            ),
            models.CheckConstraint(
                condition=models.Q(role="") | models.Q(role__in=Role.values),
                name="registry_reviewer_role_known",
            ),
        )


class StandingReviewer(models.Model):
    """One active, trained person who reviews a workflow now: a view, not a table.

    Somebody who reviews by several names stands here once for each; `id` is the row of
    `Reviewer` that names them and so not unique.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.DO_NOTHING, related_name="standing_reviewers"
    )
    person = models.ForeignKey(Person, on_delete=models.DO_NOTHING, related_name="+")
    since = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "registry_standing_reviewer"
