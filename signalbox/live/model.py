"""What the board shows: plain values, which are also the JSON of the WebSocket. Nothing here folds or sends.

Instants are milliseconds since the epoch, so that a browser can count without parsing.
"""

from enum import StrEnum

import msgspec


class LineState(StrEnum):
    """The lamp of an extension; the strongest of its legs wins, in this order."""

    OFFLINE = "offline"
    IDLE = "idle"
    RINGING = "ringing"
    CALLING = "calling"
    IN_CALL = "in_call"
    ON_HOLD = "on_hold"


class LegState(StrEnum):
    """One party's part of a call."""

    CALLING = "calling"
    RINGING = "ringing"
    UP = "up"
    HELD = "held"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One extension's tile; ``peers`` are the display names or numbers of whom it is talking to or ringing for."""

    tenant: int
    extension: str
    name: str
    state: LineState
    contacts: int = 0
    since_ms: int = 0
    call_id: str = ""
    peers: tuple[str, ...] = ()


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One party of a call; ``extension`` is empty for outside parties."""

    channel_id: str
    extension: str
    number: str
    name: str
    state: LegState
    since_ms: int


class CallView(msgspec.Struct, frozen=True, kw_only=True):
    """A call in progress."""

    call_id: str
    tenant: int
    started_ms: int
    answered_ms: int = 0
    dialled: str = ""
    legs: tuple[Leg, ...] = ()


class EngineView(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator must know of the engine: ``up`` is false while the link is away or syncing."""

    up: bool = False
    version: str = ""
    published: int = 0
    problem: str = ""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="snapshot"):
    """Everything at ``seq`` of ``epoch``; a new epoch begins with each start of the exchange."""

    epoch: str
    seq: int
    at_ms: int
    engine: EngineView
    lines: tuple[Line, ...]
    calls: tuple[CallView, ...]


class Delta(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="delta", omit_defaults=True):
    """What changed since ``seq - 1``: whole new values, and the keys of what is gone.

    Applying the same delta twice changes nothing.
    """

    epoch: str
    seq: int
    at_ms: int
    lines: tuple[Line, ...] = ()
    lines_gone: tuple[str, ...] = ()
    calls: tuple[CallView, ...] = ()
    calls_gone: tuple[str, ...] = ()
    engine: EngineView | None = None
