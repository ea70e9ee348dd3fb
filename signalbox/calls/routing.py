"""Read-only access to ``routing.db``: what a dialled number leads to, in the newest published version.

One object belongs to one thread. A look-up of a known number costs a few microseconds.
"""

import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
    """The published numbers. Follows new versions by itself, and a file that was replaced; ``close`` when done."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection, self._file = _connected(path)
        self._cache: dict[tuple[TenantId, Number], Published | None] = {}
        self._seen: tuple[Any, ...] | None = None
        self._version = 0

    @classmethod
    def open(cls, path: Path) -> "Routing":
        """Open the file that publishing writes. Raises ``RoutingError`` when there is none or it is damaged."""
        routing = cls(path)
        try:
            routing._follow()
        except RoutingError:
            routing.close()
            raise
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
        row = self._one("SELECT kind, value FROM numbers WHERE tenant = ? AND number = ?", key)
        found = self._cache[key] = None if row is None else Published(row[0], _bytes(row[1]))
        return found

    def all(self, tenant: TenantId) -> Iterator[tuple[Number, Published]]:
        """Go through every number of ``tenant``, in order."""
        self._follow()
        query = "SELECT number, kind, value FROM numbers WHERE tenant = ? ORDER BY number"
        try:
            rows = self._connection.execute(query, (tenant,)).fetchall()
        except sqlite3.Error as error:
            raise RoutingError(f"{self._path}: {error}") from error
        for number, kind, value in rows:
            yield Number(number), Published(kind, _bytes(value))

    def _follow(self) -> None:
        """Forget what is cached when another connection has committed since, or the file is another one."""
        file = _identity(self._path)
        if file is not None and file != self._file:  # one that is gone serves on from the open connection
            old = self._connection
            self._connection, self._file = _connected(self._path)
            self._seen = None
            old.close()
        seen = self._one("PRAGMA data_version")
        if seen == self._seen:
            return
        row = self._one("SELECT value FROM meta WHERE key = 'version'")
        self._seen = seen
        self._version = int(row[0]) if row else 0
        self._cache.clear()

    def _one(self, query: str, values: tuple[object, ...] = ()) -> tuple[Any, ...] | None:
        try:
            row: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
        except sqlite3.Error as error:
            raise RoutingError(f"{self._path}: {error}") from error
        return row


def _connected(path: Path) -> tuple[sqlite3.Connection, tuple[int, int] | None]:
    file = _identity(path)
    try:
        # Not mode=ro: a reader must be able to make the WAL index when it comes first.
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)
        connection.execute("PRAGMA query_only = 1")
    except sqlite3.Error as error:
        raise RoutingError(f"{path}: {error}") from error
    return connection, file


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116  before each look-up, so its microsecond counts
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value
