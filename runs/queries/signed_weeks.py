"""The signed versions of a week: each readable whole, with its seal, and how they differ."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from portal.accounts.actors import Actor
from portal.audit.queries import SealedEntry
from portal.core.errors import NotFound
from runs.models import (
    Finding,
    Review,
    ReviewWeek,
    SampledRun,
    SignedWeek,
)
from runs.queries.answers import shown
from runs.queries.blind_findings import KIND
from runs.queries.sealing import findings_told, launched_in
from runs.queries.signing import seal_of
from runs.queries.week_page.access import visible_week
from runs.queries.week_page.estimates import estimates
from runs.queries.week_page.sample import SampleRow, sample_rows
from runs.rules.questions import given_from
from runs.rules.sampling import LABELS, Layer
from runs.rules.week_changes import differences

HOW = (
    "The digest is SHA-256 over one byte 01, then the length of `content` in UTF-8 as four"
    " bytes, highest first, then those bytes. It stands in the journal, and the checkpoint"
    " over that entry is signed and kept outside the database."
)
RECIPE = (
    'python3 -c "import hashlib, json, sys; b = json.load(open(sys.argv[1],'
    " encoding='utf-8'))['content'].encode();"
    " print('sha256:' + hashlib.sha256(b'\\x01' + len(b).to_bytes(4, 'big')"
    ' + b).hexdigest())" week.json'
)


@dataclass(frozen=True)
class WeekTold:
    """A week as one document, signed or not, ready to be read or exported."""

    week_id: UUID
    workflow: str
    workflow_slug: str
    starts_on: date
    ends_on: date
    number: int
    is_signed: bool
    digest: str
    content: str
    document: Mapping[str, Any]
    seal: SealedEntry | None
    layers: tuple[tuple[str, Mapping[str, Any]], ...]
    compared_with: int | None
    changes: tuple[str, ...]
    kinds: Mapping[str, str]

    @property
    def open_findings(self) -> list[Mapping[str, Any]]:
        return [each for each in self.document["findings"] if not each["closed_at"]]

    @property
    def closed_findings(self) -> list[Mapping[str, Any]]:
        return [each for each in self.document["findings"] if each["closed_at"]]


def reasons_of(review: Mapping[str, Any]) -> dict[str, str]:
    """Give the reasons of a review in a document, in words, by question. No query."""
    given = given_from(review["answers"], review["reasons"], review["note"])
    said = {key: given.why(key) for key in review["reasons"]}
    return {key: text for key, text in said.items() if text}


def week_of(*, workflow_id: UUID, starts_on: date) -> UUID:
    """Give the week of a workflow that starts on a Monday. One query. Raises NotFound."""
    found = ReviewWeek.objects.filter(workflow=workflow_id, starts_on=starts_on)
    week_id = found.values_list("id", flat=True).first()
    if week_id is None:
        raise NotFound("This week was not opened.")
    return week_id


def week_told(
    *, actor: Actor, week_id: UUID, number: int | None, now: datetime
) -> WeekTold:
    """Give a week to who may see it: a signed version, or as it stands now.

    Without a number it is the version that is signed, else what is being read, marked as
    not signed and without anybody's answers: who reads second reads blind. About ten
    queries. Raises NotFound.
    """
    week = visible_week(actor, week_id)
    is_signed = week.state == ReviewWeek.State.SIGNED
    if number is None and not is_signed:
        return _told(week, week.version, "", "", _unsigned(week, actor, now), is_signed=False)  # fmt: skip
    wanted = number or week.version
    kept = SignedWeek.objects.filter(week=week, number=wanted).first()
    if kept is None:
        raise NotFound("This version of the week was not signed, or not kept.")
    content = bytes(kept.content).decode()
    return _told(week, wanted, kept.digest, content, json.loads(content), is_signed=True)  # fmt: skip


def _told(
    week: ReviewWeek,
    number: int,
    digest: str,
    content: str,
    document: Mapping[str, Any],
    *,
    is_signed: bool,
) -> WeekTold:
    before = (
        SignedWeek.objects.filter(week=week, number__lt=number)
        .order_by("-number")
        .first()
        if is_signed
        else None
    )
    old = json.loads(bytes(before.content)) if before else None
    strata = document["population"]["strata"]
    return WeekTold(
        week_id=week.id,
        workflow=week.workflow.name,
        workflow_slug=week.workflow.slug,
        starts_on=week.starts_on,
        ends_on=week.starts_on + timedelta(days=6),
        number=number,
        is_signed=is_signed,
        digest=digest,
        content=content,
        document=document,
        seal=seal_of(week.id, digest) if is_signed else None,
        layers=tuple(
            (LABELS[layer], strata[layer.value])
            for layer in Layer
            if layer.value in strata
        ),
        compared_with=before.number if before else None,
        changes=differences(old, document) if old else (),
        kinds={**dict(Finding.Kind.choices), "": KIND},
    )


def _unsigned(week: ReviewWeek, actor: Actor, now: datetime) -> dict[str, Any]:
    """Give a week that is being read, as it stands, without anybody's answers."""
    rows = sample_rows(week, actor)
    read = Review.objects.filter(sampled__week=week).values_list("sampled__run_id")
    is_read = {each[0] for each in read.distinct()}
    return {
        "state": "not signed",
        "week": str(week.id),
        "number": week.version,
        "workflow": {
            "id": str(week.workflow_id),
            "slug": week.workflow.slug,
            "name": week.workflow.name,
        },
        "starts_on": week.starts_on.isoformat(),
        "population": {
            "count": week.population_count + sum(row.is_known for row in rows),
            "digest": week.population_digest,
            "strata": _with_known(week, rows),
        },
        "sample": [
            {
                "run": str(row.run_id),
                "stratum": row.stratum,
                "probability": str(row.probability),
                "why": row.why,
                "is_read": row.run_id in is_read,
            }
            for row in SampledRun.to_read.filter(shown(), week=week).order_by(
                "position"
            )
        ],
        "reviews": [],
        "estimates": [
            {
                "question": result.key,
                "text": result.text,
                "counts": dict(result.counts),
                "shown": result.shown,
                "note": result.note,
            }
            for result in estimates(week, rows).results
        ],
        "findings": findings_told(week, reader_id=actor.id),
        "launches": launched_in(week, until=now),
        "summary": "",
        "released": "",
        "signed_by": {"id": "", "name": ""},
        "signed_at": "",
    }


def _with_known(week: ReviewWeek, rows: tuple[SampleRow, ...]) -> dict[str, Any]:
    """Give the layers as the rows show them: a known case is one of its layer until signed."""
    more = Counter(row.layer for row in rows if row.is_known)
    return {
        key: layer
        | {name: int(layer[name]) + more[key] for name in ("population", "drawn")}
        for key, layer in week.strata.items()
    }
