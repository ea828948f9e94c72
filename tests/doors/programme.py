"""The rows of the programme: what stands above one workflow."""

from tests.doors.door import PERSONS, Door

PROGRAMME = (
    Door("adoption", PERSONS),
    Door("adoption", "LLDDIDDI", "post"),
    Door("office_hour_cancel", "LLHHIHHH", "post"),
    Door("feedback", PERSONS),
    Door("feedback_say", PERSONS),
    Door("feedback_say", PERSONS, "post"),
    Door("feedback_one", "LLHIIHHI"),
    Door("feedback_answer", "LLHDIHHI", "post"),
    Door("feedback_reopen", "LLHIDHHD", "post"),
    Door("controls", PERSONS),
    Door("control_framework", PERSONS),
    Door("control_export", "LLDDDIII", "post"),
)
