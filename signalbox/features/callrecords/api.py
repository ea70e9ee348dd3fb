"""REST routes of call records: the list, one record with its legs, the ladder of a live or finished call."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.params import FromQuery, PathParameter, QueryParameter
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from signalbox.features.callrecords.commands import explain_call
from signalbox.features.callrecords.ladder import Ladder
from signalbox.features.callrecords.model import Disposition, LegRecord, instant_of
from signalbox.features.callrecords.tables import CallRecordRow
from signalbox.kernel.errors import NotFoundError
from signalbox.kernel.link import LinkClient
from signalbox.settings import Settings
from signalbox.store.database import Store
from signalbox.store.scope import Scope
from signalbox.web.given import Given
from signalbox.web.paging import Page, Paging, page_of


class CallLeg(msgspec.Struct, frozen=True):
    """One party's part of a call."""

    channel_id: str
    role: str
    extension: str
    number: str
    name: str
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    cause: int


class CallRecordView(msgspec.Struct, frozen=True, kw_only=True):
    """A finished call; ``duration_s`` counts from its start, ``talk_s`` from the answer, to the millisecond."""

    call_id: str
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    duration_s: float
    talk_s: float
    from_number: str
    from_name: str
    to_number: str
    to_name: str
    dialled: str
    disposition: Disposition
    cause: int
    legs: tuple[CallLeg, ...]


CallIdPath = Annotated[str, PathParameter(max_length=80, pattern="^[A-Za-z0-9._-]+$")]


class CallRecordController(Controller):
    """Call records are written by the importer alone; here they are read."""

    path = "/call-records"
    tags = ("Call records",)

    @get(summary="List call records, newest first")
    async def list_records(
        self,
        store: Given[Store],
        tenants: Given[Scope],
        paging: Given[Paging],
        since: Annotated[datetime | None, QueryParameter(name="from")] = None,
        until: Annotated[datetime | None, QueryParameter(name="to")] = None,
        disposition: FromQuery[Disposition | None] = None,
    ) -> Page[CallRecordView]:
        """Filter by start time, by how the call ended, and with ``q`` by any number or name in it."""
        wanted = _wanted(paging.q, since, until, disposition)
        page = [] if (after := paging.after(tuple[datetime, int])) is None else [_before(*after)]
        async with store.session(tenants) as session:
            total = await session.scalar(select(func.count(CallRecordRow.id)).where(*wanted))
            rows = await session.scalars(
                select(CallRecordRow)
                .where(*wanted, *page)
                .order_by(CallRecordRow.started_at.desc(), CallRecordRow.id.desc())
                .limit(paging.limit + 1)
            )
            found = list(rows)
        listed = page_of(found, paging, lambda row: (row.started_at, row.id), total or 0)
        return Page([_view(row) for row in listed.items], listed.next, listed.total)

    @get("/{call_id:str}", summary="Read one call record")
    async def read_record(self, store: Given[Store], tenants: Given[Scope], call_id: CallIdPath) -> CallRecordView:
        """Answer the record with its legs."""
        async with store.session(tenants) as session:
            row = await _record(session, call_id)
        if row is None:
            raise NotFoundError("call record with this id")
        return _view(row)


@get("/calls/{call_id:str}/ladder", summary="Explain a call", tags=["Calls"])
async def read_ladder(
    settings: Given[Settings], store: Given[Store], tenants: Given[Scope], link: Given[LinkClient], call_id: CallIdPath
) -> Ladder:
    """Answer every SIP message, script step (with the rule that decided) and engine event on one time axis."""
    return await explain_call(call_id, settings, store, tenants, link)


def _wanted(
    q: str, since: datetime | None, until: datetime | None, disposition: Disposition | None
) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if since is not None:
        wanted.append(CallRecordRow.started_at >= since)
    if until is not None:
        wanted.append(CallRecordRow.started_at < until)
    if disposition is not None:
        wanted.append(CallRecordRow.disposition == disposition.value)
    if q:
        columns = (CallRecordRow.from_number, CallRecordRow.to_number, CallRecordRow.dialled)
        names = (CallRecordRow.from_name, CallRecordRow.to_name)
        wanted.append(
            or_(*(c.startswith(q, autoescape=True) for c in columns), *(n.icontains(q, autoescape=True) for n in names))
        )
    return wanted


def _before(at: datetime, row_id: int) -> ColumnElement[bool]:
    return or_(CallRecordRow.started_at < at, and_(CallRecordRow.started_at == at, CallRecordRow.id < row_id))


async def _record(session: AsyncSession, call_id: str) -> CallRecordRow | None:
    return await session.scalar(select(CallRecordRow).where(CallRecordRow.call_id == call_id))


def _view(row: CallRecordRow) -> CallRecordView:
    answered = row.answered_at
    return CallRecordView(
        call_id=row.call_id,
        started_at=row.started_at,
        answered_at=answered,
        ended_at=row.ended_at,
        duration_s=_seconds(row.started_at, row.ended_at),
        talk_s=_seconds(answered, row.ended_at) if answered else 0.0,
        from_number=row.from_number,
        from_name=row.from_name,
        to_number=row.to_number,
        to_name=row.to_name,
        dialled=row.dialled,
        disposition=Disposition(row.disposition),
        cause=row.cause,
        legs=tuple(_leg(msgspec.convert(leg, LegRecord)) for leg in row.legs),
    )


def _seconds(start: datetime, end: datetime) -> float:
    return round((end - start).total_seconds(), 3)


def _leg(leg: LegRecord) -> CallLeg:
    started = instant_of(leg.started)
    assert started is not None
    return CallLeg(
        channel_id=leg.channel_id,
        role=leg.role.value,
        extension=leg.extension,
        number=leg.number,
        name=leg.name,
        started_at=started,
        answered_at=instant_of(leg.answered),
        ended_at=instant_of(leg.ended),
        cause=leg.cause,
    )
