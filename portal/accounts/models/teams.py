"""Teams: people of one department who do something together, such as deciding."""

from django.contrib.auth.models import Group
from django.db import models
from django.db.models.functions import Lower

from portal.accounts.models.people import Department, Person
from portal.core.ids import new_id


class Team(models.Model):
    """Some people of a company under one name. What a team may do, its members may do.

    Its group carries the rights that guardian keeps; the members of the two are the same.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, related_name="teams"
    )
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                Lower("name"), "department", name="accounts_team_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""), name="accounts_team_named"
            ),
        )

    def __str__(self) -> str:
        return self.name


class TeamMember(models.Model):
    """A person is in a team now; the journal knows who was before."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="members")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="teams")
    since = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("team", "person"), name="accounts_team_member_once"
            ),
        )
