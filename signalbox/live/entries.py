"""The board's working values and how each is shown. They belong to ``Board`` alone and change in place."""

from signalbox.engine.ami.events import ChannelSeen, endpoint_of
from signalbox.kernel.ids import FIRST_TENANT
from signalbox.live.lines import LineSpec
from signalbox.live.model import CallView, Leg, LegState, Line, LineState

_UP = 6
_RING = 4
_LINE_STATE = {
    LegState.RINGING: LineState.RINGING,
    LegState.CALLING: LineState.CALLING,
    LegState.HELD: LineState.ON_HOLD,
    LegState.UP: LineState.IN_CALL,
}
_STRENGTH = {state: strength for strength, state in enumerate(_LINE_STATE)}


class LegEntry:
    """One channel; ``line`` is None for outside parties."""

    __slots__ = (
        "call",
        "caller_name",
        "channel_id",
        "channel_name",
        "endpoint",
        "holds",
        "line",
        "number",
        "since_ms",
        "state",
        "tenant",
    )

    def __init__(self, seen: ChannelSeen, since_ms: int) -> None:
        self.channel_id = seen.channel_id
        self.channel_name = seen.channel_name
        self.endpoint = endpoint_of(seen.channel_name)
        self.state = leg_state(seen.state, holds=False)
        self.since_ms = since_ms
        self.holds = False
        self.number = ""
        self.caller_name = ""
        self.tenant = _tenant(seen.context)
        self.line: LineEntry | None = None
        self.call: CallEntry

    @classmethod
    def restored(cls, leg: Leg, tenant: int) -> "LegEntry":
        """Make one from what was shown of it; its channel's name comes with the next snapshot."""
        entry = cls.__new__(cls)
        entry.channel_id = leg.channel_id
        entry.channel_name = entry.endpoint = ""
        entry.state = leg.state
        entry.since_ms = leg.since_ms
        entry.holds = leg.state is LegState.HELD
        entry.number, entry.caller_name, entry.tenant = leg.number, leg.name, tenant
        entry.line = None
        return entry

    @property
    def label(self) -> str:
        """What another party's tile calls this one."""
        if self.line is not None:
            return self.line.spec.name or self.line.spec.number
        return self.caller_name or self.number


class CallEntry:
    """The parties that Asterisk has linked."""

    __slots__ = ("answered_ms", "call_id", "dialled", "legs", "started_ms")

    def __init__(self, call_id: str, started_ms: int) -> None:
        self.call_id = call_id
        self.started_ms = started_ms
        self.answered_ms = 0
        self.dialled = ""
        self.legs: dict[str, LegEntry] = {}


class LineEntry:
    """One extension and the legs of its devices; ``free_since_ms`` counts while there is none."""

    __slots__ = ("free_since_ms", "legs", "spec")

    def __init__(self, spec: LineSpec, at_ms: int) -> None:
        self.spec = spec
        self.free_since_ms = at_ms
        self.legs: dict[str, LegEntry] = {}


def leg_state(channel_state: int, *, holds: bool) -> LegState:
    """Translate Asterisk's channel state: ``Ring`` is the caller's, everything else before ``Up`` a callee's."""
    if channel_state == _UP:
        return LegState.HELD if holds else LegState.UP
    return LegState.CALLING if channel_state == _RING else LegState.RINGING


def born_ms(channel_id: str, at_ms: int) -> int:
    """Read the instant in ``n1-1795173540.12``, exact to the second, for a channel older than that; else ``at_ms``."""
    seconds = channel_id.rpartition("-")[2].partition(".")[0]
    if seconds.isdecimal() and int(seconds) * 1000 + 1000 <= at_ms:
        return int(seconds) * 1000
    return at_ms


def call_view(call: CallEntry) -> CallView:
    """Show a call, its legs in the order of their birth."""
    legs = sorted(call.legs.values(), key=_by_birth) if len(call.legs) > 1 else list(call.legs.values())
    return CallView(
        call_id=call.call_id,
        tenant=next((leg.line.spec.tenant for leg in legs if leg.line), legs[0].tenant),
        started_ms=call.started_ms,
        answered_ms=call.answered_ms,
        dialled=call.dialled,
        legs=tuple([_leg_view(leg) for leg in legs]),
    )


def line_view(entry: LineEntry, contacts: int) -> Line:
    """Show a line by its strongest leg, the newest of equals; without one it is idle, or offline if not registered."""
    spec = entry.spec
    if not entry.legs:
        state = LineState.IDLE if contacts else LineState.OFFLINE
        return Line(
            tenant=spec.tenant,
            extension=spec.number,
            name=spec.name,
            state=state,
            contacts=contacts,
            since_ms=entry.free_since_ms,
        )
    leg = max(entry.legs.values(), key=_by_strength)
    return Line(
        tenant=spec.tenant,
        extension=spec.number,
        name=spec.name,
        state=_LINE_STATE[leg.state],
        contacts=contacts,
        since_ms=leg.since_ms,
        call_id=leg.call.call_id,
        peers=_peers(entry, leg.call),
    )


def _peers(entry: LineEntry, call: CallEntry) -> tuple[str, ...]:
    others = sorted([leg for leg in call.legs.values() if leg.line is not entry], key=_by_birth)
    labels = dict.fromkeys([leg.label for leg in others])
    if not labels and call.dialled:
        return (call.dialled,)
    return tuple([label for label in labels if label])


def _leg_view(leg: LegEntry) -> Leg:
    spec = leg.line.spec if leg.line is not None else None
    return Leg(
        channel_id=leg.channel_id,
        extension=spec.number if spec else "",
        number=spec.number if spec else leg.number,
        name=spec.name if spec else leg.caller_name,
        state=leg.state,
        since_ms=leg.since_ms,
    )


def _by_birth(leg: LegEntry) -> tuple[int, str]:
    return len(leg.channel_id), leg.channel_id


def _by_strength(leg: LegEntry) -> tuple[int, int, str]:
    return _STRENGTH[leg.state], len(leg.channel_id), leg.channel_id


def _tenant(context: str) -> int:
    number = context.removeprefix("tenant-")
    return int(number) if number != context and number.isdecimal() else FIRST_TENANT
