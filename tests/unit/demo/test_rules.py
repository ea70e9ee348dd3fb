"""What the sample people do: the same seed, the same play; nobody is in two calls; every kind comes."""

from collections import Counter
from random import Random

from signalbox.features.demo import rules
from signalbox.features.demo.model import Kind
from signalbox.features.extensions.model import DEFAULT_RANGES, NumberRange, RangeName

PEOPLE = [str(number) for number in range(201, 213)]


def test_the_same_seed_gives_the_same_play() -> None:
    def play(seed: int) -> list[object]:
        chance = Random(seed)
        return [rules.next_act(chance, PEOPLE) for _ in range(50)]

    assert play(1) == play(1)
    assert play(1) != play(2)


def test_every_kind_of_call_comes_and_most_are_answered() -> None:
    chance = Random(0)
    acts = [rules.next_act(chance, PEOPLE) for _ in range(1000)]
    kinds = Counter(act.kind for act in acts if act is not None)
    assert set(kinds) == set(Kind)
    assert kinds[Kind.TALK] + kinds[Kind.HOLD] + kinds[Kind.WAIT] > 600


def test_acts_are_as_long_as_told() -> None:
    chance = Random(0)
    for act in (rules.next_act(chance, PEOPLE) for _ in range(1000)):
        assert act is not None
        assert act.caller != act.called
        match act.kind:
            case Kind.TALK | Kind.HOLD | Kind.WAIT:
                assert 5 <= act.talk_s <= 40
                assert bool(act.hold_s) == (act.kind is Kind.HOLD)
                assert act.ring_s >= 12 or act.kind is not Kind.WAIT
            case Kind.ECHO | Kind.CLOCK:
                assert act.called in ("*43", "*44")
            case Kind.NO_ANSWER | Kind.REJECTED | Kind.BUSY:
                assert act.talk_s == 0


def test_one_person_alone_calls_nobody() -> None:
    assert rules.next_act(Random(0), ["201"]) is None


def test_taken_numbers_are_passed_over() -> None:
    taken = {"203", "205"}
    assert rules.free_numbers(DEFAULT_RANGES, taken, 4) == ["201", "202", "204", "206"]


def test_numbers_come_from_the_range_wherever_it_is() -> None:
    moved = {**DEFAULT_RANGES, RangeName.EXTENSIONS: NumberRange("4000", "4999")}
    assert rules.free_numbers(moved, {"4000"}, 2) == ["4001", "4002"]


def test_numbers_kept_for_something_else_are_left_alone() -> None:
    moved = {**DEFAULT_RANGES, RangeName.QUEUES: NumberRange("200", "299")}
    assert rules.free_numbers(moved, set(), 2) == ["300", "301"]


def test_a_full_range_gives_what_it_has() -> None:
    small = {**DEFAULT_RANGES, RangeName.EXTENSIONS: NumberRange("200", "204")}
    assert rules.free_numbers(small, {"200"}, 9) == ["201", "202", "203", "204"]
