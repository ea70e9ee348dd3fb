"""Create, change and delete extensions inside an open change set: for the API, the first start and the demo."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from signalbox.features.extensions import rules
from signalbox.features.extensions.model import Draft
from signalbox.features.extensions.ranges import ranges_of
from signalbox.features.extensions.tables import ExtensionRow
from signalbox.kernel.errors import ConflictError, FieldError, InvalidError, NotFoundError, StaleError
from signalbox.kernel.ids import TenantId
from signalbox.kernel.secrets import Box
from signalbox.store.changes import Change


@dataclass(frozen=True, slots=True)
class Created:
    """A new extension with the secret of its phones, which is told only once."""

    row: ExtensionRow
    secret: str = field(repr=False)


async def create(change: Change, box: Box, draft: Draft, reserved: Collection[str] = ()) -> Created:
    """Add one extension, its number none of ``reserved``. Raises ``InvalidError`` and ``ConflictError``."""
    (created,) = await create_many(change, box, [draft], reserved)
    return created


async def create_many(
    change: Change, box: Box, drafts: Sequence[Draft], reserved: Collection[str] = ()
) -> list[Created]:
    """Add all of ``drafts`` or none; ``reserved`` are the emergency numbers.

    Raises ``InvalidError`` and ``ConflictError``.
    """
    ranges = await ranges_of(change.session, change.tenant)
    wrong = [error for draft in drafts for error in rules.problems(draft, ranges, reserved)]
    if wrong:
        raise InvalidError(wrong[:100])
    await _refuse_taken(change, [draft.number for draft in drafts])
    created = await asyncio.to_thread(lambda: [_new(change.tenant, box, draft) for draft in drafts])
    change.session.add_all(each.row for each in created)
    await change.session.flush()
    return created


def _new(tenant: TenantId, box: Box, draft: Draft) -> Created:
    secret = rules.new_secret()
    row = ExtensionRow(
        tenant=tenant, phone_secret=box.seal(secret), web_secret=box.seal(rules.new_secret()), **_columns(draft)
    )
    return Created(row, secret)


def _columns(fields: Draft) -> dict[str, Any]:
    return msgspec.structs.asdict(fields) | {"codecs": list(fields.codecs), "permit_ip": list(fields.permit_ip)}


async def _refuse_taken(change: Change, numbers: Sequence[str]) -> None:
    rows = select(ExtensionRow.number).where(ExtensionRow.tenant == change.tenant, ExtensionRow.number.in_(numbers))
    twice = {number for number, times in Counter(numbers).items() if times > 1}
    taken = sorted(twice.union(await change.session.scalars(rows)))
    if taken:
        shown = ", ".join(taken[:10]) + (", ..." if len(taken) > 10 else "")
        detail = f"There is already an extension {shown}."
        raise ConflictError(detail, [FieldError("number", "taken", detail)])


async def update(
    change: Change,
    number: str,
    fields: Mapping[str, Any],
    revision: int | None = None,
    reserved: Collection[str] = (),
) -> ExtensionRow:
    """Set ``fields`` of an extension, all or none; ``revision`` is what the caller read.

    Raises ``NotFoundError``, ``StaleError``, ``InvalidError`` and ``ConflictError``.
    """
    row = await get(change.session, change.tenant, number)
    _refuse_stale(row, revision)
    known = {name: getattr(row.value(), name) for name in Draft.__struct_fields__}
    draft = Draft(**known | dict(fields))
    if wrong := rules.problems(draft, await ranges_of(change.session, change.tenant), reserved):
        raise InvalidError(wrong)
    if draft.number != row.number:
        await _refuse_taken(change, [draft.number])
    for name, value in _columns(draft).items():
        setattr(row, name, value)
    await change.session.flush()
    return row


async def delete(change: Change, number: str, revision: int | None = None) -> None:
    """Remove an extension. Raises ``NotFoundError`` and ``StaleError``."""
    row = await get(change.session, change.tenant, number)
    _refuse_stale(row, revision)
    await change.session.delete(row)


async def replace_secret(change: Change, box: Box, number: str, revision: int | None = None) -> Created:
    """Give the extension's phones a new secret; the old one is refused once this is published."""
    row = await get(change.session, change.tenant, number)
    _refuse_stale(row, revision)
    secret = rules.new_secret()
    row.phone_secret = box.seal(secret)
    await change.session.flush()
    return Created(row, secret)


async def get(session: AsyncSession, tenant: TenantId, number: str) -> ExtensionRow:
    """Find an extension by its number; raises ``NotFoundError``."""
    rows = await find(session, tenant, [number])
    if not rows:
        raise NotFoundError(f"extension {number}")
    return rows[0]


async def find(session: AsyncSession, tenant: TenantId, numbers: Sequence[str]) -> Sequence[ExtensionRow]:
    """Those of ``numbers`` that exist."""
    wanted = (ExtensionRow.tenant == tenant, ExtensionRow.number.in_(numbers))
    return (await session.scalars(select(ExtensionRow).where(*wanted))).all()


def _refuse_stale(row: ExtensionRow, revision: int | None) -> None:
    if revision is not None and row.revision != revision:
        raise StaleError
