"""Emergency numbers and DIDs on a real Asterisk when no script decides: by every trunk in turn, to the extension."""

import time
from collections.abc import Iterator

import pytest

from signalbox.engine.agi.server import AgiSession
from tests.engine.asterisk import Asterisk
from tests.engine.conftest import Desk
from tests.engine.phones import Phone
from tests.engine.scripts import ScriptProcess, Scripts

pytestmark = pytest.mark.engine


@pytest.fixture
def exchange(asterisk: Asterisk) -> Iterator[ScriptProcess]:
    process = ScriptProcess(asterisk.settings)
    yield process
    process.stop()


@pytest.fixture
async def anna(desk: Desk) -> Phone:
    return await desk.phone("100", hears_hz=440)


@pytest.fixture
async def carriers(desk: Desk) -> tuple[Phone, Phone]:
    """Both trunks, where the first refuses what it is sent with 486."""
    first, second = await desk.phone("trunk-a"), await desk.phone("trunk-b", hears_hz=600)
    first.is_busy = True
    return first, second


async def helped(anna: Phone, second: Phone, within_s: float) -> None:
    """Dial 112 and talk by the second trunk; when help hangs up, the call is over."""
    call = await anna.call("112")
    rung = await second.rings(within_s)
    assert rung.invite is not None
    assert rung.invite.start.startswith("INVITE sip:112@")
    await rung.answer()
    await call.answered()
    assert await call.audio.hears(600)
    assert await rung.audio.hears(440)
    await rung.hang_up()
    assert await call.ended() == "them"


async def test_nobody_listens(anna: Phone, carriers: tuple[Phone, Phone]) -> None:
    await helped(anna, carriers[1], 1)


async def test_a_refused_call_goes_on(anna: Phone, carriers: tuple[Phone, Phone]) -> None:
    first, second = carriers
    first.is_busy = False
    call = await anna.call("112")
    (await first.rings()).reject(503)
    await second.rings(1)
    await call.hang_up()


async def test_a_dead_trunk_is_given_up_in_time(desk: Desk, anna: Phone, asterisk: Asterisk) -> None:
    dead = await desk.phone("trunk-a")
    await dead.__aexit__()  # its registration stays, and nobody answers
    second = await desk.phone("trunk-b", hears_hz=600)
    began = time.monotonic()
    await helped(anna, second, asterisk.settings.calls.emergency_trunk_s + 1)
    assert time.monotonic() - began > asterisk.settings.calls.emergency_trunk_s


@pytest.mark.fault
async def test_killed_before_it_decided(exchange: ScriptProcess, anna: Phone, carriers: tuple[Phone, Phone]) -> None:
    await exchange.start(hold=True)
    call = await anna.call("112")
    await exchange.holds_a_caller()
    exchange.kill()
    rung = await carriers[1].rings(2)
    await rung.answer()
    await call.answered()


@pytest.mark.fault
async def test_frozen_before_it_decided(
    exchange: ScriptProcess, anna: Phone, carriers: tuple[Phone, Phone], asterisk: Asterisk
) -> None:
    await exchange.start(hold=True)
    await anna.call("112")
    await exchange.holds_a_caller()
    exchange.freeze()
    await carriers[1].rings(asterisk.settings.engine.think_s + 1)


@pytest.mark.fault
async def test_a_script_that_is_lost_late_is_asked_for_once_more(
    scripts: Scripts, anna: Phone, carriers: tuple[Phone, Phone]
) -> None:
    asked = 0

    async def lost(session: AgiSession) -> None:
        nonlocal asked
        asked += 1
        await session.command("SET", "VARIABLE", "SB_STAGE", "1-play")
        await session.command("SET", "VARIABLE", "SB_NEXT", "end")

    scripts.handler = lost
    await anna.call("112")
    await carriers[1].rings(1)
    assert asked == 2


async def test_a_script_that_knows_no_way_leaves_it_to_the_trunks(
    scripts: Scripts, anna: Phone, carriers: tuple[Phone, Phone]
) -> None:
    await helped(anna, carriers[1], 1)
    assert [record.steps[-1].verb for record in scripts.records] == ["hand_back"]


async def test_every_trunk_fails(anna: Phone, asterisk: Asterisk) -> None:
    call = await anna.call("112")
    assert await call.ended(15) == "503"
    assert "all-circuits-busy-now" in str((asterisk.settings.paths.asterisk / "log/tests.log").read_text())


async def test_there_is_no_trunk(desk: Desk, asterisk: Asterisk) -> None:
    theirs = await desk.phone("t7-100")
    call = await theirs.call("911")
    channel = (await asterisk.channels())[0].split("!")[0]
    assert await call.ended(15) == "503"
    assert ("Playback", "cannot-complete-as-dialed,noanswer") in asterisk.executed(channel)


# From outside


async def test_a_did_rings_its_extension(desk: Desk) -> None:
    carrier, ben = await desk.phone("trunk-a", hears_hz=440), await desk.phone("101", hears_hz=600)
    call = await carrier.call("+15550100")
    rung = await ben.rings(1)
    await rung.answer()
    await call.answered()
    assert await call.audio.hears(600)
    await rung.hang_up()
    assert await call.ended() == "them"


@pytest.mark.fault
async def test_a_did_rings_its_extension_when_the_exchange_dies(exchange: ScriptProcess, desk: Desk) -> None:
    carrier, ben = await desk.phone("trunk-a"), await desk.phone("101")
    await exchange.start(hold=True)
    await carrier.call("+15550100")
    await exchange.holds_a_caller()
    exchange.kill()
    await ben.rings(2)


@pytest.mark.parametrize("number", ["101", "*43", "112", "+15550199"])
async def test_from_outside_nothing_else_is_reached(desk: Desk, asterisk: Asterisk, number: str) -> None:
    carrier, ben, other = await desk.phone("trunk-a"), await desk.phone("101"), await desk.phone("trunk-b")
    call = await carrier.call(number)
    channel = (await asterisk.channels())[0].split("!")[0]
    assert await call.ended(15) == "404"
    assert ("Playback", "ss-noservice,noanswer") in asterisk.executed(channel)
    assert ben.is_quiet
    assert other.is_quiet
