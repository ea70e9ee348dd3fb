"""Change sets: the only way configuration is written, recorded in the same transaction as the rows themselves."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import event, func, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import UOWTransaction

from signalbox.kernel.clock import Clock
from signalbox.kernel.ids import TenantId
from signalbox.store.scope import Scope, ScopedSession, ScopeError
from signalbox.store.tables import Base, ChangeEntry, ChangeSet, Configured
from signalbox.store.types import plain

RECORDER = "recorder"


@dataclass(slots=True)
class _Touched:
    row: Configured
    before: dict[str, Any] | None
    after: dict[str, Any] | None = None


class Recorder:
    """Collects what a session does to configuration rows; lives in ``session.info`` while a change set is open."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._touched: dict[int, _Touched] = {}

    def before_flush(self, session: ScopedSession) -> None:
        for row in session.new:
            if isinstance(row, Configured):
                row.revision = row.revision or 1
                row.created_at = row.created_at or self.now
                row.updated_at = self.now
                self._touched[id(row)] = _Touched(row, None)
        for row in session.dirty:
            if isinstance(row, Configured) and session.is_modified(row):
                self._touched.setdefault(id(row), _Touched(row, stored(row)))
                row.revision += 1
                row.updated_at = self.now
        for row in session.deleted:
            if isinstance(row, Configured):
                self._touched.setdefault(id(row), _Touched(row, stored(row)))

    def after_flush(self, session: ScopedSession) -> None:
        for touched in self._touched.values():
            touched.after = (
                None if touched.row in session.deleted or inspect(touched.row).deleted else values(touched.row)
            )

    def entries(self, change_id: int) -> list[ChangeEntry]:
        """What really changed, one entry a row."""
        return [
            ChangeEntry(
                tenant=touched.row.tenant,
                change_id=change_id,
                table_name=type(touched.row).__tablename__,
                row_key=touched.row.id,
                label=touched.row.label(),
                before=touched.before,
                after=touched.after,
            )
            for touched in self._touched.values()
            if touched.before != touched.after
        ]


class Change:
    """An open change set. Add, alter and delete rows through ``session``; ``id`` is known after the commit.

    A change that altered nothing is not recorded and leaves ``id`` at 0.
    """

    def __init__(self, session: AsyncSession, clock: Clock, author: str, title: str) -> None:
        self.session = session
        self.author = author
        self.title = title
        self.id = 0
        self.undoes: int | None = None
        self._recorder = Recorder(clock.now())
        session.info[RECORDER] = self._recorder

    @property
    def tenant(self) -> TenantId:
        """Where new rows go."""
        scope: Scope = self.session.info["scope"]
        return scope.home

    @property
    def now(self) -> datetime:
        return self._recorder.now

    async def commit(self) -> None:
        """Write the record beside the rows and commit both."""
        await self.session.flush()
        entries = self._recorder.entries(0)
        if entries:
            record = ChangeSet(
                tenant=self.tenant,
                author=self.author,
                at=self.now,
                title=self.title[:300],
                size=len(entries),
                undoes=self.undoes,
            )
            self.session.add(record)
            await self.session.flush()
            for entry in entries:
                entry.change_id = record.id
            self.session.add_all(entries)
            self.id = record.id
        try:
            await self.session.commit()
        except BaseException:
            self.id = 0
            raise


@event.listens_for(ScopedSession, "before_flush")
def _record(session: ScopedSession, _context: UOWTransaction, _instances: object) -> None:
    recorder: Recorder | None = session.info.get(RECORDER)
    if recorder is not None:
        recorder.before_flush(session)
    elif any(isinstance(row, Configured) for row in (*session.new, *session.dirty, *session.deleted)):
        raise ScopeError("configuration is written inside Store.change() only")


@event.listens_for(ScopedSession, "after_flush")
def _recorded(session: ScopedSession, _context: UOWTransaction) -> None:
    recorder: Recorder | None = session.info.get(RECORDER)
    if recorder is not None:
        recorder.after_flush(session)


def values(row: Configured) -> dict[str, Any]:
    """The row's columns as JSON."""
    return {key: plain(getattr(row, key)) for key in inspect(type(row)).column_attrs.keys()}  # noqa: SIM118


def stored(row: Configured) -> dict[str, Any]:
    """The row's columns as the database still has them."""
    return values(row) | {key: plain(value) for key, value in Base.committed(row).items()}


async def version(session: AsyncSession) -> int:
    """The newest change set that the session's scope can see; with ``Scope.everything`` the version to publish."""
    return await session.scalar(select(func.max(ChangeSet.id))) or 0
