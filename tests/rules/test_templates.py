"""The ten templates: readable, without gaps, distinct, and what the demo promises."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from registry.rules.answers import Answer, Authority
from registry.rules.authority import rule
from registry.rules.document import from_toml, rulebook_of, to_toml
from registry.rules.gaps import ROLES, gaps_of
from registry.rules.rulebook import Request, Standing, StopKind

FOLDER = Path(__file__).parents[2] / "registry" / "templates_library"
NAMES = {
    "compliance-screening", "content-publishing", "employee-offboarding", "escalation-resolution",
    "it-remediation", "lead-qualification", "policy-assistant", "refund-management",
    "security-operations", "voice-service-desk",
}  # fmt: skip


def template(name):
    return from_toml((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def test_there_are_ten():
    assert {path.stem for path in FOLDER.glob("*.toml")} == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_template_lacks_nothing_but_people(name):
    document = template(name)
    book = rulebook_of(document)

    assert document["workflow"] == document["template"] == name
    assert gaps_of(document, dict.fromkeys(ROLES, "somebody")) == ()
    assert from_toml(to_toml(document)) == document
    assert any(row.authority == Authority.NEVER for row in book.allowances.values())
    assert len(book.stop_rules) >= 5
    assert all((tool.system, tool.verb) in book.allowances for tool in book.tools)


def test_templates_differ():
    pages = [template(name) for name in sorted(NAMES)]
    for key in ("purpose", "units", "allowances", "stop_rules", "answers"):
        assert len({str(each[key]) for each in pages}) == len(NAMES)
    kinds = {rule["kind"] for each in pages for rule in each["stop_rules"]}
    assert kinds == {str(kind) for kind in StopKind}
    assert {each["phase"] for each in pages} == {1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("system", "verb", "args", "confidence", "answer"),
    [
        ("orders", "read", {}, None, Answer.ALLOW),
        (
            "billing",
            "refund",
            {"amount": "25.00", "currency": "EUR"},
            "0.9",
            Answer.ALLOW,
        ),
        (
            "billing",
            "refund",
            {"amount": "25.01", "currency": "EUR"},
            "0.9",
            Answer.REVIEW,
        ),
        (
            "billing",
            "refund",
            {"amount": "25.00", "currency": "EUR"},
            "0.89",
            Answer.REVIEW,
        ),
        (
            "billing",
            "refund",
            {"amount": "84.20", "currency": "EUR"},
            "0.93",
            Answer.REVIEW,
        ),
        (
            "billing",
            "refund",
            {"amount": "500.01", "currency": "EUR"},
            "0.99",
            Answer.ESCALATE,
        ),
        ("billing", "refund", {}, "0.99", Answer.REVIEW),
        ("orders", "delete", {}, "1", Answer.REFUSE),
        ("billing", "delete", {}, "1", Answer.REFUSE),
        ("billing", "charge", {"amount": "1.00"}, "1", Answer.REFUSE),
    ],
)
def test_refund_management_rules_as_the_demo_promises(
    system, verb, args, confidence, answer
):
    book = replace(rulebook_of(template("refund-management")), version=1)
    systems = frozenset({"orders", "billing", "crm", "mail"})
    standing = Standing(
        rulebook=book,
        is_live=True,
        is_paused=False,
        agent_is_active=True,
        approved_systems=systems,
        known_systems=systems,
        used={cap.key: Decimal(0) for cap in book.caps},
        day_counts={},
    )
    said = Decimal(confidence) if confidence else None

    assert (
        rule(Request(verb, system, args=args, confidence=said), standing).answer
        == answer
    )
