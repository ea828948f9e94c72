"""AI models and systems that are approved, retired or neither, and where they are used."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Lower

from portal.accounts import access
from portal.accounts.actors import Actor
from registry.models import AgentAssignment, AiModel, AllowanceRow, System, Workflow
from registry.queries.people import people_to_pick
from registry.queries.rights import holds
from registry.rules.rulebook import Level

MODELS_SHOWN_MAX = 500
# What the live pages of workflows name that is not approved, and their agents' models.
_NOTES = """
SELECT w.id, note.* FROM registry_workflow w CROSS JOIN LATERAL (
    SELECT DISTINCT 'system' AS kind, coalesce(s.name, r.system) AS name,
           coalesce(s.retired_reason, '') AS reason, s.id IS NULL AS is_unknown
      FROM registry_allowancerow r LEFT JOIN registry_system s ON s.slug = r.system
     WHERE r.version_id = w.live_version_id AND s.is_approved IS NOT TRUE
    UNION ALL
    SELECT DISTINCT 'model', a.model_name, coalesce(m.retired_reason, ''), m.id IS NULL
      FROM registry_agentassignment x JOIN accounts_agent a ON a.id = x.agent_id
      LEFT JOIN registry_aimodel m
        ON lower(a.model_name) IN (lower(m.slug), lower(m.name))
     WHERE x.workflow_id = w.id AND a.model_name <> ''
       AND m.is_approved IS NOT TRUE AND EXISTS (SELECT FROM registry_aimodel)
    UNION ALL
    SELECT DISTINCT 'tool', c.name, c.reason, FALSE
      FROM registry_operatingmodelversion v, registry_toolchange c
     WHERE v.id = w.live_version_id AND NOT c.is_approved
       AND v.document->'tools' @> jsonb_build_array(
           jsonb_build_object('name', c.name, 'system', c.system))
       AND NOT EXISTS (SELECT FROM registry_toolchange n
                        WHERE n.tool_id = c.tool_id AND n.number > c.number)
) note
 WHERE w.id = ANY(%s)
 ORDER BY note.kind DESC, note.name
"""


@dataclass(frozen=True)
class CatalogueNote:
    """Something that a workflow uses and that is not approved: it is refused."""

    kind: str
    name: str
    reason: str
    is_unknown: bool

    @property
    def sentence(self) -> str:
        """Say what is wrong and what follows from it."""
        if self.kind == "model":
            what, then = "AI model", "a request that names it is refused"
        elif self.kind == "tool":
            what, then = "tool", "every request that it stands for is refused"
        else:
            what, then = "system", "every request there is refused"
        if self.is_unknown:
            return f"The {what} {self.name} is not in the catalogue: {then}."
        if self.reason:
            return f"The {what} {self.name} was retired (“{self.reason}”): {then}."
        return f"The {what} {self.name} is not approved: {then}."


@dataclass(frozen=True)
class ModelLine:
    id: UUID
    slug: str
    name: str
    is_approved: bool
    retired_at: datetime | None
    retired_reason: str
    uses: int
    owner: str = ""
    owner_id: UUID | None = None
    is_owner_gone: bool = False


@dataclass(frozen=True)
class ModelsPage:
    models: tuple[ModelLine, ...]
    may_administer: bool
    people: tuple[tuple[str, str], ...] = ()
    # While no list is kept: what agents run on, and in how many live workflows.
    unlisted: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Retiring:
    """What is about to be retired, and the live workflows that this touches."""

    id: UUID
    kind: str
    name: str
    slug: str
    is_retired: bool
    uses: tuple[tuple[str, str], ...]
    owner: str = ""
    # Those of them whose names the reader may see; the others are only counted.
    named: tuple[tuple[str, str], ...] = ()

    @property
    def count(self) -> int:
        return len(self.uses)

    @property
    def unnamed(self) -> int:
        return len(self.uses) - len(self.named)


def notes_on(
    *, workflow_ids: Collection[UUID]
) -> dict[UUID, tuple[CatalogueNote, ...]]:
    """Say of each workflow what it uses that is not approved. One query."""
    found: dict[UUID, tuple[CatalogueNote, ...]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_NOTES, [list(workflow_ids)])
        for workflow_id, *note in cursor.fetchall():
            notes = found.get(workflow_id, ())
            found[workflow_id] = (*notes, CatalogueNote(*note))
    return found


def models_page(*, actor: Actor) -> ModelsPage:
    """Give the catalogue of AI models by name. Four queries.

    Counted are the workflows that the reader may see, all of them for who approves models.
    """
    may_administer = holds(actor, "approve_model", Level.ENTERPRISE)
    rows = AiModel.objects.select_related("owner").order_by(Lower("name"), "id")[
        :MODELS_SHOWN_MAX
    ]
    people = people_to_pick(actor=actor) if may_administer else ()
    used: dict[str, set[UUID]] = {}
    serving = AgentAssignment.objects.exclude(
        Q(workflow__live_version=None) | Q(agent__model_name="")
    )
    if not may_administer:
        serving = access.visible(serving, actor=actor, workflow_path="workflow_id")
    for name, workflow_id in serving.values_list(
        Lower("agent__model_name"), "workflow_id"
    ):
        used.setdefault(name, set()).add(workflow_id)
    return ModelsPage(
        unlisted=()
        if rows
        else tuple((name, len(ids)) for name, ids in sorted(used.items())),
        models=tuple(
            ModelLine(
                id=row.id,
                slug=row.slug,
                name=row.name,
                is_approved=row.is_approved,
                retired_at=row.retired_at,
                retired_reason=row.retired_reason,
                uses=len(
                    used.get(row.slug.lower(), set())
                    | used.get(row.name.lower(), set())
                ),
                owner=row.owner.name if row.owner else "",
                owner_id=row.owner_id,
                is_owner_gone=row.owner is not None and not row.owner.is_active,
            )
            for row in rows
        ),
        may_administer=may_administer,
        people=tuple((str(each.value), each.label) for each in people),
    )


def named_to(actor: Actor, found: Retiring | None) -> Retiring | None:
    """Name to its reader only the workflows that they may see. Two queries."""
    if found is None:
        return None
    slugs = [slug for slug, _ in found.uses]
    rows = access.visible(Workflow.objects.filter(slug__in=slugs), actor=actor)
    seen = set(rows.values_list("slug", flat=True))
    return replace(found, named=tuple(each for each in found.uses if each[0] in seen))


def system_to_retire(*, system_id: UUID) -> Retiring | None:
    """Give a system with the live workflows whose page names it. Two queries."""
    row = System.objects.select_related("owner").filter(id=system_id).first()
    if row is None:
        return None
    uses = (
        AllowanceRow.objects.filter(
            system=row.slug, version=F("version__workflow__live_version")
        )
        .values_list("version__workflow__slug", "version__workflow__name")
        .distinct()
        .order_by("version__workflow__name")
    )
    return Retiring(
        row.id,
        "system",
        row.name,
        row.slug,
        row.retired_at is not None,
        tuple(uses),
        owner=row.owner.name if row.owner and row.owner.is_active else "",
    )


def model_to_retire(*, model_id: UUID) -> Retiring | None:
    """Give a model with the live workflows that an agent on it serves. Two queries."""
    row = AiModel.objects.select_related("owner").filter(id=model_id).first()
    if row is None:
        return None
    uses = (
        AgentAssignment.objects.filter(
            Q(agent__model_name__iexact=row.slug)
            | Q(agent__model_name__iexact=row.name),
            workflow__live_version__isnull=False,
        )
        .values_list("workflow__slug", "workflow__name")
        .distinct()
        .order_by("workflow__name")
    )
    return Retiring(
        row.id,
        "model",
        row.name,
        row.slug,
        row.retired_at is not None,
        tuple(uses),
        owner=row.owner.name if row.owner and row.owner.is_active else "",
    )
