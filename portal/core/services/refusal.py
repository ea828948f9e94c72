"""The one way a start is refused: a sentence for the operator, and exit code 2."""

EXIT_CODE_REFUSED = 2


class StartRefused(Exception):
    """The portal cannot start here; the message says why and what to do now."""
