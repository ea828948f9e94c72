"""Departments, people, agents and agents' keys."""

from django.contrib.auth.models import (
    AbstractBaseUser,
    BaseUserManager,
    PermissionsMixin,
)
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from portal.core.ids import new_id


class Department(models.Model):
    """A part of the company. Its `lock_number` names its advisory lock."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    lock_number = models.PositiveIntegerField(unique=True)
    # Who looks after the department's teams, beside the administrators.
    head = models.ForeignKey(
        "accounts.Person", null=True, on_delete=models.PROTECT, related_name="heads"
    )
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class PersonManager(BaseUserManager["Person"]):
    """Makes people for the command line and tests; pages use operations."""

    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email=(username or "").lower())

    def create_user(self, email: str, name: str, password: str | None = None, **more):
        person = self.model(email=email.lower(), name=name, **more)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(
        self, email: str, name: str, password: str | None = None, **more
    ):
        return self.create_user(
            email, name, password, is_staff=True, is_superuser=True, **more
        )


class Person(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. Never deleted, only deactivated: records name them."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(max_length=200, unique=True)
    name = models.CharField(max_length=120)
    job_title = models.CharField(max_length=120, blank=True)
    department = models.ForeignKey(
        Department,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="people",
    )
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    single_keys_on = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    objects = PersonManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]  # noqa: RUF012 - Django asks for a list

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")),
                name="accounts_person_email_lower",
            ),
        )
        indexes = (
            # pick a person by name
            models.Index(Lower("name"), "id", name="accounts_person_name"),
        )

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]


class AgentKind(models.TextChoices):
    AGENT = "agent", "AI agent"
    SYSTEM_OF_RECORD = "system_of_record", "System of record"


class Agent(models.Model):
    """A program that acts: an AI agent, or a system that reports its own changes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(
        max_length=20, choices=AgentKind.choices, default=AgentKind.AGENT
    )
    department = models.ForeignKey(
        Department,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="agents",
    )
    operator = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="operates"
    )
    model_name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(kind__in=AgentKind.values),
                name="accounts_agent_kind",
            ),
        )

    def __str__(self) -> str:
        return self.name


class AgentKey(models.Model):
    """A key of one agent: shown once, kept as a hash, revoked for the next request."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="keys")
    prefix = models.CharField(max_length=16, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    hint = models.CharField(max_length=4)
    scopes = ArrayField(models.CharField(max_length=20))
    label = models.CharField(max_length=80, blank=True)
    created_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    last_used_from = models.GenericIPAddressField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")),
                name="accounts_agentkey_expires_later",
            ),
        )
