"""The indicators that come from escalations and exceptions, in words."""

from portal.home.queries.kpis.figure import Better, Family, Kpi, Unit

AVOIDED = Kpi(
    key="escalations-avoided",
    label="Escalations avoided",
    family=Family.CUSTOMER,
    unit=Unit.COUNT,
    better=Better.UP,
    sentence="How many escalations the old way would have had, less how many there were.",
    formula=(
        "Σ over kinds of case (cases × escalation rate of the frozen baseline) −"
        " escalated cases. It may be negative."
    ),
    over_words="escalations fewer than the baseline would have had",
    under_words="cases compared",
    excluded_words="Cases of a kind, or of a workflow, that no baseline speaks of.",
    target_key="escalations-avoided",
)
IN_TIME = Kpi(
    key="escalations-in-time",
    label="Escalations closed in time",
    family=Family.CUSTOMER,
    unit=Unit.SHARE,
    better=Better.UP,
    sentence="Escalated proposals that a person settled before their time ran out.",
    formula="Escalations settled before they were due ÷ escalations closed.",
    over_words="escalations settled in time",
    under_words="escalations settled, or run out",
    excluded_words="Withdrawn by the agent, and approvals taken back.",
    target_key="escalations-in-time",
)
VOLUME = Kpi(
    key="exceptions",
    label="Exceptions",
    family=Family.GUARD,
    unit=Unit.COUNT,
    better=Better.NEITHER,
    sentence="Runs that a stop rule held, and proposals that went to an escalation owner.",
    formula="Holds placed + proposals escalated in these days.",
    over_words="exceptions opened",
)
PER_HUNDRED = Kpi(
    key="exceptions-per-100",
    label="Exceptions in a hundred runs",
    family=Family.GUARD,
    unit=Unit.PER_HUNDRED,
    better=Better.DOWN,
    sentence="How often work leaves its usual way.",
    formula="100 × exceptions opened ÷ runs that ended.",
    over_words="exceptions opened",
    under_words="runs that ended",
    excluded_words="Tests, and runs not settled yet.",
    target_key="exceptions-per-100",
)
CONSISTENCY = Kpi(
    key="exception-consistency",
    label="Exceptions settled alike",
    family=Family.GUARD,
    unit=Unit.SHARE,
    better=Better.UP,
    sentence="Of every two exceptions alike, how often both ended the same way.",
    formula=(
        "Pairs within a signature that ended alike ÷ pairs within a signature, over the"
        " ninety days that end here. Krippendorff's alpha beside it."
    ),
    over_words="pairs of exceptions alike that ended alike",
    under_words="pairs of settled exceptions alike",
    excluded_words="What is the only one of its kind. What nobody settled counts nowhere.",
    target_key="exception-consistency",
)
ALL = (AVOIDED, IN_TIME, VOLUME, PER_HUNDRED, CONSISTENCY)
