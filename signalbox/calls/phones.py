"""What happens in a story and is not ours to decide: phones and moments, the tester's input of a rehearsal."""

from dataclasses import dataclass
from enum import StrEnum


class Moment(StrEnum):
    """A place in a call's life at which something can be made to happen."""

    BEFORE_THE_CALL = "before_the_call"
    BEFORE_DECISION = "before_decision"
    """The script has the call and has said nothing to Asterisk yet."""
    RINGING = "ringing"
    TALKING = "talking"
    LISTENING = "listening"
    """Something plays to the caller: an announcement, the echo."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Rings ``after_s``, answers, and hangs up after ``talks_s`` when that is given."""

    after_s: float = 0.5
    talks_s: float | None = None


@dataclass(frozen=True, slots=True)
class Busy:
    """486 Busy Here."""


@dataclass(frozen=True, slots=True)
class Rejects:
    """Rings ``after_s``, then 603 Decline."""

    after_s: float = 0.5


@dataclass(frozen=True, slots=True)
class RingsOut:
    """180 Ringing and nothing more, until it is cancelled."""


@dataclass(frozen=True, slots=True)
class Offline:
    """Not registered."""


Behaviour = Answers | Busy | Rejects | RingsOut | Offline

_SIMPLE: dict[str, Behaviour] = {"busy": Busy(), "no-answer": RingsOut(), "offline": Offline()}
_HELP = "busy, no-answer, offline, rejects[:after_s], answers[:after_s[:talks_s]]"


def behaviour(text: str) -> Behaviour:
    """Read ``answers:3:20`` (rings 3 s, talks 20 s), ``busy``...; ``ValueError`` says what is allowed."""
    word, *numbers = text.split(":")
    try:
        seconds = [float(number) for number in numbers]
    except ValueError:
        seconds = [-1.0]
    match word, seconds:
        case _, _ if any(not 0 <= value <= 86_400 for value in seconds):
            pass
        case _, [] if word in _SIMPLE:
            return _SIMPLE[word]
        case "rejects", [] | [_]:
            return Rejects(*seconds)
        case "answers", [] | [_] | [_, _]:
            return Answers(*seconds)
    raise ValueError(f"{text!r} is no phone's behaviour; use one of: {_HELP}")
