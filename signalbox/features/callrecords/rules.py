"""The fold of the event log into call records: events in, finished records out. No I/O, no clock."""

import msgspec

from signalbox.engine.eventlog import LoggedEvent
from signalbox.features.callrecords.model import CallRecord, Disposition, LegRecord, LegRole, OpenCall
from signalbox.features.extensions.model import extension_of_channel

_SAME_SECOND = 2.0
_YOUNG = 2000
ENGINE_MARKS = frozenset({"ENGINE_STARTED", "ENGINE_EXITED"})
_NO_PARTY = ("Local/", "CBAnn/", "Recorder/", "Announcer/")
_BY_DIAL_STATUS = {
    "BUSY": Disposition.BUSY,
    "NOANSWER": Disposition.NO_ANSWER,
    "CANCEL": Disposition.CANCELLED,
    "CHANUNAVAIL": Disposition.FAILED,
    "CONGESTION": Disposition.FAILED,
}
_REJECTED = 21
_BY_CAUSE = {
    16: Disposition.CANCELLED,
    17: Disposition.BUSY,
    18: Disposition.NO_ANSWER,
    19: Disposition.NO_ANSWER,
    21: Disposition.FAILED,
    26: Disposition.CANCELLED,
    127: Disposition.CANCELLED,
}


class _HangupExtra(msgspec.Struct):
    hangupcause: int = 0
    hangupsource: str = ""
    dialstatus: str = ""


_hangup_extra = msgspec.json.Decoder(_HangupExtra, strict=False).decode


class RecordFold:
    """Follow every open call; ``touched`` names those changed since it was last cleared.

    The same event twice changes nothing, so a reader may overlap.
    """

    def __init__(self, open_calls: dict[str, OpenCall] | None = None) -> None:
        self.calls = open_calls or {}
        self.touched: set[str] = set()
        self.last_at = 0.0
        self._young: dict[str, float] = {}
        self._former: set[str] = set()
        self._call_of = {
            channel: call_id for call_id, call in self.calls.items() for channel in (*call.legs, *call.hidden)
        }

    def apply(self, event: LoggedEvent) -> list[CallRecord]:
        """Fold one event and return the records it finished (one at most, or all open ones when the engine died)."""
        if event.event in ENGINE_MARKS:
            return self._engine_lost(event)
        self.last_at = max(self.last_at, event.eventtime)
        match event.eventtype:
            case "CHAN_START":
                self._started(event)
            case "ANSWER":
                self._answered(event)
            case "BRIDGE_ENTER":
                self._entered(event)
            case "HANGUP":
                self._hung_up(event)
            case "CHAN_END":
                return self._ended(event)
        return []

    def _started(self, event: LoggedEvent) -> None:
        if event.uniqueid in self._call_of:
            return
        call_id = self._call_of.get(event.linkedid) or self._own_id(event)
        call = self.calls.get(call_id)
        if call is None:
            tenant = int(event.tenantid) if event.tenantid.isdigit() else 1
            call = self.calls[call_id] = OpenCall(
                call_id=call_id, tenant=tenant, started=event.eventtime, legs={}, hidden=set(), dialled=event.exten
            )
        self._call_of[event.uniqueid] = call_id
        self.touched.add(call_id)
        if event.channame.startswith(_NO_PARTY):
            call.hidden.add(event.uniqueid)
            return
        role = LegRole.CALLEE if call.caller or event.uniqueid != event.linkedid else LegRole.CALLER
        call.legs[event.uniqueid] = LegRecord(
            channel_id=event.uniqueid,
            channel=event.channame,
            role=role,
            extension=extension_of_channel(event.channame),
            number=event.cidnum if role is LegRole.CALLER else "",
            name=event.cidname if role is LegRole.CALLER else "",
            started=event.eventtime,
        )

    def _own_id(self, event: LoggedEvent) -> str:
        """Name a call that begins. An Asterisk that starts again in the same second counts from 0 and repeats ids."""
        if len(self._young) > _YOUNG:
            self._young = {name: at for name, at in self._young.items() if at > event.eventtime - _SAME_SECOND}
        self._young[event.linkedid] = event.eventtime
        return f"{event.linkedid}-2" if event.linkedid in self._former else event.linkedid

    def _leg(self, event: LoggedEvent) -> tuple[OpenCall, LegRecord] | None:
        call = self.calls.get(self._call_of.get(event.uniqueid, ""))
        leg = call.legs.get(event.uniqueid) if call else None
        if call is None or leg is None:
            return None
        self.touched.add(call.call_id)
        if not leg.number:
            leg.number = event.cidnum
        if not leg.name:
            leg.name = event.cidname
        return call, leg

    def _answered(self, event: LoggedEvent) -> None:
        if (found := self._leg(event)) is not None:
            call, leg = found
            leg.answered = leg.answered or event.eventtime
            if leg.role is LegRole.CALLER:
                call.answered = call.answered or event.eventtime

    def _entered(self, event: LoggedEvent) -> None:
        if (found := self._leg(event)) is not None and found[1].role is LegRole.CALLER:
            call = found[0]
            call.answered = call.answered or event.eventtime

    def _hung_up(self, event: LoggedEvent) -> None:
        if (found := self._leg(event)) is not None:
            call, leg = found
            extra = _extra(event.extra)
            leg.cause = extra.hangupcause
            call.ended_by = call.ended_by or extra.hangupsource
            if leg.role is LegRole.CALLER:
                call.dial_status = extra.dialstatus

    def _ended(self, event: LoggedEvent) -> list[CallRecord]:
        call_id = self._call_of.pop(event.uniqueid, "")
        call = self.calls.get(call_id)
        if call is None:
            return []
        self.touched.add(call_id)
        call.hidden.discard(event.uniqueid)
        if (leg := call.legs.get(event.uniqueid)) is not None:
            leg.ended = event.eventtime
        if call.hidden or any(not leg.ended for leg in call.legs.values()):
            return []
        del self.calls[call_id]
        return [record_of(call, event.eventtime)]

    def _engine_lost(self, mark: LoggedEvent) -> list[CallRecord]:
        self._former = {name for name, born in self._young.items() if born > mark.at - _SAME_SECOND}
        at = mark.at if mark.event == "ENGINE_EXITED" else (self.last_at or mark.at)
        lost = list(self.calls.values())
        self.touched.update(self.calls)
        self.calls.clear()
        self._call_of.clear()
        for call in lost:
            for leg in call.legs.values():
                leg.ended = leg.ended or max(at, leg.started)
        return [record_of(call, max(at, call.started), lost=True) for call in lost]


def _extra(text: str) -> _HangupExtra:
    try:
        return _hangup_extra(text) if text else _HangupExtra()
    except msgspec.DecodeError:
        return _HangupExtra()


def record_of(call: OpenCall, ended: float, *, lost: bool = False) -> CallRecord:
    """Close a call: who talked is the answered callee, else the number that was dialled."""
    caller = call.caller
    callees = [leg for leg in call.legs.values() if leg.role is LegRole.CALLEE]
    talked = next((leg for leg in callees if leg.answered), callees[0] if len(callees) == 1 else None)
    return CallRecord(
        call_id=call.call_id,
        tenant=call.tenant,
        started=call.started,
        answered=call.answered,
        ended=ended,
        from_number=(caller.number or caller.extension) if caller else "",
        from_name=caller.name if caller else "",
        to_number=(talked.extension or talked.number) if talked else call.dialled,
        to_name=talked.name if talked else "",
        dialled=call.dialled,
        disposition=disposition(call, lost=lost),
        cause=caller.cause if caller else 0,
        legs=tuple(call.legs.values()),
    )


def disposition(call: OpenCall, *, lost: bool = False) -> Disposition:
    """Name how the call ended: answered beats all, then what ``Dial`` reported, then the caller's cause (Q.850)."""
    if lost:
        return Disposition.ENGINE_LOST
    if call.answered:
        return Disposition.ANSWERED
    cause = call.caller.cause if call.caller else 0
    # The event log's dial status is NOANSWER for a declined call too, unlike the variable DIALSTATUS.
    if call.dial_status in _BY_DIAL_STATUS and cause != _REJECTED:
        return _BY_DIAL_STATUS[call.dial_status]
    return _BY_CAUSE.get(cause, Disposition.FAILED)
