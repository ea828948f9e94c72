"""Agents and their keys."""

from datetime import datetime, timedelta

from django.utils.text import slugify

from portal.accounts.actors import Actor
from portal.accounts.keys import DEFAULT_SCOPES, SCOPES, NewKey, make_key
from portal.accounts.models import Agent, AgentKey, AgentKind, Department, Person
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Invalid

KEY_LIVES_FOR = timedelta(days=180)
KEYS_LIVE_MAX = 5


@operation(leaves="agent.created")
def register_agent(
    *,
    actor: Actor,
    name: str,
    department: Department | None,
    operator: Person | None,
    now: datetime,
    slug: str = "",
    kind: str = AgentKind.AGENT,
    model_name: str = "",
) -> Agent:
    """Register an agent. Raises Conflict when its name is taken."""
    return make_agent(
        actor=actor,
        name=name,
        department=department,
        operator=operator,
        now=now,
        slug=slug,
        kind=kind,
        model_name=model_name,
    )


@step
def make_agent(
    *,
    actor: Actor,
    name: str,
    department: Department | None,
    operator: Person | None,
    now: datetime,
    slug: str = "",
    kind: str = AgentKind.AGENT,
    model_name: str = "",
) -> Agent:
    """Register an agent inside an operation. Raises Conflict when its name is taken."""
    if operator is not None and not operator.is_active:
        raise Invalid({"operator": f"{operator.name} is no longer active."})
    slug = slug or slugify(name)[:80]
    if not slug:
        raise Invalid({"name": "Give the agent a name."})
    if Agent.objects.filter(slug=slug).exists():
        raise Conflict("agent.exists", f"There is an agent {name} already.")
    agent = Agent.objects.create(
        slug=slug,
        name=name,
        kind=kind,
        department=department,
        operator=operator,
        model_name=model_name,
        created_at=now,
    )
    record("agent.created", actor=actor, subject=("agent", agent.id), agent=name)
    return agent


@operation(leaves="agent.key_issued")
def issue_key(
    *,
    actor: Actor,
    agent: Agent,
    now: datetime,
    scopes: tuple[str, ...] = DEFAULT_SCOPES,
    label: str = "",
    lives_for: timedelta = KEY_LIVES_FOR,
) -> NewKey:
    """Issue a key; its text is in the answer and nowhere else.

    Several keys may be live, so that a new one can take over from an old one without
    a gap. Raises Invalid for an unknown scope, Conflict past the limit of live keys.
    """
    return _issue(actor, agent, scopes, label, lives_for, now)


@operation(leaves="agent.key_rotated")
def rotate_key(
    *, actor: Actor, key: AgentKey, overlap: timedelta, lives_for: timedelta,
    now: datetime,
) -> NewKey:  # fmt: skip
    """Put a new key in the place of a live one, which goes on for the overlap and no longer.

    The new key may do what the old one may. Raises AlreadyDone for a key that lives no
    more, Conflict past the limit of live keys.
    """
    kept = (
        AgentKey.objects.select_for_update(no_key=True, of=("self",))
        .select_related("agent")
        .filter(id=key.id, revoked_at=None, expires_at__gt=now)
        .first()
    )
    if kept is None:
        raise AlreadyDone("agent.key_dead", "This key lives no more; issue a new one.")
    made = _issue(actor, kept.agent, tuple(kept.scopes), kept.label, lives_for, now)
    ends_at = min(kept.expires_at, now + overlap)
    if overlap > timedelta(0):
        AgentKey.objects.filter(id=kept.id).update(expires_at=ends_at)
    else:
        AgentKey.objects.filter(id=kept.id).update(revoked_at=now)
    record(
        "agent.key_rotated",
        actor=actor,
        subject=("agent_key", kept.id),
        stream="security",
        agent=kept.agent.name,
        hint=kept.hint,
        new_hint=made.hint,
        ends_at=ends_at.isoformat(),
    )
    return made


@step
def _issue(
    actor: Actor, agent: Agent, scopes: tuple[str, ...], label: str,
    lives_for: timedelta, now: datetime,
) -> NewKey:  # fmt: skip
    if not scopes or not set(scopes) <= set(SCOPES):
        raise Invalid({"scopes": f"Choose from {', '.join(SCOPES)}."})
    live = AgentKey.objects.filter(agent=agent, revoked_at=None, expires_at__gt=now)
    if live.count() >= KEYS_LIVE_MAX:
        raise Conflict(
            "agent.keys_many",
            f"{agent.name} has {KEYS_LIVE_MAX} live keys; revoke one.",
        )
    made = make_key()
    key = AgentKey.objects.create(
        agent=agent,
        prefix=made.prefix,
        secret_hash=made.secret_hash,
        hint=made.hint,
        scopes=list(scopes),
        label=label,
        created_by_id=actor.id if actor.is_person else None,
        created_at=now,
        expires_at=now + lives_for,
    )
    record(
        "agent.key_issued",
        actor=actor,
        subject=("agent_key", key.id),
        stream="security",
        agent=agent.name,
        hint=made.hint,
    )
    return made


@operation(leaves="agent.key_revoked")
def revoke_key(*, actor: Actor, key: AgentKey, now: datetime) -> None:
    """Revoke a key; the next request that uses it is told 401."""
    changed = AgentKey.objects.filter(id=key.id, revoked_at=None).update(revoked_at=now)
    if not changed:
        raise AlreadyDone("agent.key_revoked", "This key was revoked before.")
    record(
        "agent.key_revoked",
        actor=actor,
        subject=("agent_key", key.id),
        stream="security",
        agent=key.agent.name,
        hint=key.hint,
    )


@operation(leaves="agent.changed")
def set_agent_active(*, actor: Actor, agent: Agent, is_active: bool) -> None:
    """Switch an agent on or off; every ruling reads it."""
    changed = Agent.objects.filter(id=agent.id).exclude(is_active=is_active)
    if not changed.update(is_active=is_active):
        raise AlreadyDone("agent.unchanged", f"{agent.name} is in that state already.")
    record(
        "agent.changed",
        actor=actor,
        subject=("agent", agent.id),
        stream="security",
        agent=agent.name,
        what="switched on" if is_active else "switched off",
    )
