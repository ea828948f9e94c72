"""A week as files: paper to file, tables for a spreadsheet, and the document that proves itself."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import typst
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.accounts.actors import actor_of
from portal.accounts.costly import costly
from portal.core.clock import wall_clock
from portal.core.errors import NotFound
from portal.core.spreadsheets import csv_lines
from runs.queries.signed_weeks import HOW, RECIPE, WeekTold, reasons_of, week_told
from runs.rules.questions import ANSWERS, KEYS, QUESTIONS
from runs.rules.sampling import LABELS, Layer

TYPESET = Path(__file__).parent.parent / "typeset"
ACCESSIBLE: Literal["ua-1"] = "ua-1"
NOT_SIGNED = (
    "It is being read; anything in it may still change, and nobody's answers are shown."
)
SAMPLE = (
    *("run", "layer", "probability", "why", "assessor", *KEYS, "reasons", "note"),
    "counts",
)
FINDINGS = (
    *("finding", "kind", "text", "run", "week_of", "found_by", "owner", "due_on"),
    *("closed_at", "closed_by", "evidence"),
)
KNOWN = (
    *("run", "read_by", "caught"),
    *(f"known_{key}" for key in KEYS),
    *(f"said_{key}" for key in KEYS),
)
ESTIMATES = ("question", "text", *ANSWERS, "shown", "share", "low", "high", "note")


@require_safe
def week_json(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """Give the signed document as it was hashed, and how to work its digest out again."""
    told = _told(request, week_id)
    seal = told.seal
    found: dict[str, Any] = {
        "what": _title(told),
        "state": "signed" if told.is_signed else "not signed",
        "version": told.number,
    }
    if told.is_signed:
        found |= {
            "digest": told.digest,
            "how_to_check": HOW,
            "recipe": RECIPE,
            "checkpoint": {"number": seal.number, "root": seal.root}
            if seal and seal.number
            else None,
            "content": told.content,
        }
    else:
        found["document"] = told.document
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    return _file(text, "application/json", _name(told, "json"))


@require_safe
def week_zip(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """Give the tables of a week for a spreadsheet: about, sample, findings, estimates."""
    told = _told(request, week_id)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, head, rows in _tables(told):
            text = "".join(csv_lines(head, rows))
            entry = zipfile.ZipInfo(f"{name}.csv", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, "\ufeff" + text)
    return _file(file.getvalue(), "application/zip", _name(told, "zip"))


@require_safe
@costly
def week_pdf(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """Give the report on paper."""
    now = wall_clock()
    told = _told(request, week_id)
    data = printed(told, now=now)
    try:
        pdf = _compiled(data, now, standard=ACCESSIBLE)
    except typst.TypstError:
        # A letter is missing from the fonts: rather a blank than no page.
        pdf = _compiled(data, now, standard=None)
    return _file(pdf, "application/pdf", _name(told, "pdf"), way="inline")


def printed(told: WeekTold, *, now: datetime) -> dict[str, Any]:
    """Give what the report prints, as plain values."""
    document = told.document
    return {
        "kind": f"Weekly review, version {told.number}",
        "title": f"{told.workflow}, week of {told.starts_on:%-d %B %Y}",
        "signed": told.is_signed,
        "unsigned": NOT_SIGNED,
        "facts": f"{told.starts_on:%-d %B} to {told.ends_on:%-d %B %Y} · {document['population']['count']:,} runs, {len(document['sample']):,} to read",
        "layers": [
            [label, f"{int(sizes['population']):,}", f"{int(sizes['drawn']):,}"]
            for label, sizes in told.layers
        ],
        "estimates": [
            [each["text"], f"{each['shown']}. {each['note']}".strip()]
            + [str(each["counts"].get(answer, 0)) for answer in ANSWERS]
            for each in document["estimates"]
        ],
        "launches": [
            f"Version {each['version']} went live on {_day(each['launched_at'])}"
            + (f", because of: {'; '.join(each['because'])}" if each["because"] else f". {each['reason']}")
            for each in document["launches"]
        ],
        "closed": [[each["text"], each["closed_by"], each["evidence"]] for each in told.closed_findings],
        "open": [[each["text"], told.kinds[each["kind"]], each["owner"], _day(each["due_on"])] for each in told.open_findings],
        "known": [[each["run"][-6:], each["read_by"], _wrong(each["known"]), _wrong(each["answers"])] for each in document.get("known_cases", ())],
        "changes": list(told.changes),
        "changes_title": f"What differs from version {told.compared_with}",
        "summary": document["summary"],
        "released": document["released"],
        "signer": document["signed_by"]["name"],
        "signed_at": _moment(document["signed_at"]),
        "proofs": _proofs(told),
        "foot": f"Countersign · {told.workflow_slug} · week of {told.starts_on.isoformat()} · version {told.number}{'' if told.is_signed else ' · not signed'} · printed {_moment(now.isoformat())}",
    }  # fmt: skip


def _wrong(answers: Mapping[str, str]) -> str:
    """Say which questions were answered with "no"."""
    wrong = [_short(key) for key, answer in answers.items() if answer == "no"]
    return ", ".join(wrong) or "nothing"


def _proofs(told: WeekTold) -> list[list[str]]:
    seal = told.seal
    root = f"{seal.root} (number {seal.number})" if seal and seal.number else "not made yet; within a minute of signing"  # fmt: skip
    return [
        ["Digest of this version", told.digest],
        ["Root of the signed checkpoint over the journal's entry", root],
        ["Key of the draw", str(told.document.get("secret", ""))],
        ["Digest of the population", told.document["population"]["digest"]],
    ]


def _tables(
    told: WeekTold,
) -> Iterable[tuple[str, Sequence[str], Iterable[Sequence[str]]]]:
    document = told.document
    about = [
        ("what", _title(told)),
        ("state", "signed" if told.is_signed else "not signed"),
        ("signed by", document["signed_by"]["name"]),
        ("signed at", document["signed_at"]),
        ("summary", document["summary"]),
        ("second readings given up", document["released"]),
        *((name.lower(), value) for name, value in (_proofs(told) if told.is_signed else ())),
    ]  # fmt: skip
    yield "about", ("name", "value"), about
    yield "sample", SAMPLE, _sample(document)
    yield "findings", FINDINGS, [_finding(told, each) for each in document["findings"]]
    yield "estimates", ESTIMATES, [_estimate(each) for each in document["estimates"]]
    if document.get("known_cases"):
        yield "known cases", KNOWN, _known(document["known_cases"])


def _known(cases: Sequence[Mapping[str, Any]]) -> Iterable[Sequence[str]]:
    """Give one line a known case: who read it, and both answers to each question."""
    for case in cases:
        caught = {True: "yes", False: "no", None: "no fault to catch"}[case["caught"]]
        known, given = (
            [case[side].get(key, "") for key in KEYS] for side in ("known", "answers")
        )
        yield (case["run"], case["read_by"], caught, *known, *given)


def _sample(document: Mapping[str, Any]) -> Iterable[Sequence[str]]:
    """Give one line a review, one for what two were settled to, and one where there is none.

    The last column says which line of a run the estimates count.
    """
    reviews: dict[str, list[Mapping[str, Any]]] = {}
    for review in sorted(document["reviews"], key=lambda each: each["at"]):
        reviews.setdefault(review["run"], []).append(review)
    # Beside what was settled the document names second readings that were given up.
    settled = {
        each["sampled"]: each
        for each in document.get("settled", ())
        if "answers" in each
    }
    for row in document["sample"]:
        head = (row["run"], LABELS[Layer(row["stratum"])], row["probability"], row["why"])  # fmt: skip
        settlement = settled.get(row.get("sampled", ""))
        for place, review in enumerate(reviews.get(row["run"], ())):
            reasons = "; ".join(
                f"{_short(key)}: {text}" for key, text in reasons_of(review).items()
            )
            answers = (review["answers"].get(key, "") for key in KEYS)
            counts = "no" if place or settlement else "yes"
            yield (*head, review["assessor"]["name"], *answers, reasons, review["note"], counts)  # fmt: skip
        if settlement:
            yield (*head, _settled_by(settlement), *(settlement["answers"].get(key, "") for key in KEYS), "", settlement["note"], "yes")  # fmt: skip
        if row["run"] not in reviews:
            yield (*head, "", *("" for _ in KEYS), "", "", "no")


def _settled_by(settlement: Mapping[str, Any]) -> str:
    names = (settlement["proposed_by"], settlement["agreed_by"])
    return f"settled by {' and '.join(name for name in names if name)}"


def _finding(told: WeekTold, each: Mapping[str, Any]) -> Sequence[str]:
    row = {**each, "finding": each["id"], "kind": told.kinds[each["kind"]]}
    return [str(row[name] or "") for name in FINDINGS]


def _estimate(each: Mapping[str, Any]) -> Sequence[str]:
    counts = [str(each["counts"].get(answer, 0)) for answer in ANSWERS]
    numbers = [str(each.get(name) or "") for name in ("share", "low", "high")]
    return [_short(each["question"]), each["text"], *counts, each["shown"], *numbers, each["note"]]  # fmt: skip


def _short(key: str) -> str:
    return next((each.short for each in QUESTIONS if each.key == key), key)


def _told(request: HttpRequest, week_id: UUID) -> WeekTold:
    text = request.GET.get("version", "")
    if text and not (text.isascii() and text.isdecimal() and 0 < int(text[:9]) < 10**6):
        raise NotFound("There is no such version.")
    return week_told(
        actor=actor_of(request),
        week_id=week_id,
        number=int(text[:9]) if text else None,
        now=wall_clock(),
    )


def _title(told: WeekTold) -> str:
    return f"Weekly review of {told.workflow}, week of {told.starts_on.isoformat()}, version {told.number}"


def _name(told: WeekTold, ending: str) -> str:
    mark = f"v{told.number}" if told.is_signed else "not-signed"
    return f"{told.workflow_slug}-week-{told.starts_on.isoformat()}-{mark}.{ending}"


def _day(text: str) -> str:
    if "T" not in text:
        return f"{date.fromisoformat(text):%-d %B %Y}"
    return f"{timezone.localtime(datetime.fromisoformat(text)):%-d %B %Y}"


def _moment(text: str) -> str:
    if not text:
        return ""
    return f"{timezone.localtime(datetime.fromisoformat(text)):%-d %B %Y, %H:%M}"


def _file(
    content: str | bytes, kind: str, name: str, *, way: str = "attachment"
) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'{way}; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _compiled(
    data: Mapping[str, Any], now: datetime, *, standard: Literal["ua-1"] | None
) -> bytes:
    return typst.compile(
        str(TYPESET / "week.typ"),
        root=str(TYPESET),
        format="pdf",
        sys_inputs={"data": json.dumps(data)},
        pdf_standards=standard,
        timestamp=int(now.astimezone(UTC).timestamp()),
    )
