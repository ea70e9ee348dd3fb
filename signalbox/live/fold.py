"""Fold AMI events into lines and calls. No I/O and no clock: the same events give the same board.

A channel's call is its linked id: a callee is born with that of its caller, and bridging gives all parties the oldest,
so that an attended transfer ends in one call. Channels that are no party (Local halves, announcers) never get here.
"""

from collections.abc import Iterable

import msgspec

from signalbox.engine.ami.events import (
    BoardEvent,
    ChannelGone,
    ChannelRenamed,
    ChannelSeen,
    ContactSeen,
    endpoint_of,
)
from signalbox.live.entries import CallEntry, LegEntry, LineEntry, born_ms, call_view, leg_state, line_view
from signalbox.live.lines import LineSpec
from signalbox.live.model import CallView, Line

MAX_BUFFERED = 200_000


class Changes(msgspec.Struct, frozen=True):
    """What differs from the last time someone asked: whole new values, and the keys of what is gone."""

    lines: tuple[Line, ...]
    lines_gone: tuple[str, ...]
    calls: tuple[CallView, ...]
    calls_gone: tuple[str, ...]


class Board:
    """The live picture: ``apply`` events, ``replace`` everything at a snapshot, ``changes`` to learn what is new."""

    def __init__(self) -> None:
        self.shown_lines: dict[str, Line] = {}
        self.shown_calls: dict[str, CallView] = {}
        self._lines: dict[str, LineEntry] = {}
        self._by_endpoint: dict[str, LineEntry] = {}
        self._legs: dict[str, LegEntry] = {}
        self._calls: dict[str, CallEntry] = {}
        self._contacts: dict[str, set[str]] = {}
        self._dirty_lines: set[str] = set()
        self._dirty_calls: set[str] = set()
        self._buffer: list[BoardEvent] | None = None

    @property
    def call_count(self) -> int:
        return len(self._calls)

    def channels_of_call(self, call_id: str) -> dict[str, str]:
        """Give the channels of a call's parties, id to name."""
        call = self._calls.get(call_id)
        return {leg.channel_id: leg.channel_name for leg in call.legs.values()} if call else {}

    def channels_of_endpoint(self, endpoint: str) -> dict[str, str]:
        """Give the channels of one device, id to name."""
        return {leg.channel_id: leg.channel_name for leg in self._legs.values() if leg.endpoint == endpoint}

    def registrations(self) -> list[tuple[str, str]]:
        """List the usable contacts: endpoint and URI."""
        return [(endpoint, uri) for endpoint, uris in self._contacts.items() for uri in uris]

    def apply(self, event: BoardEvent) -> None:
        """Fold one event in; while a snapshot is being taken it is kept for afterwards.

        Raises ``OverflowError`` when more are kept than any snapshot can take: take another.
        """
        if self._buffer is None:
            self._fold(event)
        elif len(self._buffer) < MAX_BUFFERED:
            self._buffer.append(event)
        else:
            raise OverflowError("too many events during a snapshot")

    def restore(self, calls: Iterable[CallView]) -> None:
        """Begin with the calls that a predecessor knew; the next snapshot removes those that have ended."""
        for view in calls:
            for leg in view.legs:
                call = self._calls.get(view.call_id)
                if call is None:
                    call = self._calls[view.call_id] = CallEntry(view.call_id, view.started_ms)
                    call.answered_ms, call.dialled = view.answered_ms, view.dialled
                entry = self._legs[leg.channel_id] = LegEntry.restored(leg, view.tenant)
                entry.call = call
                call.legs[leg.channel_id] = entry
            self._dirty_calls.add(view.call_id)

    def begin_snapshot(self) -> None:
        """Keep events from now on until ``replace``; what was kept by an attempt that failed is dropped."""
        self._buffer = []

    def replace(
        self, channels: Iterable[ChannelSeen], contacts: Iterable[ContactSeen], held: Iterable[str], at_ms: int
    ) -> None:
        """Take a snapshot as the truth, then the events that came meanwhile.

        Events older than the snapshot do no harm: they are absolute, and all that followed them come after them.
        ``held`` names the channels that have put their peer on hold. What did not change keeps its instants.
        """
        holding = frozenset(held)
        listed = {seen.channel_id: seen for seen in channels}
        for channel_id in self._legs.keys() - listed.keys():
            self._remove(channel_id, at_ms)
        for seen in sorted(listed.values(), key=lambda each: (len(each.channel_id), each.channel_id)):
            self._seen(msgspec.structs.replace(seen, is_new=True, holds=seen.channel_id in holding))
            self._renamed(seen.channel_id, seen.channel_name)
        self._replace_contacts(contacts, at_ms)
        buffered, self._buffer = self._buffer or [], None
        for event in buffered:
            self._fold(event)

    def set_lines(self, specs: Iterable[LineSpec], at_ms: int) -> None:
        """Show these extensions and no others."""
        wanted = {spec.key: spec for spec in specs}
        for key in self._lines.keys() - wanted.keys():
            self._forget_line(self._lines.pop(key))
        for key, spec in wanted.items():
            entry = self._lines.get(key)
            if entry is None:
                entry = self._lines[key] = LineEntry(spec, at_ms)
            elif entry.spec == spec:
                continue
            else:
                self._forget_line(entry)
                entry.spec = spec
            self._by_endpoint.update(dict.fromkeys(spec.endpoints, entry))
            self._dirty_lines.add(key)
        for leg in self._legs.values():
            if leg.line is not self._by_endpoint.get(leg.endpoint):
                self._attach(leg, leg.since_ms)

    def changes(self) -> Changes | None:
        """Compute what differs from what was last told; None when nothing does."""
        if not self._dirty_calls and not self._dirty_lines:
            return None
        calls, calls_gone = self._changed_calls()
        lines, lines_gone = self._changed_lines()
        if not (lines or lines_gone or calls or calls_gone):
            return None
        return Changes(tuple(lines), tuple(lines_gone), tuple(calls), tuple(calls_gone))

    # Folding

    def _fold(self, event: BoardEvent) -> None:
        if isinstance(event, ChannelSeen):
            self._seen(event)
        elif isinstance(event, ChannelGone):
            self._remove(event.channel_id, event.at_ms)
        elif isinstance(event, ChannelRenamed):
            self._renamed(event.channel_id, event.channel_name)
        else:
            self._contact(event)

    def _seen(self, seen: ChannelSeen) -> None:
        leg = self._legs.get(seen.channel_id)
        if leg is None:
            # An event of a channel that ended before the snapshot must not bring it back.
            if not seen.is_new:
                return
            leg = self._legs[seen.channel_id] = LegEntry(seen, born_ms(seen.channel_id, seen.at_ms))
            self._join(leg, seen)
            self._attach(leg, leg.since_ms)
        elif leg.call.call_id != seen.linkedid:
            self._leave(leg)
            self._join(leg, seen)
        if seen.number:
            leg.number = seen.number
        if seen.name:
            leg.caller_name = seen.name
        if seen.holds is not None:
            leg.holds = seen.holds
        state = leg_state(seen.state, holds=leg.holds)
        if state is not leg.state:
            leg.state = state
            leg.since_ms = seen.at_ms
        if seen.state == 6 and not leg.call.answered_ms:
            leg.call.answered_ms = seen.at_ms
        self._dirty_calls.add(leg.call.call_id)

    def _renamed(self, channel_id: str, channel_name: str) -> None:
        leg = self._legs.get(channel_id)
        if leg is not None and leg.channel_name != channel_name:
            leg.channel_name = channel_name
            leg.endpoint = endpoint_of(channel_name)
            self._attach(leg, leg.since_ms)

    def _remove(self, channel_id: str, at_ms: int) -> None:
        leg = self._legs.pop(channel_id, None)
        if leg is None:
            return
        self._leave(leg)
        if leg.line is not None:
            self._detach(leg, at_ms)

    def _join(self, leg: LegEntry, seen: ChannelSeen) -> None:
        call = self._calls.get(seen.linkedid)
        if call is None:
            call = self._calls[seen.linkedid] = CallEntry(seen.linkedid, leg.since_ms)
        leg.call = call
        call.legs[leg.channel_id] = leg
        if not call.dialled and seen.dialled[:1] in _DIALLED and seen.dialled:
            call.dialled = seen.dialled
        self._dirty_calls.add(call.call_id)

    def _leave(self, leg: LegEntry) -> None:
        call = leg.call
        del call.legs[leg.channel_id]
        if not call.legs:
            del self._calls[call.call_id]
        self._dirty_calls.add(call.call_id)

    def _attach(self, leg: LegEntry, at_ms: int) -> None:
        """Give the leg to the line that its endpoint belongs to now."""
        if leg.line is not None:
            self._detach(leg, at_ms)
        leg.line = self._by_endpoint.get(leg.endpoint)
        if leg.line is not None:
            leg.line.legs[leg.channel_id] = leg
            self._dirty_lines.add(leg.line.spec.key)
        self._dirty_calls.add(leg.call.call_id)

    def _detach(self, leg: LegEntry, at_ms: int) -> None:
        assert leg.line is not None
        del leg.line.legs[leg.channel_id]
        if not leg.line.legs:
            leg.line.free_since_ms = at_ms
        self._dirty_lines.add(leg.line.spec.key)

    def _forget_line(self, entry: LineEntry) -> None:
        for endpoint in entry.spec.endpoints:
            if self._by_endpoint.get(endpoint) is entry:
                del self._by_endpoint[endpoint]
        self._dirty_lines.add(entry.spec.key)

    def _contact(self, seen: ContactSeen) -> None:
        known = self._contacts.get(seen.endpoint)
        if seen.is_usable:
            if known is None:
                known = self._contacts[seen.endpoint] = set()
                self._registration_turned(seen.endpoint, seen.at_ms)
            known.add(seen.uri)
        elif known is not None:
            known.discard(seen.uri)
            if not known:
                del self._contacts[seen.endpoint]
                self._registration_turned(seen.endpoint, seen.at_ms)
        if (entry := self._by_endpoint.get(seen.endpoint)) is not None:
            self._dirty_lines.add(entry.spec.key)

    def _registration_turned(self, endpoint: str, at_ms: int) -> None:
        entry = self._by_endpoint.get(endpoint)
        others = entry is not None and any(
            self._contacts.get(each) for each in entry.spec.endpoints if each != endpoint
        )
        if entry is not None and not entry.legs and not others:
            entry.free_since_ms = at_ms

    def _replace_contacts(self, contacts: Iterable[ContactSeen], at_ms: int) -> None:
        listed = {(seen.endpoint, seen.uri) for seen in contacts if seen.is_usable}
        known = {(endpoint, uri) for endpoint, uris in self._contacts.items() for uri in uris}
        for endpoint, uri in known - listed:
            self._contact(ContactSeen(endpoint, uri, is_usable=False, at_ms=at_ms))
        for endpoint, uri in listed - known:
            self._contact(ContactSeen(endpoint, uri, is_usable=True, at_ms=at_ms))

    # Telling

    def _changed_calls(self) -> tuple[list[CallView], list[str]]:
        changed: list[CallView] = []
        gone: list[str] = []
        for call_id in self._dirty_calls:
            call = self._calls.get(call_id)
            if call is None:
                if self.shown_calls.pop(call_id, None) is not None:
                    gone.append(call_id)
                continue
            self._dirty_lines.update([leg.line.spec.key for leg in call.legs.values() if leg.line is not None])
            view = call_view(call)
            if self.shown_calls.get(call_id) != view:
                self.shown_calls[call_id] = view
                changed.append(view)
        self._dirty_calls.clear()
        return changed, gone

    def _changed_lines(self) -> tuple[list[Line], list[str]]:
        changed: list[Line] = []
        gone: list[str] = []
        for key in self._dirty_lines:
            entry = self._lines.get(key)
            if entry is None:
                if self.shown_lines.pop(key, None) is not None:
                    gone.append(key)
                continue
            view = line_view(entry, sum([len(self._contacts.get(each, ())) for each in entry.spec.endpoints]))
            if self.shown_lines.get(key) != view:
                self.shown_lines[key] = view
                changed.append(view)
        self._dirty_lines.clear()
        return changed, gone


_DIALLED = frozenset("0123456789*#+")
