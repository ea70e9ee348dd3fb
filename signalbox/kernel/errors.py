"""What the rules refuse, said so that a person can mend it. The web turns these into problems, the CLI into a line.

The codes are those of ``docs/reference/errors.md``, where they mean the same.
"""

from collections.abc import Sequence

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One field that cannot be accepted: ``code`` is stable, ``detail`` is for people, ``field`` a dotted path."""

    field: str
    code: str
    detail: str


class DomainError(Exception):
    """A request that the rules refuse; nothing was changed."""

    code = "conflict"

    def __init__(self, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class InvalidError(DomainError):
    """Values that cannot be accepted; ``errors`` names every field at fault."""

    code = "validation_failed"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.detail}" for error in errors), errors)


class NotFoundError(DomainError):
    """There is no such thing in the caller's scope."""

    code = "not_found"

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no {what}.")


class ConflictError(DomainError):
    """What is asked for does not fit what exists."""


class StaleError(DomainError):
    """The object changed since the caller read it."""

    code = "precondition_failed"

    def __init__(self) -> None:
        super().__init__("Someone else changed this meanwhile. Load it again and repeat your change.")
