"""Write the published files. Blocking: call it in a thread. Transactions stay short, and files are changed in place,
since Asterisk keeps the ones it opened.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from signalbox.engine.publish import rows, schema
from signalbox.engine.publish.model import Batch, PublishError, SipKind, Unit

UNITS_AT_ONCE = 200
"""Written in about 20 ms; Asterisk's own writes would wait meanwhile."""

LOCKED_S = 5.0

_UNSEEN = "unseen"

_Write = Callable[[sqlite3.Connection, str, Unit | None], None]


@dataclass(frozen=True, slots=True)
class Pending:
    """What a running Asterisk must still be told, by object id: kinds to expire, and the marks of ``rows``."""

    what: Mapping[str, frozenset[str]]

    def ids(self, what: str) -> list[str]:
        return [each for each, marks in self.what.items() if what in marks]

    def without(self, what: str) -> list[str]:
        return [each for each, marks in self.what.items() if what not in marks]


class PublishedFiles:
    """``engine.db`` and ``routing.db`` of one node; used by one thread at a time."""

    def __init__(self, engine_db: Path, routing_db: Path) -> None:
        self._engine_file = engine_db
        self._routing_file = routing_db

    def version(self, shape: str) -> int | None:
        """The version that both files hold; None when they must be written from the beginning."""
        try:
            versions = [self._version(file, shape) for file in (self._engine_file, self._routing_file)]
        except sqlite3.DatabaseError:
            return None
        return None if None in versions else min(version for version in versions if version is not None)

    def _version(self, file: Path, shape: str) -> int | None:
        if not file.exists():
            return None
        with _opened(file) as database:
            if not _has_meta(database):
                return None
            meta = dict(database.execute("SELECT key, value FROM meta"))
        return int(meta["version"]) if meta.get("shape") == _whole(shape) and "version" in meta else None

    def prepare(self) -> list[Path]:
        """Make the tables where they are missing or differ; names the files that were damaged and replaced."""
        replaced = []
        for file, tables in ((self._engine_file, schema.ENGINE), (self._routing_file, schema.ROUTING)):
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._make(file, tables)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise PublishError(f"{file}: {error}; is the disk full, or the folder not ours?") from error
                for part in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
                    part.unlink(missing_ok=True)
                self._make(file, tables)
                replaced.append(file)
        return replaced

    def _make(self, file: Path, tables: str) -> None:
        is_new = not file.exists()
        with _opened(file) as database:
            (mode,) = database.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode != "wal":
                raise PublishError(f"{file}: the disk does not allow SQLite's WAL; without it Asterisk sees no change")
            if database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError(f"{file} is damaged")
            if _has_meta(database) and _meta(database, "schema") == schema.SHAPE:
                return
            with _transaction(database):
                for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                    database.execute(f'DROP TABLE "{table}"')
                for statement in filter(str.strip, tables.split(";")):
                    database.execute(statement)
                _set_meta(database, {"schema": schema.SHAPE, _UNSEEN: str(int(is_new))})

    def write(self, batch: Batch, shape: str) -> None:
        """Bring both files to ``batch``; the version is written last, so that an interrupted write is repeated."""
        try:
            _write_all(self._engine_file, batch, shape, rows.write_objects)
            _write_all(self._routing_file, batch, shape, rows.write_routes)
        except sqlite3.DatabaseError as error:
            raise PublishError(f"the published files could not be written: {error}") from error

    def is_unseen(self) -> bool:
        """Tell whether ``engine.db`` was made after Asterisk may have opened another one under its name."""
        with _opened(self._engine_file) as database:
            return _meta(database, _UNSEEN) == "1"

    def seen(self) -> None:
        """Note that Asterisk has opened this ``engine.db``, or will when it starts."""
        with _opened(self._engine_file) as database, _transaction(database):
            _set_meta(database, {_UNSEEN: "0"})

    def pending(self) -> Pending:
        """What Asterisk must still be told."""
        marks: dict[str, set[str]] = {}
        with _opened(self._engine_file) as database:
            for each, what in database.execute("SELECT id, what FROM pending ORDER BY id"):
                marks.setdefault(each, set()).add(what)
        return Pending({each: frozenset(what) for each, what in marks.items()})

    def done(self, ids: Iterable[str]) -> None:
        """Forget what is pending for ``ids``."""
        with _opened(self._engine_file) as database, _transaction(database):
            database.executemany("DELETE FROM pending WHERE id = ?", [(each,) for each in ids])

    def digests(self, ids: Iterable[str]) -> dict[str, str]:
        """The ``password_digest`` in force of each id that has one."""
        with _opened(self._engine_file) as database:
            query = f"SELECT password_digest FROM {schema.TABLES[SipKind.AUTH]} WHERE id = ?"  # noqa: S608
            found = ((each, database.execute(query, (each,)).fetchone()) for each in ids)
            return {each: row[0] for each, row in found if row}

    def drop_ownerless(self, ids: Iterable[str]) -> list[str]:
        """Delete the rows of those of ``ids`` that no unit has (any more), and name them."""
        with _opened(self._engine_file) as database, _transaction(database):
            gone = [each for each in ids if not _owner(database, each)]
            for kind in SipKind:
                database.executemany(
                    f"DELETE FROM {schema.TABLES[kind]} WHERE id = ?",  # noqa: S608  a constant
                    [(each,) for each in gone],
                )
        return gone


def _write_all(file: Path, batch: Batch, shape: str, write: _Write) -> None:
    with _opened(file) as database:
        units = dict(batch.units)
        if batch.is_full:
            units |= dict.fromkeys(rows.known_units(database) - set(units))
        names = list(units)
        for start in range(0, len(names), UNITS_AT_ONCE):
            with _transaction(database):
                for name in names[start : start + UNITS_AT_ONCE]:
                    write(database, name, units[name])
        with _transaction(database):
            _set_meta(database, {"version": str(batch.version), "shape": _whole(shape)})


def _whole(shape: str) -> str:
    return f"{schema.SHAPE}/{shape}"


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    try:
        database = sqlite3.connect(file, timeout=LOCKED_S, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise PublishError(f"{file}: {error}") from error
    try:
        # What is lost in a power failure is published again; a crash of ours loses nothing either way.
        database.execute("PRAGMA synchronous = NORMAL")
        yield database
    finally:
        database.close()


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _has_meta(database: sqlite3.Connection) -> bool:
    return database.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is not None


def _meta(database: sqlite3.Connection, key: str) -> str:
    row = database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return row[0] if row else ""


def _set_meta(database: sqlite3.Connection, values: Mapping[str, str]) -> None:
    database.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())


def _owner(database: sqlite3.Connection, object_id: str) -> str:
    row = database.execute("SELECT unit FROM owners WHERE id = ?", (object_id,)).fetchone()
    return row[0] if row else ""
