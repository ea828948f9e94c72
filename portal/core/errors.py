"""What can go wrong for a caller, each with a status and a stable code.

Pages and the API show the same `Problem`: as a page for people, as
`application/problem+json` (RFC 9457) for agents. A refusal by the rulebook is not
here: it is an answer, and a value.
"""

from datetime import datetime


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """A failure that the caller can understand: what happened, why, what now."""

    status = 500
    code = "internal"
    title = "Something went wrong"

    def __init__(
        self, detail: str = "", *, code: str = "", title: str = "", **extra: object
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.code = code or self.code
        self.title = title or self.title
        self.extra = {key: value for key, value in extra.items() if value is not None}

    def as_document(self) -> dict[str, object]:
        """Give the RFC 9457 object, with our `code` and further members."""
        return {
            "type": f"about:blank#{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.extra,
        }


class Malformed(Problem):
    status, code, title = 400, "malformed", "This could not be read"


class Unauthenticated(Problem):
    status, code, title = 401, "unauthenticated", "A valid key is needed"


class Forbidden(Problem):
    """The caller may see this and may not do it; `who_can_help` names who can."""

    status, code, title = 403, "forbidden", "You may not do this"

    def __init__(self, detail: str = "", *, who_can_help: str = "", **extra) -> None:
        super().__init__(detail, who_can_help=who_can_help or None, **extra)


class ConfirmFirst(Forbidden):
    """A person must say again who they are; pages lead there and back."""

    code, title = "confirmation.needed", "Confirm that it is you"


class NotFound(Problem):
    status, code, title = 404, "not_found", "There is nothing here"


class Conflict(Problem):
    """A race was lost or the page was stale; `who` and `at` tell who came first."""

    status, code, title = 409, "conflict", "Somebody was faster"

    def __init__(
        self,
        code: str = "",
        detail: str = "",
        *,
        who: str | None = None,
        at: datetime | None = None,
        **extra,
    ) -> None:
        super().__init__(detail, code=code, who=who, at=at, **extra)


class AlreadyDone(Conflict):
    code, title = "already_done", "This was done before"


class Gone(Problem):
    status, code, title = 410, "gone", "This has expired"

    def __init__(self, code: str = "", detail: str = "", **extra) -> None:
        super().__init__(detail, code=code, **extra)


class TooLarge(Problem):
    status, code, title = 413, "too_large", "This is too large"


class UnsupportedMedia(Problem):
    status, code, title = 415, "unsupported_media", "This kind of content is not read"


class Invalid(Problem):
    """Well-formed but wrong; `fields` says what is wrong field by field."""

    status, code, title = 422, "invalid", "Some fields are wrong"

    def __init__(
        self, fields: dict[str, str] | None = None, *, detail: str = "", **extra
    ) -> None:
        self.fields = fields or {}
        listed = " ".join(f"{name}: {text}" for name, text in self.fields.items())
        super().__init__(detail or listed, fields=self.fields or None, **extra)


class TooMany(Problem):
    status, code, title = 429, "rate_limited", "Too many requests"

    def __init__(self, retry_after: int = 1, detail: str = "", **extra) -> None:
        self.retry_after = retry_after
        text = f"Too many requests; try again in {retry_after} s."
        super().__init__(detail or text, **extra)


class Unavailable(Problem):
    status, code, title = 503, "unavailable", "Not answering just now"

    def __init__(self, retry_after: int = 1, detail: str = "", **extra) -> None:
        self.retry_after = retry_after
        text = f"The portal cannot answer just now; try again in {retry_after} s."
        super().__init__(detail or text, **extra)
