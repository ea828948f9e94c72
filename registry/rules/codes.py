"""The closed list of reason codes: what each means, and who or what can change it.

A ruling never carries a code that is not here. The order is the order of reasons of one severity.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Code:
    code: str
    sentence: str
    who_can_help: str


BUSINESS = "The workflow's business owner"
PLATFORM = "The workflow's IT owner"
RISK = "The workflow's risk owner"
EXCEPTIONS = "The workflow's escalation owner"
REVIEWER = "A reviewer of the workflow"
DEVELOPER = "The developer of the agent"
ADMINISTRATOR = "An administrator"

_ROWS = (
    ("agent.inactive", "The agent has been switched off.", ADMINISTRATOR),
    ("workflow.not_live", "The workflow has no rulebook in force.", BUSINESS),
    ("workflow.paused", "The workflow is paused.", BUSINESS),
    ("verb.unknown", "The verb is not in the catalogue.", DEVELOPER),
    ("system.unknown", "The system is not registered.", PLATFORM),
    ("system.not_approved", "The system is not approved for this workflow.", PLATFORM),
    (
        "model.not_approved",
        "The model is not on the approved list, or not named.",
        PLATFORM,
    ),
    (
        "tool.not_approved",
        "A tool that the page maps to this action was retired.",
        ADMINISTRATOR,
    ),
    ("run.on_hold", "A stop rule holds this run until it is resumed.", EXCEPTIONS),
    (
        "owner.vacant",
        "A role that must be held is vacant: it is asked, and nothing runs.",
        ADMINISTRATOR,
    ),
    (
        "resume.staged",
        "The workflow resumes in stages, and this is not open yet.",
        BUSINESS,
    ),
    (
        "training.lapsed",
        "Somebody who must be trained is not: it is asked, and nothing runs.",
        ADMINISTRATOR,
    ),
    ("no_allowance", "The matrix has no row for this verb in this system.", BUSINESS),
    ("never", "The matrix says never.", BUSINESS),
    ("ceiling.enterprise", "A limit of the enterprise applies.", RISK),
    ("ceiling.department", "A limit of the department applies.", RISK),
    ("ceiling.team", "A limit of the team applies.", BUSINESS),
    ("ceiling.phase", "The maturity phase of the workflow sets a limit.", BUSINESS),
    (
        "amount.unreadable",
        "The amount is not a plain, finite number of at least zero.",
        DEVELOPER,
    ),
    (
        "amount.mismatch",
        "The claimed amount is not the amount in the action.",
        DEVELOPER,
    ),
    ("check.failed", "A check that must pass has failed.", DEVELOPER),
    ("cap.spend", "A spend cap would be passed.", BUSINESS),
    ("cap.count", "A count cap would be passed.", BUSINESS),
    ("cap.currency", "A spend cap is kept in another currency.", EXCEPTIONS),
    ("stop_rule.missing_data", "A stop rule: required data is missing.", EXCEPTIONS),
    ("stop_rule.conflicting_records", "A stop rule: records conflict.", EXCEPTIONS),
    (
        "stop_rule.sensitive_topic",
        "A stop rule: a sensitive topic is touched.",
        EXCEPTIONS,
    ),
    ("stop_rule.low_confidence", "A stop rule: confidence is low.", EXCEPTIONS),
    (
        "stop_rule.outside_category",
        "A stop rule: outside the approved categories.",
        EXCEPTIONS,
    ),
    (
        "stop_rule.tool_failure",
        "A stop rule: a tool failed and nothing made it good.",
        EXCEPTIONS,
    ),
    ("stop_rule.expression", "A stop rule written as an expression fired.", EXCEPTIONS),
    (
        "inspection.impossible",
        "A person cannot read what would be done, so a higher approver decides.",
        EXCEPTIONS,
    ),
    ("guardrail.risk", "The risk is at or above a guardrail.", REVIEWER),
    ("guardrail.amount", "The amount is above a guardrail.", REVIEWER),
    ("guardrail.confidence", "The confidence is below a guardrail.", REVIEWER),
    ("limit.currency", "The amount is in another currency than the limit.", EXCEPTIONS),
    ("limit.amount", "The amount is above the limit of the row.", REVIEWER),
    ("limit.count", "The row's count for a day is used up.", REVIEWER),
    (
        "amount.missing",
        "A limit exists and the action's amount cannot be read.",
        REVIEWER,
    ),
    ("check.missing", "A check that must pass was not reported as passed.", DEVELOPER),
    ("allowance.review", "The matrix says that a person decides.", REVIEWER),
    ("allowance.allowed", "The matrix allows it.", BUSINESS),
)

CODES: Mapping[str, Code] = MappingProxyType({row[0]: Code(*row) for row in _ROWS})
POSITION: Mapping[str, int] = MappingProxyType(
    {code: at for at, code in enumerate(CODES)}
)
