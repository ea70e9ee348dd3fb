"""Lists by cursor: ``{"items", "next", "total"}``. A cursor is a position in a stable order, opaque to clients."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter

from signalbox.web.errors import ApiError, ErrorCode

T = TypeVar("T")

MAX_LIMIT = 500
_PRINTABLE = "^[^\\x00-\\x1f\\x7f]*$"


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page; ``next`` is the cursor of the following one, null on the last."""

    items: list[T]
    next: str | None
    total: int


class Paging(msgspec.Struct, frozen=True):
    """What a client asked of a list: at most ``limit`` items after ``cursor`` that match ``q``."""

    cursor: str | None
    limit: int
    q: str

    def after(self, kind: type[T]) -> T | None:
        """Read the position, the value given to ``cursor_of``; ``None`` at the beginning."""
        if self.cursor is None:
            return None
        try:
            padded = self.cursor + "=" * (-len(self.cursor) % 4)
            return msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=kind)
        except (binascii.Error, msgspec.MsgspecError, UnicodeError, ValueError, RecursionError) as error:
            raise ApiError(ErrorCode.BAD_CURSOR) from error


def cursor_of(position: Any) -> str:
    """Make the cursor that ``Paging.after`` reads; ``position`` is the sort key of the last item shown."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).rstrip(b"=").decode()


def page_of(found: Sequence[T], paging: Paging, position: Any, total: int) -> Page[T]:
    """Cut a page from ``found``, which was read with one more than ``paging.limit``.

    ``position`` is called with the last item shown when there are more.
    """
    items = list(found[: paging.limit])
    more = len(found) > paging.limit
    return Page(items, cursor_of(position(items[-1])) if more else None, total)


def paging(
    cursor: Annotated[str | None, QueryParameter(name="cursor", max_length=500, pattern="^[A-Za-z0-9_-]+$")] = None,
    limit: Annotated[int, QueryParameter(name="limit", ge=1, le=MAX_LIMIT)] = 50,
    q: Annotated[str, QueryParameter(name="q", max_length=100, pattern=_PRINTABLE)] = "",
) -> Paging:
    """Provide a list's parameters: name a handler's argument ``paging: Paging``."""
    return Paging(cursor, limit, q)
