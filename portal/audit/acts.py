"""Which entries of the journal are a person's own act, and of what kind.

Signing in, looking and being told are no acts. An entry that is not named here makes
nobody active.
"""

REGISTER, PROPOSE, DECIDE, REVIEW, COMMENT = (
    "register",
    "propose",
    "decide",
    "review",
    "comment",
)
KIND_MAX = 10
ACTS = {
    "workflow.registered": REGISTER,
    "workflow.draft_saved": REGISTER,
    "workflow.version_submitted": REGISTER,
    "inventory.asked": REGISTER,
    "proposal.decided": DECIDE,
    "proposal.edited": DECIDE,
    "proposal.vote_counted": DECIDE,
    "proposal.glass_broken": DECIDE,
    "exception.settled": DECIDE,
    "incident.settled": DECIDE,
    "workflow.packet_signed": DECIDE,
    "review.saved": REVIEW,
    "review.finding_added": REVIEW,
    "review.finding_closed": REVIEW,
    "review.finding_reopened": REVIEW,
    "review.finding_redated": REVIEW,
    "review.finding_reassigned": REVIEW,
    "review.finding_drafted": REGISTER,
    "review.settlement_proposed": REVIEW,
    "review.settled": REVIEW,
    "review.released": REVIEW,
    "review.answered_again": REVIEW,
    "review.drift_accepted": REVIEW,
    "review.drift_dismissed": REVIEW,
    "review.week_signed": REVIEW,
    "review.week_reopened": REVIEW,
    "proposal.glass_reviewed": REVIEW,
    "proposal.commented": COMMENT,
    "proposal.question_asked": COMMENT,
    "proposal.escalated": COMMENT,
    "exception.commented": COMMENT,
    "review.finding_commented": COMMENT,
}
