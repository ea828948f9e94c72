"""The forms of a draft whose words are kept before they are saved, by name."""

from registry.rules.rulebook import StopKind

CAP, CHECK, TOOL = "cap", "check", "tool"
NEW_RULE, RULE = "new-", "rule-"
_LABELS = {CAP: "a cap", CHECK: "a check", TOOL: "a tool"}
_KINDS = {kind.value for kind in StopKind}


def new_rule_form(kind: str) -> str:
    return f"{NEW_RULE}{kind}"


def rule_form(key: str) -> str:
    return f"{RULE}{key}"


def label_of(form: str) -> str:
    """Say in words what a form writes; empty for a form that there is not."""
    if form in _LABELS:
        return _LABELS[form]
    if form.startswith(NEW_RULE) and form.removeprefix(NEW_RULE) in _KINDS:
        return "a new stop rule"
    if form.startswith(RULE) and form != RULE:
        return f"the stop rule {form.removeprefix(RULE)}"
    return ""
