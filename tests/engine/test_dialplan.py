"""The dialplan on a real Asterisk: what happens to a caller when scripts are there, gone, dead or frozen."""

import pytest

from tests.engine.asterisk import Asterisk
from tests.engine.conftest import Desk
from tests.engine.scripts import Scripts

pytestmark = pytest.mark.engine


async def test_a_script_rings_and_connects(asterisk: Asterisk, scripts: Scripts, desk: Desk) -> None:
    anna = await desk.phone("100", hears_hz=440)
    ben = await desk.phone("101", hears_hz=600)
    call = await anna.call("101")
    rung = await ben.rings()
    assert (rung.caller_name, rung.caller_number) == ("Anna", "100")
    await call.ringing()
    await rung.answer()
    await call.answered()
    assert await call.audio.hears(600)
    assert await rung.audio.hears(440)
    await rung.hang_up()
    assert await call.ended() == "them"
    await asterisk.quiet()
    assert [record.ending for record in scripts.records] == ["completed"]


async def test_without_a_script_the_phones_ring_at_once(asterisk: Asterisk, desk: Desk) -> None:
    anna, ben = await desk.phone("100"), await desk.phone("101")
    call = await anna.call("101")
    rung = await ben.rings(1)
    await rung.answer()
    await call.answered()
    await rung.hang_up()
    assert await call.ended() == "them"
    assert ben.is_quiet
