"""The ranges that numbers come from: what is kept for what, the next free number, and moving a range (PBX-NUM-10)."""

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from signalbox.features.extensions import rules
from signalbox.features.extensions.model import DEFAULT_RANGES, NumberRange, RangeName
from signalbox.features.extensions.tables import ExtensionRow, NumberRangeRow
from signalbox.kernel.errors import ConflictError, InvalidError
from signalbox.kernel.ids import TenantId
from signalbox.store.changes import Change


async def ranges_of(session: AsyncSession, tenant: TenantId) -> dict[RangeName, NumberRange]:
    """The tenant's ranges: the defaults, but for those that were moved."""
    rows = await session.scalars(select(NumberRangeRow).where(NumberRangeRow.tenant == tenant))
    return dict(DEFAULT_RANGES) | {RangeName(row.name): NumberRange(row.first, row.last) for row in rows}


async def next_number(session: AsyncSession, tenant: TenantId, reserved: Collection[str] = ()) -> str | None:
    """The next free number of the extensions' range that is not ``reserved``; ``None`` when it is full."""
    ranges = await ranges_of(session, tenant)
    return rules.next_free(ranges[RangeName.EXTENSIONS], {*reserved, *await _numbers(session, tenant)})


async def move_ranges(change: Change, moved: Mapping[RangeName, NumberRange]) -> dict[RangeName, NumberRange]:
    """Move some ranges, all or none; they may change places with one another.

    Raises ``InvalidError`` for ranges that cannot be or that overlap, ``ConflictError`` when an extension has a number
    of one.
    """
    rows = await change.session.scalars(select(NumberRangeRow).where(NumberRangeRow.tenant == change.tenant))
    known = {row.name: row for row in rows}
    for name, kept in moved.items():
        row = known.get(name)
        if row is None:
            row = NumberRangeRow(tenant=change.tenant, name=name.value)
            change.session.add(row)
        row.first, row.last = kept.first, kept.last
    await change.session.flush()
    await check(change.session, change.tenant)
    return await ranges_of(change.session, change.tenant)


async def check(session: AsyncSession, tenant: TenantId) -> None:
    """What must hold after every change: ranges do not overlap, and none but its own holds an extension's number.

    Raises ``InvalidError`` or ``ConflictError``.
    """
    ranges = await ranges_of(session, tenant)
    if wrong := list(rules.range_problems(ranges)):
        raise InvalidError(wrong)
    if clashes := list(rules.range_clashes(ranges, await _numbers(session, tenant))):
        raise ConflictError(clashes[0].detail, clashes[:100])


async def _numbers(session: AsyncSession, tenant: TenantId) -> list[str]:
    rows = select(ExtensionRow.number).where(ExtensionRow.tenant == tenant).order_by(ExtensionRow.number)
    return list(await session.scalars(rows))
