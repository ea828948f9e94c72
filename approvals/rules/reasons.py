"""Why a person rejects: the closed list of codes, and which of them need words."""

REASON_CODES = {
    "wrong_amount": "The amount is wrong",
    "wrong_target": "The wrong record or recipient",
    "not_justified": "The evidence does not support it",
    "against_policy": "Against policy",
    "missing_information": "Something is missing",
    "duplicate": "Already done or asked twice",
    "other": "Another reason",
}
# Reasons that tell the agent nothing without a word more.
NEEDS_WORDS = {
    "missing_information": "Say what is missing: the agent is told.",
    "other": "Say why in your own words.",
}
