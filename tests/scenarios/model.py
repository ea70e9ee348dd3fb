"""What a scenario is: a short story told once, played in the rehearsal and on a real Asterisk, judged by one check.

Seconds are small, since on Asterisk they are real. A world plays a scenario and returns what it ``Seen``.
"""

from dataclasses import dataclass, field

from signalbox.calls.phones import Behaviour, Moment
from signalbox.calls.simulated import EndedBy


@dataclass(frozen=True)
class Phone:
    """One device; two with the same extension are two registrations of it. While it has a call it answers 486."""

    extension: str
    behaves: Behaviour
    device: str = "desk"


@dataclass(frozen=True)
class CallerHangsUp:
    at: Moment
    after_s: float = 0.5


@dataclass(frozen=True)
class Redirected:
    """A dispatcher's command takes the caller to ``to``; announced to the exchange first, as commands must."""

    at: Moment
    after_s: float = 0.5
    to: str = "*43"
    by: str = "dispatcher"


@dataclass(frozen=True)
class ExchangeKilled:
    """SIGKILL; ``returns_after_s`` None: it stays away for the rest of the story. The only one before the call."""

    at: Moment
    after_s: float = 0.2
    returns_after_s: float | None = None


@dataclass(frozen=True)
class ScriptStuck:
    """The script never says anything (see ``world.kinds_of``); Asterisk's timer ends its session."""

    at: Moment = Moment.BEFORE_DECISION


Happening = CallerHangsUp | Redirected | ExchangeKilled | ScriptStuck


@dataclass(frozen=True)
class Expected:
    """What must be seen. None means: either is right, or it is Asterisk's to say."""

    ended_by: EndedBy
    disposition: str
    rang: tuple[str, ...] = ()
    """Extensions with a phone that rang (180), sorted."""
    talked: str = ""
    """The extension whose phone was connected with the caller."""
    heard: tuple[str, ...] = ()
    """What was played, in order: prompt names, ``echo``, ``digits:<d>``, ``time``; cut short counts as heard."""
    dial_status: str = ""
    """``DIALSTATUS`` at the end of the caller's channel; empty when nothing was dialled since the last redirect."""
    cause: int | None = None
    """Q.850 cause that the caller was released with."""
    endings: tuple[str, ...] = ("completed",)
    """``ending`` of each line of the caller's call in steps.jsonl, in order; a killed exchange writes none."""


@dataclass(frozen=True)
class Scenario:
    """One story: 100 (or ``caller``) dials; ``expected`` is what both worlds must show."""

    name: str
    dials: str
    expected: Expected
    phones: tuple[Phone, ...] = ()
    happens: tuple[Happening, ...] = ()
    caller: str = "100"
    caller_name: str = "Anna"
    already_talking: tuple[str, str] | None = None
    """(caller, callee) of a call that is up before the story begins and stays up until its end."""
    forwards: dict[str, str] = field(default_factory=dict)
    """Numbers of kind ``scenario_forward`` (see forward.py): each sends its caller on to the other number."""
    requirements: tuple[str, ...] = ()


@dataclass
class Seen:
    """What a world saw, for the caller's call alone."""

    rang: set[str] = field(default_factory=set)
    talked: str = ""
    heard: list[str] = field(default_factory=list)
    dial_status: str = ""
    ended_by: EndedBy | None = None
    cause: int = 0
    disposition: str = ""
    endings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SiteExtension:
    """An extension that exists in every scenario; its endpoint has the same name as its number."""

    number: str
    name: str
    ring_s: int = 2


SITE = (
    SiteExtension("100", "Anna"),
    SiteExtension("101", "Ben"),
    SiteExtension("102", "Carla"),
    SiteExtension("103", "Dov", ring_s=8),  # long enough for an exchange to come back on a busy machine
)
TRUNKS = ("trunk-a", "trunk-b")
"""The trunks of the site, first choice first; a trunk that is no ``Phone`` of the story is dead."""
MAX_HOPS = 5
"""``calls.max_hops`` in every scenario."""
TRUNK_S = 2
"""``calls.emergency_trunk_s`` in every scenario."""


def check(expected: Expected, seen: Seen) -> None:
    """The one assertion set of both worlds."""
    assert tuple(sorted(seen.rang)) == expected.rang, "who rang"
    assert seen.talked == expected.talked, "who talked"
    assert tuple(seen.heard) == expected.heard, "what the caller heard"
    assert seen.dial_status == expected.dial_status, "dial status"
    assert seen.ended_by is expected.ended_by, "who ended it"
    assert expected.cause is None or seen.cause == expected.cause, "cause"
    assert seen.disposition == expected.disposition, "the record's disposition"
    assert tuple(seen.endings) == expected.endings, "how the scripts ended"
