"""Call records as plain values. They are folded from the event log and never change once written."""

from datetime import UTC, datetime
from enum import StrEnum

import msgspec


class Disposition(StrEnum):
    """How a call ended, in the words of the record."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ENGINE_LOST = "engine_lost"


class LegRole(StrEnum):
    """Which side of the call a leg is on."""

    CALLER = "caller"
    CALLEE = "callee"


class LegRecord(msgspec.Struct, kw_only=True):
    """One party's part; instants are seconds since the epoch, 0 when it did not happen."""

    channel_id: str
    channel: str
    role: LegRole
    extension: str = ""
    number: str = ""
    name: str = ""
    started: float = 0.0
    answered: float = 0.0
    ended: float = 0.0
    cause: int = 0


class OpenCall(msgspec.Struct, kw_only=True):
    """A call in progress as the log tells it; kept between two runs of the importer."""

    call_id: str
    tenant: int
    started: float
    dialled: str = ""
    answered: float = 0.0
    dial_status: str = ""
    ended_by: str = ""
    legs: dict[str, LegRecord] = {}
    hidden: set[str] = set()
    """Channels that are no party: halves of Local channels, announcers."""

    @property
    def caller(self) -> LegRecord | None:
        return next((leg for leg in self.legs.values() if leg.role is LegRole.CALLER), None)


class CallRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A finished call and its legs; instants are seconds since the epoch, ``answered`` 0 when nobody answered."""

    call_id: str
    tenant: int
    started: float
    answered: float
    ended: float
    from_number: str
    from_name: str
    to_number: str
    to_name: str
    dialled: str
    disposition: Disposition
    cause: int
    legs: tuple[LegRecord, ...]


def instant_of(seconds: float) -> datetime | None:
    """Turn seconds since the epoch into an instant; 0 means that it did not happen."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
