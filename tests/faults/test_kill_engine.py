"""``kill -9`` of Asterisk, and of the supervisor above it: who is reachable again, and what the records say."""

import os
import signal
import time
from datetime import datetime

import pytest

from signalbox.features.demo.sip import Message, SipError
from tests.engine.phones import Phone
from tests.faults.board import BoardWatch
from tests.faults.house import House, hear_each_other, patience, tell, until

pytestmark = pytest.mark.fault


async def answers(phone: Phone) -> bool:
    """Whether Asterisk answers SIP (RFC 3261 section 11)."""
    headers = [
        ("From", f"<{phone.uri}>;tag={time.monotonic_ns()}"),
        ("To", f"<{phone.server_uri}>"),
        ("Call-ID", f"{time.monotonic_ns()}"),
        ("CSeq", "1 OPTIONS"),
        ("Max-Forwards", "70"),
    ]
    try:
        await phone.request(Message(f"OPTIONS {phone.server_uri} SIP/2.0", headers), within_s=0.2)
    except SipError:
        return False
    return True


async def test_phones_are_reachable_again_and_lost_calls_have_their_record(house: House) -> None:
    anna, ben, carla, eva = [await house.phone(number) for number in ("100", "101", "102", "104")]
    await house.are_kept(anna, ben, carla, eva)
    call, rung = await house.talk(anna, ben)
    answered = time.time()
    ringing = await eva.call("102")
    ringing_rung = await carla.rings()
    async with BoardWatch(house) as board:
        await board.until(lambda: len(board.calls) == 2, "both calls")
        killed = await house.kill("asterisk")
        await board.until(lambda: not board.engines[-1]["up"], "that the engine is away")
        told_s = time.time() - killed
        assert board.engines[-1]["problem"]
        for lost in (call, rung, ringing, ringing_rung):
            lost.over("engine")

        await until(lambda: answers(eva), "Asterisk's answer", patience(10))
        next_call = await eva.call("102")
        next_rung = await carla.rings(patience(5))
        reachable_s = time.time() - killed
        tell("kill asterisk", reachable_s=round(reachable_s, 2), board_told_s=round(told_s, 2))
        assert reachable_s < patience(5.0)
        await next_rung.answer()
        await next_call.answered()
        await hear_each_other(next_call, next_rung)

        await board.until(lambda: board.engines[-1]["up"] and len(board.calls) == 1, "the truth again")
        await board.until(lambda: board.lines["1/101"]["state"] == "idle", "101 without its lost call")
        async with BoardWatch(house) as fresh:
            assert board.shown == fresh.shown
        await next_call.hang_up()
        await next_rung.ended()

    records = await house.records(3)
    assert [record["disposition"] for record in records] == ["engine_lost", "engine_lost", "answered"]
    for record in records[:2]:
        ended = datetime.fromisoformat(record["ended_at"]).timestamp()
        assert abs(ended - killed) < patience(1.0)
        assert all(leg["ended_at"] for leg in record["legs"])
    assert abs(records[0]["talk_s"] - (killed - answered)) < patience(1.0) + 1
    assert records[1]["answered_at"] is None


async def test_a_call_outlives_the_supervisor(house: House) -> None:
    anna, ben, carla, eva = [await house.phone(number) for number in ("100", "101", "102", "104")]
    call, rung = await house.talk(anna, ben)
    asterisk = house.platform.pids["asterisk"]
    os.kill(house.platform.pids["supervisor"], signal.SIGKILL)
    await hear_each_other(call, rung)
    between = await eva.call("102")  # nobody is there but Asterisk
    between_rung = await carla.rings(patience(2))
    await between_rung.answer()
    await between.answered()
    await hear_each_other(between, between_rung)

    await house.restart()
    assert await house.pid("asterisk") == asterisk
    async with BoardWatch(house) as board:
        await board.until(lambda: len(board.calls) == 2, "both calls")
    await hear_each_other(call, rung)
    await hear_each_other(between, between_rung)
    await rung.hang_up()
    assert await call.ended() == "them"
    await between.hang_up()
    assert await between_rung.ended() == "them"
    records = await house.records(2)
    assert [record["disposition"] for record in records] == ["answered", "answered"]
