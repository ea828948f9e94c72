"""The indicators that come from decisions, in words."""

from portal.home.queries.kpis.figure import Better, Family, Kpi, Unit

ASKED = Kpi(
    key="asked",
    label="Actions asked for",
    family=Family.EFFICIENCY,
    unit=Unit.COUNT,
    better=Better.NEITHER,
    sentence="Every request an agent made, whatever the answer was.",
    formula="Requests that the rulebook answered for the first time.",
    over_words="requests that the rulebook answered",
    excluded_words="A ruling asked again, before a decision or a grant, counts once.",
)
ALLOWED = Kpi(
    key="allowed-alone",
    label="Allowed without a person",
    family=Family.EFFICIENCY,
    unit=Unit.SHARE,
    better=Better.UP,
    sentence="How much of the work needs nobody's decision.",
    formula="Requests answered “allow” ÷ requests asked.",
    over_words="requests answered “allow”",
    under_words="requests asked",
    target_key="allowed-alone",
)
REFUSED = Kpi(
    key="refused",
    label="Refused by the rulebook",
    family=Family.RISK,
    unit=Unit.SHARE,
    better=Better.DOWN,
    sentence="Attempts that the rulebook stopped before anything happened.",
    formula="Requests answered “refuse” ÷ requests asked.",
    over_words="requests answered “refuse”",
    under_words="requests asked",
    target_key="refused",
)
ESCALATED = Kpi(
    key="escalated",
    label="Escalated",
    family=Family.RISK,
    unit=Unit.SHARE,
    better=Better.DOWN,
    sentence="Requests that went past reviewers to an owner at once.",
    formula="Requests answered “escalate” ÷ requests asked.",
    over_words="requests answered “escalate”",
    under_words="requests asked",
    target_key="escalated",
)
ACCEPTANCE = Kpi(
    key="acceptance",
    label="Approved by people",
    family=Family.DECISIONS,
    unit=Unit.SHARE,
    better=Better.UP,
    sentence="How often people agree with what AI asks: as it is, or after an edit.",
    formula="Approved as they are or edited ÷ decided by a person for good.",
    over_words="proposals approved, as asked or edited",
    under_words="proposals that a person decided for good",
    excluded_words="Expired, withdrawn, taken back, and what was allowed without a person.",
    target_key="acceptance",
)
OVERRIDE = Kpi(
    key="override",
    label="Overridden by people",
    family=Family.DECISIONS,
    unit=Unit.SHARE,
    better=Better.BAND,
    sentence="How often a person knew better. None for weeks is as odd as many.",
    formula=(
        "Rejected, answered instead, or edited in an amount, a resource, a recipient or"
        " the verb ÷ decided by a person for good."
    ),
    over_words="proposals rejected, answered instead, or changed in what matters",
    under_words="proposals that a person decided for good",
    excluded_words="Expired, withdrawn, taken back, and what was allowed without a person.",
    target_key="override",
)
REWORK = Kpi(
    key="rework",
    label="Rework",
    family=Family.DECISIONS,
    unit=Unit.SHARE,
    better=Better.DOWN,
    sentence="Decisions that were taken back, or whose case was opened again.",
    formula=(
        "Approvals taken back, and decisions whose case was opened again within 14 days"
        " ÷ decisions. Of the days 14 days earlier, so that each had its 14 days."
    ),
    over_words="decisions taken back, or followed by a reopened case",
    under_words="decisions, those taken back included",
    excluded_words="Expired and withdrawn proposals.",
    covered_words="completed runs name the case that they belong to",
    target_key="rework",
)
DECIDING_TIME = Kpi(
    key="deciding-time",
    label="Time to a decision",
    family=Family.DECISIONS,
    unit=Unit.SECONDS,
    better=Better.DOWN,
    sentence="Half of the decisions took no longer than this.",
    formula="Median of decided − put before people; p90 beside it.",
    over_words="decisions",
    excluded_words="Proposals nobody decided, and approvals taken back.",
    target_key="deciding-time",
)
IN_TIME = Kpi(
    key="decided-in-time",
    label="Decided in time",
    family=Family.GUARD,
    unit=Unit.SHARE,
    better=Better.UP,
    sentence="Proposals that were decided before anybody's time ran out.",
    formula=(
        "Decided before a time ran out ÷ decided, or expired. One that went up a step"
        " because nobody decided was late, whoever decided it then."
    ),
    over_words="proposals decided before a time ran out",
    under_words="proposals decided or expired",
    excluded_words="Withdrawn and taken back.",
    target_key="decided-in-time",
)
QUEUE_AGE = Kpi(
    key="queue-age",
    label="Age of what waits",
    family=Family.GUARD,
    unit=Unit.SECONDS,
    better=Better.DOWN,
    sentence="Nine of ten proposals waited no longer than this at the end of the days.",
    formula="p90 of the age of undecided proposals at the end of the days, or now.",
    over_words="proposals that waited",
    target_key="queue-age",
)
EXPIRED = Kpi(
    key="expired",
    label="Expired undecided",
    family=Family.GUARD,
    unit=Unit.SHARE,
    better=Better.DOWN,
    sentence="Work that waited for a person until it was too late.",
    formula="Expired ÷ decided, or expired.",
    over_words="proposals nobody decided in time",
    under_words="proposals decided or expired",
    excluded_words="Withdrawn and taken back.",
    target_key="expired",
)
ASKING = (ASKED, ALLOWED, REFUSED, ESCALATED)
ENDING = (ACCEPTANCE, OVERRIDE, IN_TIME, EXPIRED)
ALL = (
    *ASKING,
    ACCEPTANCE,
    OVERRIDE,
    REWORK,
    DECIDING_TIME,
    IN_TIME,
    QUEUE_AGE,
    EXPIRED,
)
