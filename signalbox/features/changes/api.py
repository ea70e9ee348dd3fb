"""REST routes of change sets: the list, one with its differences, undo."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.params import PathParameter
from sqlalchemy import func, select

from signalbox.features.changes.commands import publish
from signalbox.features.extensions.ranges import check as extensions_fit
from signalbox.kernel.errors import ConflictError, InvalidError, NotFoundError
from signalbox.kernel.link import LinkClient
from signalbox.store.changes import Change
from signalbox.store.database import Store
from signalbox.store.history import Check, differences, undo
from signalbox.store.scope import Scope
from signalbox.store.tables import ChangeEntry, ChangeSet
from signalbox.web.access import SignedIn
from signalbox.web.given import Given
from signalbox.web.paging import Page, Paging, page_of

ChangeId = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]


CHECKS: tuple[Check, ...] = (extensions_fit,)
"""What every feature demands of a configuration that an undo leaves behind."""


class Difference(msgspec.Struct, frozen=True):
    """A field that changed; secrets show only that they did."""

    field: str
    before: Any
    after: Any


class EntryView(msgspec.Struct, frozen=True):
    """One object that was ``created``, ``changed`` or ``deleted``."""

    what: str
    action: str
    fields: tuple[Difference, ...]


class ChangeView(msgspec.Struct, frozen=True):
    """A change set; ``size`` objects changed, ``undoes`` is the change that it took back."""

    id: int
    at: datetime
    author: str
    title: str
    size: int
    undoes: int | None


class ChangeDetail(msgspec.Struct, frozen=True):
    """A change set with everything that it did."""

    id: int
    at: datetime
    author: str
    title: str
    size: int
    undoes: int | None
    entries: tuple[EntryView, ...]


class Undone(msgspec.Struct, frozen=True):
    """The change set that undid another, and whether it is in force already."""

    change: int
    published: bool


class ChangeController(Controller):
    """Nothing here is ever deleted: undo makes a new change set."""

    path = "/changes"
    tags = ("Changes",)

    @get(summary="List changes, newest first")
    async def list_changes(self, store: Given[Store], tenants: Given[Scope], paging: Given[Paging]) -> Page[ChangeView]:
        """``q`` searches titles and authors."""
        wanted = []
        if paging.q:
            wanted.append(
                ChangeSet.title.icontains(paging.q, autoescape=True)
                | ChangeSet.author.icontains(paging.q, autoescape=True)
            )
        after = paging.after(int)
        page = [] if after is None else [ChangeSet.id < after]
        newest = select(ChangeSet).where(*wanted, *page).order_by(ChangeSet.id.desc()).limit(paging.limit + 1)
        async with store.session(tenants) as session:
            total = await session.scalar(select(func.count(ChangeSet.id)).where(*wanted))
            found = [_view(row) for row in await session.scalars(newest)]
        return page_of(found, paging, lambda change: change.id, total or 0)

    @get("/{change_id:int}", summary="Read one change")
    async def read_change(self, store: Given[Store], tenants: Given[Scope], change_id: ChangeId) -> ChangeDetail:
        """Answer what it did, field by field."""
        async with store.session(tenants) as session:
            row = await session.get(ChangeSet, change_id)
            if row is None:
                raise NotFoundError(f"change {change_id}")
            entries = await session.scalars(
                select(ChangeEntry).where(ChangeEntry.change_id == change_id).order_by(ChangeEntry.id)
            )
            shown = tuple(_entry(entry) for entry in entries)
        return ChangeDetail(row.id, row.at, row.author, row.title, row.size, row.undoes, shown)

    @post("/{change_id:int}/undo", summary="Undo a change")
    async def undo_change(
        self,
        store: Given[Store],
        link: Given[LinkClient],
        tenants: Given[Scope],
        signed_in: Given[SignedIn],
        change_id: ChangeId,
    ) -> Undone:
        """Put back what it changed; refused when a later change touched the same objects."""
        async with store.change(tenants, signed_in.username, f"Undo change {change_id}") as change:
            undone = await _undone(change, change_id)
            change.title = f"Undo change {change_id}: {undone.title}"
        return Undone(change.id, await publish(link, change))


async def _undone(change: Change, change_id: int) -> ChangeSet:
    try:
        return await undo(change, change_id, CHECKS)
    except InvalidError as error:  # the values came from the store: they clash with what is there, not with the request
        raise ConflictError(error.detail, error.errors) from error


def _view(row: ChangeSet) -> ChangeView:
    return ChangeView(row.id, row.at, row.author, row.title, row.size, row.undoes)


def _entry(entry: ChangeEntry) -> EntryView:
    action = "created" if entry.before is None else "deleted" if entry.after is None else "changed"
    return EntryView(entry.label, action, tuple(Difference(*each) for each in differences(entry)))
