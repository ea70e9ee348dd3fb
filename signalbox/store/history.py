"""Read change sets back: what each did, and how to undo it."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapper, aliased

from signalbox.kernel.errors import ConflictError, NotFoundError
from signalbox.kernel.ids import TenantId
from signalbox.store.changes import Change
from signalbox.store.tables import Base, ChangeEntry, ChangeSet, Configured
from signalbox.store.types import Utc

HIDDEN = "***"
_OURS = frozenset({"id", "tenant", "revision", "created_at", "updated_at"})


def configured_tables() -> dict[str, type[Configured]]:
    """Every table of configuration by its name."""
    classes = (mapper.class_ for mapper in Base.registry.mappers)
    return {each.__tablename__: each for each in classes if issubclass(each, Configured)}


def differences(entry: ChangeEntry) -> Iterator[tuple[str, Any, Any]]:
    """Field, value before and value after of everything that ``entry`` changed; secrets hidden."""
    kind = configured_tables().get(entry.table_name)
    columns = {} if kind is None else dict(_mapper(kind).columns)
    before, after = entry.before or {}, entry.after or {}
    for field in dict.fromkeys((*before, *after)):
        was, became = before.get(field), after.get(field)
        if field in _OURS or was == became:
            continue
        hidden = field not in columns or "secret" in columns[field].info
        yield field, _shown(was, hidden), _shown(became, hidden)


def _shown(value: Any, hidden: bool) -> Any:
    return HIDDEN if hidden and value is not None else value


Check = Callable[[AsyncSession, TenantId], Awaitable[None]]
"""Raises a ``DomainError`` when a tenant's configuration is not as its rules want it."""


async def undo(change: Change, change_id: int, checks: Sequence[Check]) -> ChangeSet:
    """Put back, inside ``change``, everything that the change set ``change_id`` did; returns that set.

    ``checks`` run at the end: what was right when it was done may not fit what came since.

    Raises ``NotFoundError``; ``ConflictError`` when a later change touched one of its rows, when it reaches beyond the
    scope, or when something else has taken a place since (a number, say).
    """
    session = change.session
    undone = await session.get(ChangeSet, change_id)
    if undone is None:
        raise NotFoundError(f"change {change_id}")
    entries = (await session.scalars(select(ChangeEntry).where(ChangeEntry.change_id == change_id))).all()
    if len(entries) != undone.size:
        raise ConflictError("This change reaches beyond what you may change.")
    await _refuse_touched(session, change_id)
    rows = await _rows(session, entries)
    for entry in entries:
        if entry.before is None:
            await session.delete(rows[entry.table_name, entry.row_key])
    await session.flush()  # first out, then in: what comes back may need the place
    for entry in entries:
        if entry.before is not None:
            _put_back(session, rows.get((entry.table_name, entry.row_key)), entry)
    await session.flush()
    for tenant in {entry.tenant for entry in entries}:
        for check in checks:
            await check(session, TenantId(tenant))
    change.undoes = change_id
    return undone


async def _refuse_touched(session: AsyncSession, change_id: int) -> None:
    later = aliased(ChangeEntry)
    touched = (
        select(later.change_id, later.label)
        .join(
            ChangeEntry,
            (ChangeEntry.table_name == later.table_name) & (ChangeEntry.row_key == later.row_key),
        )
        .where(ChangeEntry.change_id == change_id, later.change_id > change_id)
        .order_by(later.change_id)
        .limit(1)
    )
    if (found := (await session.execute(touched)).first()) is not None:
        raise ConflictError(f"Change {found[0]} touched {found[1]} later. Undo that one first.")


async def _rows(session: AsyncSession, entries: Sequence[ChangeEntry]) -> dict[tuple[str, int], Configured]:
    kinds = configured_tables()
    rows: dict[tuple[str, int], Configured] = {}
    for table in {entry.table_name for entry in entries}:
        if table not in kinds:
            raise ConflictError(f"This version no longer knows {table}.")
        keys = [entry.row_key for entry in entries if entry.table_name == table]
        kind = kinds[table]
        for row in await session.scalars(select(kind).where(kind.id.in_(keys))):
            rows[table, row.id] = row
    return rows


def _put_back(session: AsyncSession, row: Configured | None, entry: ChangeEntry) -> None:
    kind = configured_tables()[entry.table_name]
    values = dict(_typed(kind, entry.before or {}))
    if row is None:
        row = kind(id=entry.row_key, tenant=entry.tenant, created_at=values["created_at"])
        # Above every revision it ever had, so that no ETag of its first life fits.
        row.revision = values["revision"] + 1
        session.add(row)
    for field, value in values.items():
        if field not in _OURS:
            setattr(row, field, value)


def _typed(kind: type[Configured], values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    columns = _mapper(kind).columns
    for field, value in values.items():
        if field in columns:  # a column that was dropped since has nowhere to go
            instant = isinstance(columns[field].type, Utc) and value is not None
            yield field, datetime.fromisoformat(value) if instant else value


def _mapper(kind: type[Configured]) -> Mapper[Any]:
    return kind.__mapper__
