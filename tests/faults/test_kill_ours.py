"""``kill -9`` of exchange, web and worker while phones talk: no call ends, the next one works, no record is lost."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.engine.conversation import Conversation
from tests.faults.house import House, hear_each_other, patience, scripted_again, tell, until

pytestmark = pytest.mark.fault


@pytest.mark.parametrize("name", ["exchange", "web", "worker"])
async def test_a_kill_ends_no_call_and_loses_none(house: House, name: str) -> None:
    anna, ben = await house.phone("100"), await house.phone("101")
    carla, dov, eva = await house.phone("102"), await house.phone("103"), await house.phone("104")
    assert dov.is_busy
    call, rung = await house.talk(anna, ben)
    answered = time.time()
    before = await house.pid(name)
    killed = await house.kill(name)

    next_call = await eva.call("102")
    next_rung = await carla.rings(patience(1))
    rang_s = time.time() - killed
    await next_rung.answer()
    await next_call.answered()
    gap_s, calls = await scripted_again(house, eva, killed)
    await hear_each_other(call, rung)
    back_s = await until(lambda: house.is_back(name, before), f"the next {name}", patience(10))
    tell(f"kill {name}", next_call_rang_s=round(rang_s, 2), scripted_s=round(gap_s, 2), back_s=round(back_s, 2))
    assert gap_s < patience(2.0)

    await hear_each_other(call, rung)
    await next_call.hang_up()
    await next_rung.ended()
    talked_s = time.time() - answered
    await rung.hang_up()
    assert await call.ended() == "them"
    records = await house.records(2 + calls)
    assert Counter(record["disposition"] for record in records) == {"answered": 2, "busy": calls}
    long = next(record for record in records if record["from_number"] == "100")
    assert (long["to_number"], long["dialled"]) == ("101", "101")
    assert abs(long["talk_s"] - talked_s) < 1.5


@contextlib.asynccontextmanager
async def away(house: House) -> AsyncIterator[None]:
    """Kill the exchange as often as it is started."""
    pid = await house.pid("exchange")
    await house.kill("exchange")

    async def keep_dead() -> None:
        nonlocal pid
        while True:
            if await house.pid("exchange") not in (None, pid):
                pid = await house.pid("exchange")
                await house.kill("exchange")
            await asyncio.sleep(0.05)

    killer = asyncio.get_running_loop().create_task(keep_dead())
    try:
        yield
    finally:
        killer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await killer


async def transfer(call: Conversation, target: str) -> None:
    """Send the other party to ``target`` and leave; Asterisk lets the one who transfers hang up (RFC 3515)."""
    answer = await call.request("REFER", b"", ("Refer-To", f"<sip:{target}@{call.phone.place.host}>"))
    assert answer.status == 202
    await call.hang_up()


async def test_all_that_phones_do_works_while_the_exchange_is_away(house: House) -> None:
    anna, ben, carla = await house.phone("100"), await house.phone("101"), await house.phone("102")
    dov, eva, fritz = await house.phone("103"), await house.phone("104"), await house.phone("105")
    assert dov.is_busy
    call, rung = await house.talk(anna, ben)
    other, other_rung = await eva.call("105"), await fritz.rings(patience(5))
    await other_rung.answer()
    await other.answered()
    async with away(house):
        await rung.hold()
        assert await call.audio.notices(lambda: call.audio.heard(600) < 0.3 and call.audio.loudness() > 0, patience(3))
        await rung.resume()
        await hear_each_other(call, rung)

        await transfer(call, "102")  # the caller sends the called party on
        third = await carla.rings(patience(3))
        await third.answer()
        await hear_each_other(third, rung)

        await rung.hang_up()
        await third.ended()
        await transfer(other_rung, "101")  # the called party sends the caller on
        again = await ben.rings(patience(3))
        await again.answer()
        await hear_each_other(again, other)

        await other.hang_up()
        assert await again.ended() == "them"
    killed = time.time()
    gap_s, calls = await scripted_again(house, eva, killed)
    tell("exchange away for long", scripted_s=round(gap_s, 2))
    records = await house.records(2 + calls)
    assert Counter(record["disposition"] for record in records) == {"answered": 2, "busy": calls}
