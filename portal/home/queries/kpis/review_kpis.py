"""The indicators that come from the weekly review, in words."""

from portal.home.queries.kpis.figure import Better, Family, Kpi, Unit

_LEFT_OUT = "Runs nobody could judge, differences not settled yet, and seeded cases."
MISSED = Kpi(
    key="missed-escalations",
    label="Missed escalations",
    family=Family.CUSTOMER,
    unit=Unit.SHARE,
    better=Better.DOWN,
    sentence="Runs that should have gone to a person and did not, as assessors read them.",
    formula=(
        "Share of “no” to “Did it escalate at the right time?”, weighted by how likely"
        " each run was to be drawn."
    ),
    over_words="runs answered “no”",
    under_words="runs answered “yes” or “no”",
    excluded_words=_LEFT_OUT,
    covered_words="runs were read",
    target_key="missed-escalations",
)
ADHERENCE = Kpi(
    key="adherence-reviewed",
    label="Policy adherence, reviewed",
    family=Family.RISK,
    unit=Unit.SHARE,
    better=Better.UP,
    sentence="Runs that kept to the rulebook, as assessors read them.",
    formula=(
        "Share of runs that avoided restricted actions and escalated in time, weighted by"
        " how likely each run was to be drawn. Where one question does not apply, the"
        " other alone decides. Never merged with the automatic number."
    ),
    over_words="runs without a “no” to either question",
    under_words="runs judged by one of the two questions or both",
    excluded_words=_LEFT_OUT,
    covered_words="runs were read",
    target_key="adherence-reviewed",
)
CONTEXT = Kpi(
    key="context-sufficiency",
    label="Reviewers had enough context",
    family=Family.GUARD,
    unit=Unit.SHARE,
    better=Better.UP,
    sentence="Whether whoever decided could know what they needed, as assessors read it.",
    formula=(
        "Share of “yes” to “Did the reviewer have enough context?”, weighted by how likely"
        " each run was to be drawn. Beside it: decisions before which the agent had to be"
        " asked for more."
    ),
    over_words="runs answered “yes”",
    under_words="runs answered “yes” or “no”",
    excluded_words=_LEFT_OUT,
    covered_words="runs were read",
    target_key="context-sufficiency",
)
ALL = (MISSED, ADHERENCE, CONTEXT)
