"""The numbers of the portal, each with its formula in words and in measures.

A measure is what `runs.rules.tallying` counts by workflow and day, and three that are
read from runs themselves. A number without its rows and its coverage is not shown.
"""

from dataclasses import dataclass

SHARE, COUNT, RATE, SECONDS, UNIT_COST = (
    "share",
    "count",
    "rate",
    "seconds",
    "unit_cost",
)
ASKED = ("ruled.allow", "ruled.review", "ruled.escalate", "ruled.refuse")
DECIDED = ("resolved.approved", "resolved.edited", "resolved.rejected")


@dataclass(frozen=True)
class Formula:
    """One number: what is counted over what, and what it leaves out."""

    key: str
    label: str
    family: str
    kind: str
    over: tuple[str, ...]
    under: tuple[str, ...] = ()
    over_words: str = ""
    under_words: str = ""
    sentence: str = ""
    excluded: str = ""
    covered: tuple[str, ...] = ()
    coverable: tuple[str, ...] = ()
    covered_words: str = ""
    target: float | None = None
    target_words: str = ""
    place: str = "runs"
    asked: str = ""
    # What belongs beside it, counted over the same days.
    beside: tuple[str, ...] = ()
    beside_label: str = ""


FORMULAS = (
    Formula(
        key="asked",
        label="Actions asked for",
        family="Efficiency",
        kind=COUNT,
        over=ASKED,
        over_words="requests that the rulebook answered",
        sentence="Every request an agent made, whatever the answer was.",
        excluded="A ruling asked again, before a decision or a grant, counts once.",
        covered_words="every request: it is our own record",
        place="journal",
        asked="name=action.ruled",
    ),
    Formula(
        key="allowed-alone",
        label="Allowed without a person",
        family="Efficiency",
        kind=SHARE,
        over=("ruled.allow",),
        under=ASKED,
        over_words="requests answered “allow”",
        under_words="requests asked",
        sentence="How much of the work needs nobody's decision.",
        covered_words="every request: it is our own record",
        place="journal",
        asked="name=action.ruled",
    ),
    Formula(
        key="finished",
        label="Runs that finished as meant",
        family="Efficiency",
        kind=SHARE,
        over=("finished.completed",),
        under=(
            *("finished.completed", "finished.failed"),
            *("finished.stopped", "finished.cancelled"),
        ),
        over_words="runs that ended “completed”",
        under_words="runs that ended",
        sentence="Runs that said they completed, among those that said how they ended.",
        excluded="Runs that never said they ended; see coverage.",
        covered=("told.run.finished",),
        coverable=("run.count",),
        covered_words="runs said how they ended",
    ),
    Formula(
        key="throughput",
        label="Units of work a day",
        family="Efficiency",
        kind=RATE,
        over=("units",),
        over_words="units that completed runs reported",
        under_words="days",
        sentence="What a unit is stands on each workflow's one page.",
        covered=("told.run.finished",),
        coverable=("run.count",),
        covered_words="runs said how they ended",
    ),
    Formula(
        key="retries",
        label="Tool calls tried again",
        family="Efficiency",
        kind=SHARE,
        over=("retries",),
        under=("told.tool.called",),
        over_words="calls that were a second or later try",
        under_words="tool calls told",
        sentence="How often agents had to try again.",
        excluded="Calls that agents do not tell.",
        covered_words="what agents tell; not confirmed by the tools",
    ),
    Formula(
        key="acceptance",
        label="Approved by people",
        family="Decision quality",
        kind=SHARE,
        over=("resolved.approved", "resolved.edited"),
        under=DECIDED,
        over_words="proposals approved, as asked or edited",
        under_words="proposals that a person approved, edited or rejected",
        sentence="How often people agree with what AI asks.",
        excluded="Expired, withdrawn and answered-instead proposals.",
        covered_words="every decision: it is our own record",
        place="inbox",
        asked="tab=decided",
    ),
    Formula(
        key="override",
        label="Overridden by people",
        family="Decision quality",
        kind=SHARE,
        over=("resolved.rejected", "resolved.edited"),
        under=DECIDED,
        over_words="proposals rejected or changed before approval",
        under_words="proposals that a person approved, edited or rejected",
        sentence="How often a person knew better. None for weeks is as odd as many.",
        excluded="Expired, withdrawn and answered-instead proposals.",
        covered_words="every decision: it is our own record",
        place="inbox",
        asked="tab=decided",
    ),
    Formula(
        key="deciding-time",
        label="Time to a decision",
        family="Decision quality",
        kind=SECONDS,
        over=("deciding_seconds",),
        under=("decided",),
        over_words="seconds from proposal to decision, added up",
        under_words="decisions",
        sentence="The mean time a proposal waited for a person.",
        excluded="Proposals nobody decided; see expired.",
        covered_words="every decision: it is our own record",
        place="inbox",
        asked="tab=decided",
    ),
    Formula(
        key="expired",
        label="Expired undecided",
        family="Decision quality",
        kind=SHARE,
        over=("expired.proposal",),
        under=("expired.proposal", "resolved.all"),
        over_words="proposals nobody decided in time",
        under_words="proposals that ended",
        sentence="Work that waited for a person until it was too late.",
        target=0.02,
        target_words="at most 2 %",
        covered_words="every proposal: it is our own record",
        place="journal",
        asked="name=proposal.expired",
    ),
    Formula(
        key="unauthorised",
        label="Unauthorised actions",
        family="Risk",
        kind=COUNT,
        over=("incident.unauthorised",),
        under=("change.judged",),
        over_words="actions that no grant covers, open or confirmed",
        under_words="changes that systems of record reported",
        sentence="What systems saw, or agents told, and nobody had granted. The interval says how many of a hundred could be so in truth.",
        excluded="Changes in systems that do not report to Countersign, and incidents that a person explained.",
        target=0,
        target_words="zero",
        covered=("change.matched",),
        coverable=("redeemed",),
        covered_words="redeemed grants have a change reported",
        place="incidents",
        asked="state=counted",
        beside=("ruled.refuse",),
        beside_label="Attempts that the rulebook refused",
    ),
    Formula(
        key="refused",
        label="Refused by the rulebook",
        family="Risk",
        kind=SHARE,
        over=("ruled.refuse",),
        under=ASKED,
        over_words="requests answered “refuse”",
        under_words="requests asked",
        sentence="Attempts that the rulebook stopped before anything happened.",
        covered_words="every request: it is our own record",
        place="journal",
        asked="name=action.ruled",
    ),
    Formula(
        key="escalated",
        label="Escalated",
        family="Risk",
        kind=SHARE,
        over=("ruled.escalate",),
        under=ASKED,
        over_words="requests answered “escalate”",
        under_words="requests asked",
        sentence="Requests that went past reviewers to an owner.",
        covered_words="every request: it is our own record",
        place="journal",
        asked="name=action.ruled",
    ),
    Formula(
        key="succeeded",
        label="Outcomes that succeeded",
        family="Outcome",
        kind=SHARE,
        over=("outcome.succeeded",),
        under=("outcome.succeeded", "outcome.failed", "outcome.unknown"),
        over_words="outcomes reported “succeeded”",
        under_words="outcomes reported",
        sentence="What happened after a grant was redeemed. Unknown is not success.",
        excluded="Redeemed grants without a report; see coverage.",
        covered=("outcome",),
        coverable=("redeemed",),
        covered_words="redeemed grants have an outcome",
        place="journal",
        asked="name=outcome.reported",
    ),
    Formula(
        key="answerable",
        label="Runs that can be explained",
        family="Outcome",
        kind=SHARE,
        over=("run.answered",),
        under=("run.answerable",),
        over_words="questions answered, of seven for each run",
        under_words="seven questions for each run",
        sentence="How many of the seven questions a run's record can answer.",
        target=0.9,
        target_words="at least 90 %",
        covered_words="every run that was told of",
    ),
    Formula(
        key="unit-cost",
        label="Cost of a unit of work",
        family="Cost",
        kind=UNIT_COST,
        over=("cost.EUR",),
        under=("units",),
        over_words="euros that agents reported for models and tools",
        under_words="units that completed runs reported",
        sentence="What one unit costs in models and tools.",
        excluded="People's time, other currencies, and costs agents do not tell.",
        covered=("told.run.finished",),
        coverable=("run.count",),
        covered_words="runs said how they ended",
    ),
)
BY_KEY = {formula.key: formula for formula in FORMULAS}
