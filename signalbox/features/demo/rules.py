"""Which numbers the sample people get, and what they do next: the same seed gives the same script."""

from collections.abc import Container, Mapping, Sequence
from random import Random

from signalbox.features.demo.model import Act, Kind
from signalbox.features.extensions.model import NumberRange, RangeName

FIRST = "201"
"""Where the sample numbers begin, if that is free and an extension's."""

NAMES = (
    *("Ada Brandt", "Ben Okafor", "Clara Nguyen", "Daniel Rossi", "Elif Demir", "Farid Haddad"),
    *("Grace Kim", "Hugo Laurent", "Ines Costa", "Jonas Weber", "Karin Lindqvist", "Liam Murphy"),
    *("Maya Patel", "Nils Jensen", "Olga Petrova", "Paul Mbeki", "Rosa Alvarez", "Sami Virtanen"),
    *("Tara Singh", "Umberto Conti", "Vera Novak", "Wei Zhang", "Yara Mansour", "Zoe Martin"),
)

_WEIGHTS = {
    Kind.TALK: 42,
    Kind.HOLD: 14,
    Kind.WAIT: 12,
    Kind.NO_ANSWER: 10,
    Kind.BUSY: 7,
    Kind.REJECTED: 5,
    Kind.ECHO: 7,
    Kind.CLOCK: 3,
}
_TEST_NUMBERS = {Kind.ECHO: "*43", Kind.CLOCK: "*44"}


def free_numbers(ranges: Mapping[RangeName, NumberRange], taken: Container[str], count: int) -> list[str]:
    """Choose ``count`` free numbers of the extensions' range, from ``FIRST`` on and then from its beginning.

    Fewer when the range has no more.
    """
    kept = ranges[RangeName.EXTENSIONS]
    others = [each for name, each in ranges.items() if name is not RangeName.EXTENSIONS]
    numbers = [str(number).zfill(len(kept.first)) for number in range(int(kept.first), int(kept.last) + 1)]
    start = numbers.index(FIRST) if FIRST in kept else 0
    free = (
        number
        for number in (*numbers[start:], *numbers[:start])
        if number not in taken and not any(number in other for other in others)
    )
    return [number for _, number in zip(range(count), free, strict=False)]


def next_act(chance: Random, idle: Sequence[str]) -> Act | None:
    """Choose the next call among the people who are ``idle``; nothing when there are not two of them."""
    if len(idle) < 2:
        return None
    caller, called = chance.sample(list(idle), 2)
    kind = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    talk_s = round(chance.uniform(5.0, 40.0), 1)
    ring_s = round(chance.uniform(1.5, 6.0), 1)
    callee_ends = chance.random() < 0.5
    match kind:
        case Kind.ECHO | Kind.CLOCK:
            return Act(kind, caller, _TEST_NUMBERS[kind], talk_s=min(talk_s, 20.0))
        case Kind.BUSY:
            return Act(kind, caller, called)
        case Kind.REJECTED:
            return Act(kind, caller, called, ring_s=ring_s)
        case Kind.NO_ANSWER:
            return Act(kind, caller, called, ring_s=round(chance.uniform(10.0, 20.0), 1))
        case Kind.WAIT:
            return Act(kind, caller, called, round(chance.uniform(12.0, 20.0), 1), talk_s, callee_ends=callee_ends)
        case Kind.HOLD:
            hold_s = round(chance.uniform(4.0, 12.0), 1)
            return Act(kind, caller, called, ring_s, talk_s, hold_s, callee_ends)
        case Kind.TALK:
            return Act(kind, caller, called, ring_s, talk_s, callee_ends=callee_ends)
