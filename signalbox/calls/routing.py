"""Read-only access to ``routing.db``: what a dialled number leads to, in the newest published version.

One object belongs to one thread. A look-up of a known number costs a few microseconds.
"""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from signalbox.kernel.ids import Number, TenantId

MAX_DIGITS = 40
_CACHED = 4096  # full: forgotten at once, since SQLite answers from its own cache in about 10 us
_NUMBER = re.compile(rf"\+?[0-9*#]{{1,{MAX_DIGITS}}}", re.ASCII)


class RoutingError(Exception):
    """There is nothing published, or it cannot be read."""


class Published(msgspec.Struct, frozen=True):
    """What a number is: its kind, and the kind's value as JSON."""

    kind: str
    value: bytes


def dialled_number(raw: str) -> Number | None:
    """Accept what may be a number, and nothing else: text from SIP stays data and never meets a command."""
    return Number(raw) if len(raw) <= MAX_DIGITS and _NUMBER.fullmatch(raw) else None


class Routing:
    """The published numbers. Follows new versions by itself; ``close`` when done."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._cache: dict[tuple[TenantId, Number], Published | None] = {}
        self._seen = -1
        self._version = 0

    @classmethod
    def open(cls, path: Path) -> "Routing":
        """Open the file that publishing writes. Raises ``RoutingError`` when there is none or it is damaged."""
        try:
            # Not mode=ro: a reader must be able to make the WAL index when it comes first.
            connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)
            connection.execute("PRAGMA query_only = 1")
            routing = cls(connection)
            routing._follow()
        except sqlite3.Error as error:
            raise RoutingError(f"{path}: {error}") from error
        return routing

    def close(self) -> None:
        self._connection.close()

    @property
    def version(self) -> int:
        """The published version in force now."""
        self._follow()
        return self._version

    @property
    def cached(self) -> int:
        """How many look-ups are remembered."""
        return len(self._cache)

    def find(self, tenant: TenantId, number: Number) -> Published | None:
        """Give what ``number`` leads to. Raises ``RoutingError`` when the file cannot be read."""
        self._follow()
        key = tenant, number
        try:
            return self._cache[key]
        except KeyError:
            pass
        if len(self._cache) >= _CACHED:
            self._cache.clear()
        found = self._cache[key] = self._read(tenant, number)
        return found

    def all(self, tenant: TenantId) -> Iterator[tuple[Number, Published]]:
        """Go through every number of ``tenant``, in order."""
        rows = self._connection.execute(
            "SELECT number, kind, value FROM numbers WHERE tenant = ? ORDER BY number", (tenant,)
        )
        for number, kind, value in rows:
            yield Number(number), Published(kind, _bytes(value))

    def _read(self, tenant: TenantId, number: Number) -> Published | None:
        try:
            row = self._connection.execute(
                "SELECT kind, value FROM numbers WHERE tenant = ? AND number = ?", (tenant, number)
            ).fetchone()
        except sqlite3.Error as error:
            raise RoutingError(str(error)) from error
        return None if row is None else Published(row[0], _bytes(row[1]))

    def _follow(self) -> None:
        """Forget what is cached when another connection has committed since."""
        try:
            (seen,) = self._connection.execute("PRAGMA data_version").fetchone()
            if seen == self._seen:
                return
            row = self._connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
        except sqlite3.Error as error:
            raise RoutingError(str(error)) from error
        self._seen = seen
        self._version = int(row[0]) if row else 0
        self._cache.clear()


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value
