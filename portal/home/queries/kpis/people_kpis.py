"""The indicators that come from people, in words."""

from portal.home.queries.kpis.figure import Better, Family, Kpi, Unit

SEEN_BY = (
    "Counts only: people see themselves, administrators see everybody. A group of fewer"
    " than five people is not broken out."
)
ACTIVE = Kpi(
    key="active-users",
    label="Active users",
    family=Family.ADOPTION,
    unit=Unit.SHARE,
    better=Better.UP,
    sentence="Who registered, asked in their name, decided, reviewed or commented.",
    formula="People with an act in 28 days ÷ people of these departments.",
    over_words="people who acted in 28 days",
    under_words="active accounts of these departments",
    excluded_words="Signing in and looking are no acts. Groups smaller than five are not shown.",
    target_key="active-users",
    seen_by=SEEN_BY,
)
HABITUAL = Kpi(
    key="habitual",
    label="Habitual users",
    family=Family.ADOPTION,
    unit=Unit.SHARE,
    better=Better.UP,
    sentence="Who acts on two days a week or more.",
    formula="People with acts on 8 days of 28 or more ÷ people of these departments.",
    over_words="people who acted on eight days or more",
    under_words="active accounts of these departments",
    excluded_words="Groups smaller than five are not shown.",
    target_key="habitual",
    seen_by=SEEN_BY,
)
BREADTH = Kpi(
    key="breadth",
    label="Breadth",
    family=Family.ADOPTION,
    unit=Unit.SHARE,
    better=Better.UP,
    sentence="Departments where at least three people act and a workflow is live.",
    formula=(
        "Departments with three active people or more and a live workflow ÷ departments"
        " with people in them."
    ),
    over_words="departments with three active people and a live workflow",
    under_words="departments with people",
    target_key="breadth",
    seen_by=SEEN_BY,
)
FREQUENCY = Kpi(
    key="frequency",
    label="Active days of a user",
    family=Family.ADOPTION,
    unit=Unit.COUNT,
    better=Better.UP,
    sentence="On how many of 28 days half of the active people acted.",
    formula="Median of the active days of active people in 28 days; stickiness beside it.",
    over_words="people who acted in 28 days",
    excluded_words="Groups smaller than five are not shown.",
    target_key="frequency",
    seen_by=SEEN_BY,
)
SECONDS = Kpi(
    key="reviewer-seconds",
    label="A reviewer's time for a decision",
    family=Family.COST,
    unit=Unit.SECONDS,
    better=Better.NEITHER,
    sentence="From first looking at a card to deciding it; half took no longer.",
    formula="Median of min(decided − first looked, 15 minutes).",
    over_words="decisions with a known first look",
    excluded_words="Decisions by people whose browser did not tell that they looked.",
    covered_words="decisions have a known first look",
)
COUNTED = (ACTIVE, HABITUAL, FREQUENCY)
ALL = (ACTIVE, HABITUAL, BREADTH, FREQUENCY, SECONDS)
