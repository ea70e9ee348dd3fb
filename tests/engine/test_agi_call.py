"""`AgiCall`, verb by verb, on a real Asterisk."""

from collections.abc import Awaitable, Callable

import pytest

from signalbox.calls.agi_call import AgiCall
from signalbox.calls.call import HungUp
from signalbox.calls.outcome import DialOutcome, DialResult, HangupCause
from signalbox.calls.prompts import Prompt
from signalbox.engine.agi.server import AgiSession
from signalbox.kernel.clock import SystemClock
from signalbox.kernel.ids import EndpointId
from tests.engine.asterisk import Asterisk, until
from tests.engine.conftest import Desk
from tests.engine.scripts import Scripts

pytestmark = pytest.mark.engine


def run(scripts: Scripts, script: Callable[[AgiCall], Awaitable[None]]) -> list[BaseException | None]:
    """Let every caller run ``script``; what it raised, or None, is added to the list at its end."""
    ends: list[BaseException | None] = []

    async def handler(session: AgiSession) -> None:
        try:
            await script(AgiCall(session, SystemClock()))
        except BaseException as error:
            ends.append(error)
        else:
            ends.append(None)

    scripts.handler = handler
    return ends


async def test_what_a_script_knows_before_its_first_command(scripts: Scripts, desk: Desk) -> None:
    seen: list[tuple[object, ...]] = []

    async def script(call: AgiCall) -> None:
        caller = call.caller
        seen.append((call.tenant, caller.number, caller.name, caller.endpoint, call.dialled))
        assert str(call.call_id) == call.channel_id
        await call.hang_up(HangupCause.USER_BUSY)

    ends = run(scripts, script)
    for user in ("100", "t7-100"):
        call = await (await desk.phone(user)).call("555")
        assert await call.ended() == "486"
    assert ends == [None, None]
    assert seen == [(1, "100", "Anna", "100", "555"), (7, "100", "Anna of Seven", "t7-100", "555")]


async def test_three_endpoints_ring_at_once(scripts: Scripts, desk: Desk) -> None:
    outcomes: list[DialOutcome] = []

    async def script(call: AgiCall) -> None:
        outcomes.append(await call.dial([EndpointId(each) for each in ("101", "102", "103")], ring_s=5))
        await call.hang_up()

    ends = run(scripts, script)
    anna, phones = await desk.phone("100"), [await desk.phone(each) for each in ("101", "102", "103")]
    call = await anna.call("555")
    rung = [await phone.rings() for phone in phones]
    await rung[2].answer()
    await call.answered()
    assert [await each.ended() for each in rung[:2]] == ["them", "them"]
    await rung[2].hang_up()
    assert await call.ended() == "them"
    await until(lambda: ends == [None], "the script's end")
    assert [outcome.result for outcome in outcomes] == [DialResult.ANSWERED]


@pytest.mark.parametrize(
    ("pressed", "got"), [("12", "12"), ("1234567", "1234"), ("1#2", "1"), ("*", "*"), ("#", ""), ("", "")]
)
async def test_digits_are_read(scripts: Scripts, desk: Desk, pressed: str, got: str) -> None:
    digits: list[str] = []

    async def script(call: AgiCall) -> None:
        await call.answer()
        digits.append(await call.read_digits(Prompt.BEEP, most=4, first_s=2, between_s=0.6))
        await call.hang_up()

    ends = run(scripts, script)
    call = await (await desk.phone("100")).call("555")
    await call.answered()
    assert await call.audio.notices(lambda: call.audio.loudness() > 200), "the prompt"
    call.audio.press(pressed)
    assert await call.ended(8) == "them"
    await until(lambda: ends == [None], "the script's end")
    assert digits == [got]


async def test_a_caller_who_hangs_up_ends_the_script_in_its_verb(
    asterisk: Asterisk, scripts: Scripts, desk: Desk
) -> None:
    async def script(call: AgiCall) -> None:
        await call.answer()
        await call.play(Prompt.ECHO_TEST)

    ends = run(scripts, script)
    call = await (await desk.phone("100")).call("555")
    await call.answered()
    await call.hang_up()
    await until(lambda: ends, "the script's end")
    assert isinstance(ends[0], HungUp)
    await until(asterisk.is_quiet, "the channel's end")


@pytest.mark.parametrize("endpoint", ["101&PJSIP/102", "101,30,G(x)", "", "101 102", "${EXTEN}", "101|102"])
async def test_no_odd_endpoint_reaches_asterisk(scripts: Scripts, desk: Desk, endpoint: str) -> None:
    async def script(call: AgiCall) -> None:
        await call.dial([EndpointId(endpoint)], ring_s=5)

    ends = run(scripts, script)
    carla = await desk.phone("102")
    await (await desk.phone("100")).call("555")
    await until(lambda: ends, "the script's end")
    assert isinstance(ends[0], ValueError)
    assert carla.is_quiet


async def test_a_script_that_hands_back_is_not_asked_again(scripts: Scripts, desk: Desk) -> None:
    async def script(call: AgiCall) -> None:
        await call.hand_back("a test")

    ends = run(scripts, script)
    anna, ben = await desk.phone("100"), await desk.phone("101")
    await anna.call("101")
    await ben.rings()
    assert ends == [None]
