"""Errors of the database, translated once at the border, each with its cure."""

import contextlib
from collections.abc import Iterator
from enum import StrEnum

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm.exc import StaleDataError

from signalbox.kernel.errors import ConflictError, StaleError


class StoreCode(StrEnum):
    """Stable codes of what can be wrong with the database."""

    UNREACHABLE = "store_unreachable"
    LOCKED = "store_locked"
    FULL = "store_full"
    READ_ONLY = "store_read_only"
    CORRUPT = "store_corrupt"
    NEWER = "store_newer"
    FAILED = "store_failed"


_CURES = {
    StoreCode.UNREACHABLE: "Start the database server, or correct store.url and the permissions of its file.",
    StoreCode.LOCKED: "Another process holds the database. Try again; if it stays, end that process.",
    StoreCode.FULL: "The disk is full. Free some space, then repeat the change.",
    StoreCode.READ_ONLY: "Give the user that runs Signalbox write access to the database file and its folder.",
    StoreCode.CORRUPT: "The database file is damaged or is not a database. Restore it from a backup.",
    StoreCode.NEWER: "A newer Signalbox has used this database. Start that version, or restore an older backup.",
    StoreCode.FAILED: "See the log for the database's own words.",
}


class StoreError(Exception):
    """The database could not do its work; nothing was changed. ``code`` is stable, ``cure`` says what to do."""

    def __init__(self, code: StoreCode, detail: str) -> None:
        super().__init__(f"{detail} {_CURES[code]}")
        self.code = code
        self.detail = detail
        self.cure = _CURES[code]


_SQLITE_WORDS = (
    ("database is locked", StoreCode.LOCKED),
    ("database table is locked", StoreCode.LOCKED),
    ("disk is full", StoreCode.FULL),
    ("readonly database", StoreCode.READ_ONLY),
    ("unable to open database", StoreCode.UNREACHABLE),
    ("disk I/O error", StoreCode.FULL),
    ("malformed", StoreCode.CORRUPT),
    ("not a database", StoreCode.CORRUPT),
)
_POSTGRES_STATES = {
    "55P03": StoreCode.LOCKED,
    "40P01": StoreCode.LOCKED,
    "40001": StoreCode.LOCKED,
    "57014": StoreCode.LOCKED,
    "53100": StoreCode.FULL,
    "25006": StoreCode.READ_ONLY,
    "53300": StoreCode.UNREACHABLE,
    "57P01": StoreCode.UNREACHABLE,
    "57P02": StoreCode.UNREACHABLE,
    "57P03": StoreCode.UNREACHABLE,
    "28P01": StoreCode.UNREACHABLE,
    "28000": StoreCode.UNREACHABLE,
    "3D000": StoreCode.UNREACHABLE,
    "XX001": StoreCode.CORRUPT,
}


def code_of(error: BaseException) -> StoreCode:
    """Name what the driver reported."""
    original = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(original, "sqlstate", None) or getattr(getattr(original, "__cause__", None), "sqlstate", None)
    if state is not None:
        return StoreCode.UNREACHABLE if state[:2] == "08" else _POSTGRES_STATES.get(state, StoreCode.FAILED)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return StoreCode.UNREACHABLE
    if isinstance(error, PoolTimeoutError):
        return StoreCode.LOCKED
    if isinstance(original, OSError | TimeoutError):
        return StoreCode.UNREACHABLE
    words = str(original)
    return next((code for part, code in _SQLITE_WORDS if part in words), StoreCode.FAILED)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ``StoreError``, ``ConflictError`` or ``StaleError``."""
    try:
        yield
    except IntegrityError as error:
        raise ConflictError("This clashes with something that exists, or is still in use.") from error
    except StaleDataError as error:
        raise StaleError from error
    except (DBAPIError, PoolTimeoutError, OSError, TimeoutError) as error:
        code = code_of(error)
        what = "The database failed." if code is StoreCode.FAILED else f"The database reports: {_words(error)}."
        raise StoreError(code, what) from error


def _words(error: BaseException) -> str:
    original = error.orig if isinstance(error, OperationalError | DBAPIError) else error
    return " ".join(str(original).split())[:200].rstrip(".") or "no answer in time"
