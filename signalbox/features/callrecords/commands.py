"""Question a call: gather what the store, the exchange, the event log and the trace know of it, and lay it out."""

import asyncio
import time

import msgspec
from sqlalchemy import select

from signalbox.engine.eventlog import LoggedEvent, events_with
from signalbox.engine.hep import CalledLeg, SipPacket, messages_of
from signalbox.features.callrecords.ladder import Ladder, Step, build
from signalbox.features.callrecords.tables import CallRecordRow, CallStepsRow
from signalbox.kernel.errors import NotFoundError
from signalbox.kernel.ids import TenantId
from signalbox.kernel.link import LinkClient, LinkDownError, LinkError
from signalbox.settings import Settings
from signalbox.store.database import Store
from signalbox.store.scope import Scope

_LIVE_WINDOW_S = 24 * 3600.0


class _Steps(msgspec.Struct):
    steps: list[Step] = []


class _Known(msgspec.Struct):
    """What the store has of a finished call; ``since`` and ``until`` are seconds since the epoch."""

    since: float
    until: float
    channels: set[str]
    steps: list[Step]


async def explain_call(call_id: str, settings: Settings, store: Store, scope: Scope, link: LinkClient) -> Ladder:
    """Build the ladder of a finished or running call of the scope's tenants. Raises ``NotFoundError``."""
    known = await _finished(call_id, store, scope)
    if known is not None:
        events, messages = await asyncio.to_thread(
            _read_logs, settings, call_id, known.since, known.until, known.channels
        )
        return build(call_id, live=False, events=events, messages=messages, steps=known.steps, ports=_ports(settings))
    now = time.time()
    steps = await _live_steps(call_id, link)
    events, messages = await asyncio.to_thread(_read_logs, settings, call_id, now - _LIVE_WINDOW_S, now, set())
    if not events or not all(scope.holds(_tenant_of(event)) for event in events):
        raise NotFoundError("call with this id")
    is_live = not any(event.eventtype == "LINKEDID_END" for event in events)
    return build(call_id, live=is_live, events=events, messages=messages, steps=steps, ports=_ports(settings))


def _tenant_of(event: LoggedEvent) -> TenantId:
    return TenantId(int(event.tenantid) if event.tenantid.isdigit() else 1)


async def _finished(call_id: str, store: Store, scope: Scope) -> _Known | None:
    async with store.session(scope) as session:
        row = await session.scalar(select(CallRecordRow).where(CallRecordRow.call_id == call_id))
        if row is None:
            return None
        journals = await session.scalars(
            select(CallStepsRow.journal)
            .join(CallRecordRow, CallRecordRow.call_id == CallStepsRow.call_id)
            .where(CallStepsRow.call_id == call_id)
            .order_by(CallStepsRow.started_ms)
        )
        steps = [step for text in journals for step in msgspec.json.decode(text, type=_Steps).steps]
    channels = {leg["channel"] for leg in row.legs}
    return _Known(row.started_at.timestamp(), row.ended_at.timestamp(), channels, steps)


async def _live_steps(call_id: str, link: LinkClient) -> list[Step]:
    try:
        answer: _Steps = await link.request("call.ladder", {"call_id": call_id}, result=_Steps)
    except (LinkError, LinkDownError):
        return []
    return answer.steps


def _read_logs(
    settings: Settings, call_id: str, since: float, until: float, channels: set[str]
) -> tuple[list[LoggedEvent], list[SipPacket]]:
    paths = settings.paths
    needle = f'"{call_id}"'.encode()
    events = [event for event in events_with(paths.event_log, [needle], since, until) if event.linkedid == call_id]
    started = min((event.when for event in events), default=since)
    channels = channels | {event.channame for event in events}
    return events, messages_of(paths.trace, channels, _called(events), started, until) if channels else []


def _called(events: list[LoggedEvent]) -> list[CalledLeg]:
    born = [event for event in events if event.eventtype == "CHAN_START" and event.channame.startswith("PJSIP/")]
    number = next((event.cidnum for event in born if event.uniqueid == event.linkedid), "")
    return [CalledLeg(event.channame, event.eventtime, number) for event in born if event.uniqueid != event.linkedid]


def _ports(settings: Settings) -> set[int]:
    sip = settings.sip
    return {sip.udp_port, sip.tcp_port, sip.tls_port, sip.ws_port, sip.wss_port}
