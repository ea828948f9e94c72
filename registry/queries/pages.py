"""The one page as a person reads it: ten answers, the small matrix, the rules as sentences."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.core.errors import NotFound
from registry.models import LaunchPacket, OperatingModelVersion, Signature
from registry.models.version import VersionState
from registry.models.workflow import Role
from registry.queries.comparisons import document_of
from registry.queries.matrix import Grid, grid_of, systems_known
from registry.queries.people import SIGNING_ROLES, RoleHolder, people_of
from registry.queries.phases import group_sentences
from registry.queries.questions import QUESTIONS
from registry.queries.rulebooks import ceilings_over
from registry.queries.tools import retired_tools
from registry.rules.document import rulebook_of
from registry.rules.measures import measure_lines
from registry.rules.sentences import (
    cap_sentence,
    check_sentence,
    guardrail_sentences,
    stop_rule_sentence,
)
from registry.rules.techniques import technique_sentences


@dataclass(frozen=True)
class Answer:
    key: str
    question: str
    text: str


@dataclass(frozen=True)
class RuleLine:
    """A rule as its own sentence, and what exactly makes it fire."""

    key: str
    sentence: str
    exactly: str
    effect: str


@dataclass(frozen=True)
class SignatureLine:
    """One of the three signatures at the foot, or who has not signed."""

    role: str
    label: str
    person: str | None
    signed_at: datetime | None


@dataclass(frozen=True)
class OnePage:
    """One version of the one page, ready to be read or printed."""

    number: int
    state: str
    state_word: str
    is_live: bool
    name: str
    purpose: str
    units: str
    phase: int
    risk: str
    currency: str
    digest: str
    packet_digest: str
    answers: tuple[Answer, ...]
    grid: Grid
    guardrail: tuple[str, ...]
    stop_rules: tuple[RuleLine, ...]
    caps: tuple[str, ...]
    checks: tuple[str, ...]
    measures: tuple[tuple[str, str], ...]
    groups: tuple[str, ...]
    technique: tuple[str, ...]
    roles: tuple[RoleHolder, ...]
    signatures: tuple[SignatureLine, ...]
    is_signed: bool


def shown_version(
    *, workflow_id: UUID, live_version_id: UUID | None
) -> OperatingModelVersion:
    """Give the version that a reader wants first: live, else the open one, else the newest."""
    versions = OperatingModelVersion.objects.filter(workflow_id=workflow_id)
    if live_version_id is not None:
        return versions.get(id=live_version_id)
    versions = versions.order_by("-number")
    is_open = versions.filter(state__in=(VersionState.DRAFT, VersionState.SUBMITTED))
    found = is_open.first() or versions.first()
    if found is None:
        raise NotFound("There is no page here.")
    return found


def version_numbered(*, workflow_id: UUID, number: int) -> OperatingModelVersion:
    """Give one version by its number. Raises NotFound."""
    found = OperatingModelVersion.objects.filter(
        workflow_id=workflow_id, number=number
    ).first()
    if found is None:
        raise NotFound(f"There is no version {number}.")
    return found


def version_to_show(
    *, workflow_id: UUID, live_version_id: UUID | None, number: int | None = None
) -> OperatingModelVersion:
    """Give the version with this number, or without one the one wanted first."""
    if number is None:
        return shown_version(workflow_id=workflow_id, live_version_id=live_version_id)
    return version_numbered(workflow_id=workflow_id, number=number)


def one_page(
    *, version: OperatingModelVersion, live_version_id: UUID | None
) -> OnePage:
    """Give a version as the page that people read. Eight queries."""
    document = document_of(version)
    rulebook = rulebook_of(document, version=version.number)
    packet = LaunchPacket.objects.filter(version=version).first()
    people = people_of(workflow_id=version.workflow_id)
    signatures = _signatures(packet)
    return OnePage(
        number=version.number,
        state=version.state,
        state_word=VersionState(version.state).label,
        is_live=version.id == live_version_id,
        name=document["name"],
        purpose=document.get("purpose", ""),
        units=document.get("units", ""),
        phase=rulebook.phase,
        risk=rulebook.risk.value,
        currency=rulebook.currency,
        digest=version.digest,
        packet_digest=packet.digest if packet else "",
        answers=tuple(
            Answer(
                question.key,
                question.text,
                document.get("answers", {}).get(question.key, ""),
            )
            for question in QUESTIONS
        ),
        grid=grid_of(
            rulebook,
            ceilings=ceilings_over(workflow_id=version.workflow_id),
            systems=systems_known(),
            phase=_held(version, live_version_id),
            retired_tools={(system, name) for _, system, name in retired_tools()},
        ),
        guardrail=guardrail_sentences(rulebook.guardrail, currency=rulebook.currency),
        stop_rules=tuple(
            RuleLine(
                rule.key, rule.sentence, stop_rule_sentence(rule), rule.effect.value
            )
            for rule in rulebook.stop_rules
        ),
        caps=tuple(
            cap_sentence(cap, currency=rulebook.currency) for cap in rulebook.caps
        ),
        checks=tuple(check_sentence(check) for check in rulebook.checks),
        measures=measure_lines(document),
        groups=group_sentences(document),
        technique=technique_sentences(document.get("technique") or {}),
        roles=people.roles,
        signatures=signatures,
        is_signed=all(line.signed_at for line in signatures),
    )


def _held(version: OperatingModelVersion, live_version_id: UUID | None) -> int | None:
    """Give the phase that holds beside the page's own, which only what is live has."""
    is_live = live_version_id is not None and version.id == live_version_id
    return version.workflow.phase if is_live else None


def _signatures(packet: LaunchPacket | None) -> tuple[SignatureLine, ...]:
    found = {}
    if packet is not None and packet.voided_at is None:
        rows = Signature.objects.filter(packet=packet, withdrawn_at=None)
        found = {row.role: row for row in rows.select_related("person")}
    return tuple(
        SignatureLine(
            role=role.value,
            label=Role(role).label,
            person=found[role].person.name if role in found else None,
            signed_at=found[role].signed_at if role in found else None,
        )
        for role in SIGNING_ROLES
    )
