"""The test numbers: what each code leads to. Publishing writes them for every tenant; the scripts play them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TestNumber:
    """A code that every phone may dial; ``kind`` is its destination kind."""

    __test__ = False  # pytest would collect the name

    number: str
    kind: str
    label: str


TEST_NUMBERS = (
    TestNumber("*43", "echo", "Echo test"),
    TestNumber("*44", "clock", "Speaking clock"),
    TestNumber("*65", "own_number", "Announce own number"),
)
