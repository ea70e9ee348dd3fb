"""How a dial attempt ended: Q.850 causes, and one pure translation from what Asterisk says of it."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class HangupCause(IntEnum):
    """The Q.850 causes that scripts use; what the phone shows follows from them."""

    UNALLOCATED = 1
    NORMAL = 16
    USER_BUSY = 17
    NO_ANSWER = 19
    UNAVAILABLE = 20
    REJECTED = 21
    EXCHANGE_ROUTING_ERROR = 25
    NO_CIRCUIT = 34
    FAILURE = 38


class DialResult(StrEnum):
    """What became of the phones that were rung."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class DialOutcome:
    """The result and the Q.850 cause Asterisk gave; 0 where it gave none."""

    result: DialResult
    cause: int = 0


_BY_STATUS = {
    "ANSWER": DialResult.ANSWERED,
    "NOANSWER": DialResult.NO_ANSWER,
    "BUSY": DialResult.BUSY,
    "CANCEL": DialResult.CANCELLED,
}


def dial_outcome(dialstatus: str, cause: int) -> DialOutcome:
    """Translate ``DIALSTATUS`` and ``HANGUPCAUSE``.

    Asterisk reports a declined call (603, 403) as CHANUNAVAIL with cause 21; any status it did not know at all is
    "unavailable" too.
    """
    if dialstatus in _BY_STATUS:
        return DialOutcome(_BY_STATUS[dialstatus], cause)
    if cause == HangupCause.REJECTED:
        return DialOutcome(DialResult.REJECTED, cause)
    return DialOutcome(DialResult.UNAVAILABLE, cause)


CAUSE_OF = {
    DialResult.ANSWERED: HangupCause.NORMAL,
    DialResult.NO_ANSWER: HangupCause.NO_ANSWER,
    DialResult.BUSY: HangupCause.USER_BUSY,
    DialResult.REJECTED: HangupCause.REJECTED,
    DialResult.UNAVAILABLE: HangupCause.UNAVAILABLE,
    DialResult.CANCELLED: HangupCause.NORMAL,
}
"""The cause a caller is released with after each result, when nothing else is tried."""
