"""What a client is told when something is wrong: RFC 9457 problems with stable codes.

Features raise the domain errors of ``kernel.errors``; the frame raises ``ApiError``. Each ``ErrorCode`` and
``FieldCode`` stands in ``docs/reference/errors.md``; a test compares the two.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec
from litestar.exceptions import HTTPException

from signalbox.kernel.errors import FieldError


class ErrorCode(StrEnum):
    """Why a request was refused; clients decide by these, never by the text."""

    MALFORMED_REQUEST = "malformed_request"
    MALFORMED_JSON = "malformed_json"
    TOO_DEEP = "too_deep"
    BAD_CURSOR = "bad_cursor"
    NOT_SIGNED_IN = "not_signed_in"
    WRONG_CREDENTIALS = "wrong_credentials"
    CSRF_TOKEN_WRONG = "csrf_token_wrong"  # noqa: S105  a code, not a secret
    WRONG_ORIGIN = "wrong_origin"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    KEY_IN_USE = "idempotency_key_in_use"
    PRECONDITION_FAILED = "precondition_failed"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    VALIDATION_FAILED = "validation_failed"
    KEY_REUSED = "idempotency_key_reused"
    PRECONDITION_REQUIRED = "precondition_required"
    LOCKED_OUT = "locked_out"
    TOO_MANY_REQUESTS = "too_many_requests"
    ENGINE_REJECTED = "engine_rejected"
    INTERNAL = "internal"
    ENGINE_UNAVAILABLE = "engine_unavailable"
    STORE_UNAVAILABLE = "store_unavailable"


class FieldCode(StrEnum):
    """What is wrong with one field."""

    REQUIRED = "required"
    UNKNOWN = "unknown"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    BAD_FORMAT = "bad_format"
    BAD_LENGTH = "bad_length"
    NOT_A_CHOICE = "not_a_choice"
    TAKEN = "taken"
    NOT_ALLOWED = "not_allowed"


_STATUS: dict[ErrorCode, tuple[int, str]] = {
    ErrorCode.MALFORMED_REQUEST: (400, "The request is malformed"),
    ErrorCode.MALFORMED_JSON: (400, "The body is not JSON"),
    ErrorCode.TOO_DEEP: (400, "The body is nested too deeply"),
    ErrorCode.BAD_CURSOR: (400, "The cursor is not one of ours"),
    ErrorCode.NOT_SIGNED_IN: (401, "Not signed in"),
    ErrorCode.WRONG_CREDENTIALS: (401, "Wrong name or password"),
    ErrorCode.CSRF_TOKEN_WRONG: (403, "The CSRF token is missing or wrong"),
    ErrorCode.WRONG_ORIGIN: (403, "The request comes from another site"),
    ErrorCode.FORBIDDEN: (403, "Not allowed"),
    ErrorCode.NOT_FOUND: (404, "Not found"),
    ErrorCode.METHOD_NOT_ALLOWED: (405, "Method not allowed"),
    ErrorCode.CONFLICT: (409, "In conflict with what is there"),
    ErrorCode.KEY_IN_USE: (409, "A request with this Idempotency-Key has not ended"),
    ErrorCode.ENGINE_REJECTED: (409, "The engine refused"),
    ErrorCode.PRECONDITION_FAILED: (412, "It has been changed since it was read"),
    ErrorCode.BODY_TOO_LARGE: (413, "The body is too large"),
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: (415, "The body must be application/json"),
    ErrorCode.VALIDATION_FAILED: (422, "Some fields are not valid"),
    ErrorCode.KEY_REUSED: (422, "The Idempotency-Key was used for another request"),
    ErrorCode.PRECONDITION_REQUIRED: (428, "If-Match is required"),
    ErrorCode.LOCKED_OUT: (429, "Too many failed sign-ins"),
    ErrorCode.TOO_MANY_REQUESTS: (429, "Too many requests"),
    ErrorCode.INTERNAL: (500, "Something went wrong here"),
    ErrorCode.ENGINE_UNAVAILABLE: (503, "The engine is not reachable"),
    ErrorCode.STORE_UNAVAILABLE: (503, "The database is not reachable"),
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every answer from 400 on (``application/problem+json``)."""

    type: str
    title: str
    status: int
    code: ErrorCode
    detail: str
    request_id: str
    errors: tuple[FieldError, ...] = ()


class ApiError(HTTPException):
    """Refuse a request. Raise it anywhere below a route; the status follows from ``code``."""

    def __init__(
        self,
        code: ErrorCode,
        detail: str = "",
        *,
        fields: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        status, title = _STATUS[code]
        super().__init__(detail=detail or title, status_code=status, headers=dict(headers or {}))
        self.code = code
        self.fields = tuple(fields)


def problem_of(error: ApiError, request_id: str) -> Problem:
    """Describe ``error``; the type is a name, not an address, for the manual is on the reader's own machine."""
    return Problem(
        type=f"urn:signalbox:error:{error.code}",
        title=_STATUS[error.code][1],
        status=error.status_code,
        code=error.code,
        detail=error.detail,
        request_id=request_id,
        errors=error.fields,
    )
