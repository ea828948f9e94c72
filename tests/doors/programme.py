"""The rows of the programme: what stands above one workflow."""

from tests.doors.door import ADMINISTRATORS, EDITORS, PAUSERS, PERSONS, SEEN, Door

PROGRAMME = (
    Door("workflow_phase", SEEN),
    Door("gate_sign", "LLHDIDDD", "post", {"role": "business_owner", "seen": "x"}),
    Door("gate_move", "LLHDIDDD", "post", {"digest": "x"}),
    Door("phase_back", PAUSERS, "post", {"to": "1", "reason": "Not yet."}),
    Door("adoption", PERSONS),
    Door("adoption", "LLDDIDDI", "post"),
    Door("office_hour_cancel", "LLHHIHHH", "post"),
    Door("feedback", PERSONS),
    Door("feedback_say", PERSONS),
    Door("feedback_say", PERSONS, "post"),
    Door("feedback_one", "LLHIIHHI"),
    Door("feedback_answer", "LLHDIHHI", "post"),
    Door("feedback_reopen", "LLHIDHHD", "post"),
    Door("readiness", PERSONS),
    Door("readiness", ADMINISTRATORS, "post", {"reason": "x"}),
    Door("readiness_department", SEEN),
    Door("readiness_department", EDITORS, "post", {"change": "ask"}),
    Door("readiness_closed", SEEN),
    Door("readiness_answer", "LLHHIHHH"),
    Door("readiness_answer", "LLHHIHHH", "post", {"strategy.purpose": "2"}),
    Door("readiness_submit", "LLHHIHHH", "post"),
    Door("readiness_waive", "LLHDDIDD", "post", {"reason": "x"}),
    Door("controls", PERSONS),
    Door("control_framework", PERSONS),
    Door("control_export", "LLDDDIII", "post"),
)
