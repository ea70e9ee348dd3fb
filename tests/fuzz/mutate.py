"""Seeded mutation of transcripts. ``SIGNALBOX_FUZZ_ROUNDS`` makes runs longer, ``SIGNALBOX_FUZZ_SEED`` different."""

import os
import random
from collections.abc import Iterator, Sequence

ROUNDS = int(os.environ.get("SIGNALBOX_FUZZ_ROUNDS", "500"))
SEED = int(os.environ.get("SIGNALBOX_FUZZ_SEED", "1"))
MAX_SIZE = 20_000


def mutated(corpus: Sequence[bytes], words: Sequence[bytes], seed: int = SEED) -> Iterator[tuple[int, bytes]]:
    """Give ``ROUNDS`` inputs made from ``corpus`` and ``words``, each with the number that makes it again."""
    for number in range(ROUNDS):
        chance = random.Random(seed * 1_000_003 + number)
        content = bytearray(chance.choice(corpus))
        start = chance.randrange(len(content) + 1)
        content = content[start : start + chance.randrange(1, 3000)] if chance.random() < 0.3 else content[:MAX_SIZE]
        for _ in range(chance.choice((0, 1, 2, 5, 20))):
            _change(content, words, corpus, chance)
        yield number, bytes(content[: 2 * MAX_SIZE])


def pieces(content: bytes, number: int) -> Iterator[bytes]:
    """Cut ``content`` at random places, many of them inside lines."""
    chance = random.Random(number)
    largest = chance.choice((1, 7, 100, 5000, 100_000))
    position = 0
    while position < len(content):
        size = chance.randrange(1, largest + 1)
        yield content[position : position + size]
        position += size


def _change(content: bytearray, words: Sequence[bytes], corpus: Sequence[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(content) + 1)
    match chance.randrange(6):
        case 0:
            content[at:at] = chance.choice(words)
        case 1:
            content[at : at + chance.randrange(1, 40)] = b""
        case 2:
            content[at : at + 1] = bytes([chance.randrange(256)])
        case 3:
            content[at:at] = content[at : at + chance.randrange(1, 200)] * chance.choice((1, 2, 30))
        case 4:
            other = chance.choice(corpus)
            begin = chance.randrange(len(other) + 1)
            content[at:at] = other[begin : begin + chance.randrange(400)]
        case _:
            content[at:at] = chance.randbytes(chance.randrange(1, 20))
