"""Lost updates refused: an object's ``ETag`` and the ``If-Match`` that a change must carry (RFC 9110 section 13)."""

import hashlib
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Response
from litestar.params import HeaderParameter

from signalbox.web.errors import ApiError, ErrorCode

T = TypeVar("T")

IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", required=False, description="The ETag that was read, or * for any"),
]
"""Annotate a handler's argument ``if_match: IfMatch = None``."""


def etag_of(value: Any) -> str:
    """Compute a strong tag from the JSON of ``value``: the same content has the same tag on every node."""
    return f'"{hashlib.sha256(msgspec.json.encode(value)).hexdigest()[:24]}"'


def tagged(value: T, status_code: int = 200) -> Response[T]:
    """Answer ``value`` with its ``ETag``."""
    return Response(value, status_code=status_code, headers={"ETag": etag_of(value)})


def require_match(if_match: str | None, current: Any) -> None:
    """Refuse a change (428 without ``If-Match``, 412 when ``current`` is not what the client read)."""
    if if_match is None:
        raise ApiError(ErrorCode.PRECONDITION_REQUIRED)
    wanted = {tag.strip() for tag in if_match.split(",")}
    if wanted != {"*"} and etag_of(current) not in wanted:
        raise ApiError(ErrorCode.PRECONDITION_FAILED)
