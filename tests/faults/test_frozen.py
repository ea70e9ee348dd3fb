"""An exchange that is stopped in its tracks: every caller rings within the deadline, whoever decides."""

import asyncio
import os
import signal
import time
from collections import Counter

import pytest

from tests.faults.house import House, hear_each_other, patience, tell

pytestmark = pytest.mark.fault
UNDECIDED_S = 1.0
"""What a call may need beside the time that a script is given to think."""


@pytest.mark.parametrize("frozen_s", [1.0, 5.0, 8.0])
async def test_nobody_hangs_on_a_frozen_exchange(house: House, frozen_s: float) -> None:
    anna, ben, carla, eva = [await house.phone(number) for number in ("100", "101", "102", "104")]
    call, rung = await house.talk(anna, ben)
    pid = await house.pid("exchange")
    assert pid is not None
    think_s = house.settings.engine.think_s
    os.kill(pid, signal.SIGSTOP)
    asyncio.get_running_loop().call_later(frozen_s, os.kill, pid, signal.SIGCONT)
    began = time.monotonic()
    first, _ = await asyncio.gather(eva.call("102"), hear_each_other(call, rung))
    first_rung = await carla.rings(think_s + patience(UNDECIDED_S))
    rang_s = time.monotonic() - began
    tell(f"exchange frozen for {frozen_s:g} s", rang_s=round(rang_s, 2))
    assert rang_s >= min(frozen_s, think_s) * 0.9, "it was not frozen"
    await first_rung.answer()
    await first.answered()
    await hear_each_other(first, first_rung)

    second = await eva.call("101")  # thaws in the middle of it
    await asyncio.sleep(max(frozen_s - (time.monotonic() - began), 0))
    second_rung = await ben.rings(think_s + patience(UNDECIDED_S))
    await first_rung.hang_up()
    await second.hang_up()
    await second_rung.ended()
    await hear_each_other(call, rung)
    await call.hang_up()
    await rung.ended()
    assert await house.pid("exchange") == pid
    records = await house.records(3)
    assert Counter(record["disposition"] for record in records) == {"answered": 2, "cancelled": 1}
