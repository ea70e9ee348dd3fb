"""What an extension may be, and which numbers are free: pure checks that name every field at fault."""

import ipaddress
import re
import secrets
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from signalbox.features.extensions.model import (
    MAX_BULK,
    Codec,
    Draft,
    NumberRange,
    Options,
    RangeName,
)
from signalbox.kernel.errors import FieldError


def _limits() -> Iterator[tuple[str, int, int]]:
    shape = msgspec.inspect.type_info(Options)
    assert isinstance(shape, msgspec.inspect.StructType)
    for field in shape.fields:
        if isinstance(field.type, msgspec.inspect.IntType) and field.type.ge is not None and field.type.le is not None:
            yield field.name, field.type.ge, field.type.le


LIMITS = tuple(_limits())
"""Field, least and most, as the types of the API state them."""
MAX_NAME = 80
MAX_EMAIL = 254
MAX_PERMIT = 20
SECRET_LENGTH = 22

_NUMBER = re.compile(r"[0-9]{2,11}")
_MUSIC = re.compile(r"[A-Za-z0-9_-]{1,40}")
_EMAIL = re.compile(r"[^@\s\"<>]{1,64}@[A-Za-z0-9.-]{1,189}")
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"  # without those that look alike
_DIGITS = "23456789"
_SPECIAL = "-_.+!"


def problems(draft: Draft, ranges: Mapping[RangeName, NumberRange], reserved: Collection[str] = ()) -> list[FieldError]:
    """Everything wrong with ``draft`` by itself; whether the number is taken only the store knows.

    ``reserved`` are the emergency numbers.
    """
    return [*number_problems(draft.number, ranges, reserved), *name_problems(draft.name), *option_problems(draft)]


def number_problems(
    number: str, ranges: Mapping[RangeName, NumberRange], reserved: Collection[str] = ()
) -> Iterator[FieldError]:
    """PBX-NUM-02, PBX-NUM-10."""
    if not _NUMBER.fullmatch(number):
        yield FieldError("number", "bad_format", "A number has 2 to 11 digits and nothing else.")
        return
    if number in reserved:
        yield FieldError("number", "not_allowed", f"{number} is an emergency number.")
    for name, kept in ranges.items():
        if name is not RangeName.EXTENSIONS and number in kept:
            yield FieldError("number", "not_allowed", f"{kept.first} to {kept.last} are kept for {name}.")


def name_problems(name: str) -> Iterator[FieldError]:
    """A name is shown on phones and screens, so it holds nothing that only machines see."""
    if len(name) > MAX_NAME:
        yield FieldError("name", "bad_length", f"A name has at most {MAX_NAME} characters.")
    if any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} or each in _DIRECTION_MARKS for each in name):
        yield FieldError("name", "bad_format", "A name has no control characters.")


def option_problems(options: Options) -> Iterator[FieldError]:
    """Check everything that extensions of a bulk share."""
    for field, least, most in LIMITS:
        if not least <= getattr(options, field) <= most:
            yield FieldError(field, "out_of_range", f"Must be from {least} to {most}.")
    if options.email and (len(options.email) > MAX_EMAIL or not _EMAIL.fullmatch(options.email)):
        yield FieldError("email", "bad_format", "This is not an e-mail address.")
    if not _MUSIC.fullmatch(options.music_on_hold):
        yield FieldError("music_on_hold", "bad_format", "The name of a music folder: letters, digits, - and _.")
    yield from _codec_problems(options.codecs)
    yield from _permit_problems(options.permit_ip)


def _codec_problems(codecs: tuple[Codec, ...]) -> Iterator[FieldError]:
    if not codecs:
        yield FieldError("codecs", "bad_length", "A phone needs at least one codec.")
    for index, codec in enumerate(codecs):
        if codec in codecs[:index]:
            yield FieldError(f"codecs.{index}", "taken", f"{codec} is in the list already.")


def _permit_problems(networks: tuple[str, ...]) -> Iterator[FieldError]:
    if len(networks) > MAX_PERMIT:
        yield FieldError("permit_ip", "bad_length", f"At most {MAX_PERMIT} addresses or networks.")
    for index, network in enumerate(networks):
        try:
            ipaddress.ip_network(network)
        except ValueError:
            detail = "An address such as 10.0.0.5, or a network such as 10.0.0.0/8 whose host bits are zero."
            yield FieldError(f"permit_ip.{index}", "bad_format", detail)


def bulk_numbers(start: str, count: int, reserved: Collection[str] = ()) -> list[str]:
    """The ``count`` numbers from ``start`` on, with its leading zeros kept and ``reserved`` ones left out.

    Empty when they cannot be.
    """
    if not _NUMBER.fullmatch(start) or not 1 <= count <= MAX_BULK:
        return []
    numbers = [str(number).zfill(len(start)) for number in range(int(start), int(start) + count)]
    return [number for number in numbers if number not in reserved] if len(numbers[-1]) == len(start) else []


def bulk_problems(start: str, count: int, reserved: Collection[str] = ()) -> Iterator[FieldError]:
    """Why ``bulk_numbers`` gave none."""
    if not _NUMBER.fullmatch(start):
        yield FieldError("start", "bad_format", "A number has 2 to 11 digits and nothing else.")
    elif not 1 <= count <= MAX_BULK:
        yield FieldError("count", "out_of_range", f"Must be from 1 to {MAX_BULK}.")
    elif bulk_numbers(start, count) and not bulk_numbers(start, count, reserved):
        yield FieldError("start", "not_allowed", f"{start} is an emergency number.")
    elif not bulk_numbers(start, count):
        yield FieldError("count", "out_of_range", f"So many numbers of {len(start)} digits do not follow {start}.")


def next_free(kept: NumberRange, taken: Collection[str]) -> str | None:
    """The lowest number of the range that nobody has (PBX-NUM-10)."""
    width = len(kept.first)
    every = (str(number).zfill(width) for number in range(int(kept.first), int(kept.last) + 1))
    return next((number for number in every if number not in taken), None)


def range_problems(ranges: Mapping[RangeName, NumberRange]) -> Iterator[FieldError]:
    """Ranges are in order and never overlap (PBX-NUM-10)."""
    seen: list[tuple[str, NumberRange]] = []
    for name, kept in ranges.items():
        ends = (kept.first, kept.last)
        if not all(_NUMBER.fullmatch(end) for end in ends) or len(kept.first) != len(kept.last):
            yield FieldError(name, "bad_format", "Both ends have the same count of digits, 2 to 11.")
            continue
        if kept.first > kept.last:
            yield FieldError(name, "out_of_range", "The first number comes after the last.")
        for other, theirs in seen:
            if len(theirs.first) == len(kept.first) and kept.first <= theirs.last and theirs.first <= kept.last:
                yield FieldError(name, "taken", f"Overlaps the range of {other}, {theirs.first} to {theirs.last}.")
        seen.append((name, kept))


def range_clashes(ranges: Mapping[RangeName, NumberRange], numbers: Iterable[str]) -> Iterator[FieldError]:
    """Extensions whose numbers another range keeps (PBX-NUM-10)."""
    for number in numbers:
        for name, kept in ranges.items():
            if name is not RangeName.EXTENSIONS and number in kept:
                yield FieldError(name, "taken", f"Extension {number} has a number that is kept for {name}.")


def new_secret() -> str:
    """Make a secret of over 128 bits that mixes letters, digits and special characters (PBX-EXT-03)."""
    while True:
        text = "".join(secrets.choice(_LETTERS + _DIGITS + _SPECIAL) for _ in range(SECRET_LENGTH))
        if all(any(each in kind for each in text) for kind in (_LETTERS, _DIGITS, _SPECIAL)):
            return text
