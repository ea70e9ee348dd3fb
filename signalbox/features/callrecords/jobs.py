"""The importer: event log and steps journal into the store, exactly once, in the transaction that moves the offset."""

import asyncio
import logging
from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from signalbox.engine.eventlog import Chunk, LogReader, Position, parse_record, split_lines
from signalbox.features.callrecords.model import CallRecord, OpenCall, instant_of
from signalbox.features.callrecords.rules import RecordFold
from signalbox.features.callrecords.tables import CallRecordRow, CallStepsRow, ImportPositionRow, OpenCallRow
from signalbox.settings import Paths
from signalbox.store.database import Store
from signalbox.store.errors import StoreError
from signalbox.store.scope import Scope
from signalbox.store.tables import Base

EVENTS, STEPS = "events", "steps"
_SCOPE = Scope.everything("the importer writes the records of every tenant")
_CHUNK = 256 * 1024
_POLL_S = 0.3
_BUSY_POLL_S = 1.0
_BUSY_RECORDS = 100
_RETRY_S = 2.0
_log = logging.getLogger(__name__)


class _Journal(msgspec.Struct):
    call_id: str
    started_ms: int


_journal_head = msgspec.json.Decoder(_Journal).decode


class Importer:
    """Follow both logs. Killed anywhere, the next one goes on with the first record that is not in the store."""

    def __init__(self, store: Store, paths: Paths) -> None:
        self._store = store
        self._paths = paths
        self._fold: RecordFold | None = None
        self._events = LogReader(paths.event_log, Position(), _CHUNK)
        self._steps = LogReader(paths.steps_log, Position(), _CHUNK, split_lines)
        self.imported = 0
        self._is_busy = False

    @property
    def open_calls(self) -> int:
        return len(self._fold.calls) if self._fold else 0

    @property
    def positions(self) -> dict[str, Position]:
        """Where each log has been read to, so that retention keeps what is unread."""
        return {EVENTS: self._events.position, STEPS: self._steps.position}

    async def run(self) -> None:
        """Import for ever; while the store is away, wait and go on where it stopped."""
        while True:
            try:
                await self.step()
                if self._events.is_level:
                    # A commit costs the same for one event as for a thousand.
                    await asyncio.sleep(_BUSY_POLL_S if self._is_busy else _POLL_S)
            except StoreError as error:
                _log.warning("import_waits code=%s", error.code)
                self._fold = None
                await asyncio.sleep(_RETRY_S)

    async def step(self) -> bool:
        """Import one chunk of each log in one transaction; false when there was nothing new. Raises ``StoreError``."""
        if self._fold is None:
            self._fold = await self._load()
        events, steps = self._events.read(), self._steps.read()
        self._is_busy = events is not None and len(events.records) >= _BUSY_RECORDS
        if events is None and steps is None:
            return False
        finished = self._folded(events, self._fold)
        try:
            async with self._store.session(_SCOPE, write=True) as session:
                await self._write_events(session, events, finished, self._fold)
                await self._write_steps(session, steps)
        except BaseException:
            self._fold = None  # what is in memory ran ahead of the store
            raise
        self._fold.touched.clear()
        for reader, chunk in ((self._events, events), (self._steps, steps)):
            if chunk is not None:
                reader.accept(chunk)
        self.imported += len(finished)
        return True

    async def _load(self) -> RecordFold:
        async with self._store.session(_SCOPE) as session:
            for row in await session.scalars(select(ImportPositionRow)):
                reader = self._events if row.log == EVENTS else self._steps
                reader.position = Position(row.inode, row.offset)
            rows = await session.scalars(select(OpenCallRow))
            return RecordFold({row.call_id: msgspec.msgpack.decode(row.state, type=OpenCall) for row in rows})

    def _folded(self, chunk: Chunk | None, fold: RecordFold) -> list[CallRecord]:
        finished: list[CallRecord] = []
        for record in chunk.records if chunk else ():
            event = parse_record(record)
            if event is None:
                _log.warning("event_log_record_bad bytes=%d", len(record))
                continue
            finished += fold.apply(event)
        return finished

    async def _write_events(
        self, session: AsyncSession, chunk: Chunk | None, finished: list[CallRecord], fold: RecordFold
    ) -> None:
        if chunk is None:
            return
        if finished:
            await session.execute(self._insert(CallRecordRow), [_row_of(record) for record in finished])
        await self._keep_open(session, fold)
        await _move(session, EVENTS, chunk)

    async def _write_steps(self, session: AsyncSession, chunk: Chunk | None) -> None:
        if chunk is None:
            return
        rows: list[dict[str, Any]] = []
        for line in chunk.records:
            try:
                head = _journal_head(line)
            except msgspec.DecodeError:
                _log.warning("steps_line_bad bytes=%d", len(line))
                continue
            rows.append({"call_id": head.call_id, "started_ms": head.started_ms, "journal": line.decode()})
        if rows:
            await session.execute(self._insert(CallStepsRow), rows)
        await _move(session, STEPS, chunk)

    def _insert(self, table: type[Base]) -> Any:  # the two dialects share no type
        insert = postgresql.insert if self._store.kind == "postgresql" else sqlite.insert
        # The table, not the class: the mapper would go over each row a second time.
        return insert(table.__table__).on_conflict_do_nothing()  # type: ignore[arg-type]

    async def _keep_open(self, session: AsyncSession, fold: RecordFold) -> None:
        if not fold.touched:
            return
        await session.execute(delete(OpenCallRow).where(OpenCallRow.call_id.in_(fold.touched)))
        rows = [
            {"call_id": call_id, "state": msgspec.msgpack.encode(fold.calls[call_id])}
            for call_id in fold.touched
            if call_id in fold.calls
        ]
        if rows:
            await session.execute(self._insert(OpenCallRow), rows)


async def _move(session: AsyncSession, log: str, chunk: Chunk) -> None:
    await session.merge(ImportPositionRow(log=log, inode=chunk.after.inode, offset=chunk.after.offset))


def _row_of(record: CallRecord) -> dict[str, Any]:
    return {
        "tenant": record.tenant,
        "call_id": record.call_id,
        "started_at": instant_of(record.started),
        "answered_at": instant_of(record.answered),
        "ended_at": instant_of(record.ended),
        "from_number": record.from_number,
        "from_name": record.from_name,
        "to_number": record.to_number,
        "to_name": record.to_name,
        "dialled": record.dialled,
        "disposition": record.disposition.value,
        "cause": record.cause,
        "legs": msgspec.to_builtins(record.legs),
    }
