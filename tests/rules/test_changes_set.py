"""What a card says an action sets: nothing that the action does not name."""

from approvals.rules.diff import Change, changes_set


def test_a_field_that_is_not_named_is_not_shown_as_removed():
    profile = {
        "name": "Ana",
        "address": {"city": "Faro", "zip": "8000"},
        "tier": "gold",
    }

    assert changes_set(profile, {}) == ()
    assert changes_set(profile, {"address": {"city": "Lagos"}}) == (
        Change("address.city", "Faro", "Lagos"),
    )
    assert changes_set(profile, {"tier": None}) == (Change("tier", "gold", "null"),)
    assert changes_set({"bags": [1, 2]}, {"bags": [1]})[0].after is None
