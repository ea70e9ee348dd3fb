"""Call scripts of the test numbers."""

import msgspec

from signalbox.calls.call import Call
from signalbox.calls.destinations import Context, Kind
from signalbox.calls.prompts import Prompt


class TestRoute(msgspec.Struct, frozen=True):
    """What is published for a test number: nothing beyond its kind."""

    __test__ = False  # pytest would collect the name


async def echo(call: Call, _route: TestRoute, _context: Context) -> None:
    """Let the caller hear himself, after a sentence that says so."""
    await call.answer()
    await call.play(Prompt.ECHO_TEST)
    await call.echo()


async def speak_clock(call: Call, _route: TestRoute, context: Context) -> None:
    """Say the time of day once, in the zone of the settings."""
    await call.answer()
    await call.play(Prompt.TIME_WILL_BE)
    await call.say_time(call.clock.now(), context.settings.timezone, rule="calls.timezone")
    await call.play(Prompt.BEEP)


async def announce_own_number(call: Call, _route: TestRoute, _context: Context) -> None:
    """Say the number of the phone that calls (PBX-FC-36, UC-NUM-07)."""
    await call.answer()
    await call.play(Prompt.EXTENSION)
    await call.say_digits("".join(digit for digit in call.caller.number if digit.isdecimal() and digit.isascii()))


ECHO = Kind("echo", "Echo test", TestRoute, echo, lambda _: "the echo test")
CLOCK = Kind("clock", "Speaking clock", TestRoute, speak_clock, lambda _: "the speaking clock")
OWN_NUMBER = Kind(
    "own_number", "Own number", TestRoute, announce_own_number, lambda _: "the announcement of one's number"
)
