"""The store: one engine, and sessions opened with a scope. SQLite on one machine, PostgreSQL when several share it."""

import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from signalbox.kernel.clock import Clock, SystemClock
from signalbox.settings import Settings
from signalbox.store.changes import Change
from signalbox.store.errors import StoreCode, StoreError, translated
from signalbox.store.scope import Scope, ScopedSession

WAIT_S = 5.0
"""How long a statement waits for another's lock, and a session for a free connection."""

_WRITES = "signalbox_writes"
_CHANGES_LOCK = 0x5B0C


def file_of(url: str) -> Path | None:
    """The file of a SQLite database; ``None`` for a server. Raises ``StoreError`` when ``url`` is none."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError(StoreCode.UNREACHABLE, "store.url is not a database address.") from error
    if parsed.get_backend_name() != "sqlite":
        return None
    if not parsed.database or parsed.database == ":memory:":
        raise StoreError(StoreCode.UNREACHABLE, "store.url must name a file, which all processes share.")
    return Path(parsed.database)


def name_of(url: str) -> str:
    """Say which database ``url`` means, without its password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "store.url"
    is_file = parsed.get_backend_name() == "sqlite"
    return str(parsed.database) if is_file else f"store.url ({parsed.render_as_string()})"


def make_engine(url: str) -> AsyncEngine:
    """Build the engine for ``url`` with everything that both kinds of database need from us."""
    if file_of(url) is not None:
        return _sqlite(url)
    try:
        connect = {"timeout": WAIT_S, "command_timeout": 60.0, "server_settings": {"lock_timeout": f"{WAIT_S:.0f}s"}}
        return create_async_engine(url, pool_pre_ping=True, pool_timeout=WAIT_S, connect_args=connect)
    except (ArgumentError, ImportError) as error:
        raise StoreError(StoreCode.UNREACHABLE, f"store.url cannot be used: {error}.") from error


def _sqlite(url: str) -> AsyncEngine:
    engine = create_async_engine(url, pool_timeout=WAIT_S, connect_args={"timeout": WAIT_S})
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not begin transactions: see _begin
    # SQLite's own lower() knows ASCII only, so that a search would miss what PostgreSQL finds.
    connection.run_async(lambda each: each.create_function("lower", 1, _lower, deterministic=True))
    cursor = connection.cursor()
    _use_wal(cursor)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _use_wal(cursor: Any) -> None:  # DBAPI cursors share no type
    """Turn the journal to WAL; a file's first change of it is refused at once, without waiting, while others do it."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text


def _begin(connection: Connection) -> None:
    # A reader that turns writer while another wrote fails at once with "locked", whatever the timeout; a writer that
    # says so at the start waits its turn.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITES) else "BEGIN")


class Store:
    """Open sessions on the database. One for each process; ``close`` it at the end."""

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        self._engine = make_engine(url)
        self._clock = clock or SystemClock()

    @classmethod
    def open(cls, settings: Settings, clock: Clock | None = None) -> Self:
        """Open the store of ``settings``; nothing is connected before the first session."""
        return cls(settings.store_url, clock)

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def kind(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._engine.dialect.name

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    @contextlib.asynccontextmanager
    async def session(self, scope: Scope, *, write: bool = False) -> AsyncIterator[AsyncSession]:
        """Open a session on the rows of ``scope``. With ``write`` it commits at the end; without, it changes nothing.

        Raises ``StoreError``, ``ConflictError`` and ``StaleError``. Configuration needs ``change`` instead.
        """
        with translated():
            async with self._opened(scope, write=write) as session:
                yield session
                if write:
                    await session.commit()

    @contextlib.asynccontextmanager
    async def change(self, scope: Scope, author: str, title: str) -> AsyncIterator[Change]:
        """Open a change set; leaving the block commits it, an exception leaves everything as it was.

        Change sets are made one after the other, so that their ids grow in the order in which they take effect.
        """
        with translated():
            async with self._opened(scope, write=True) as session:
                await self._take_turn(session)
                change = Change(session, self._clock, author, title)
                yield change
                await change.commit()

    async def _take_turn(self, session: AsyncSession) -> None:
        if self.kind != "postgresql":  # SQLite has one writer at a time already
            return
        scope = session.info["scope"]
        session.info["scope"] = Scope.everything("change sets take turns by a lock of the database")
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHANGES_LOCK})
        session.info["scope"] = scope

    def _opened(self, scope: Scope, *, write: bool) -> AsyncSession:
        options: dict[str, Any] = {_WRITES: True} if write else {}
        return AsyncSession(
            self._engine.execution_options(**options),
            sync_session_class=ScopedSession,
            expire_on_commit=False,
            info={"scope": scope},
        )
