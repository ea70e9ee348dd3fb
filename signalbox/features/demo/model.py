"""What the sample people are and do."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a call between two sample people goes, or of one with a test number; the value is what is printed."""

    TALK = "they talk"
    HOLD = "they talk, with a hold"
    WAIT = "rings for long, then they talk"
    BUSY = "is busy"
    REJECTED = "declines"
    NO_ANSWER = "does not answer"
    ECHO = "echo test"
    CLOCK = "speaking clock"


@dataclass(frozen=True, slots=True)
class Act:
    """One call from beginning to end: who calls whom or what, and how long each part takes.

    ``called`` is a number; ``hold_s`` is 0 without a hold, ``talk_s`` is 0 when nobody answers.
    """

    kind: Kind
    caller: str
    called: str
    ring_s: float = 0.0
    talk_s: float = 0.0
    hold_s: float = 0.0
    callee_ends: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A sample extension and who sits there."""

    number: str
    name: str
    secret: str
