"""A disk that fills up under a running system: calls go on, the status names it, and room heals everything."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.platform import Platform
from tests.faults.disk import fill, small_disk
from tests.faults.house import House, Running, hear_each_other, patience, started, until

pytestmark = pytest.mark.fault
PROCESSES = ("asterisk", "exchange", "worker", "web")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A system whose whole data directory is on a disk of 16 MB."""
    with small_disk(tmp_path_factory.mktemp("disk") / "data", "16m") as folder:
        platform = Platform(folder, None, SIGNALBOX__RETENTION__MIN_FREE_MB="2")
        with started(platform) as running:
            yield running


async def test_calls_go_on_and_room_heals(house: House) -> None:
    anna, ben, carla, eva = [await house.phone(number) for number in ("100", "101", "102", "104")]
    await house.are_kept(anna, ben, carla, eva)
    call, rung = await house.talk(anna, ben)
    pids = {name: await house.pid(name) for name in PROCESSES}
    filling = fill(house.platform.folder)
    for _ in range(3):
        next_call, next_rung = await house.talk(eva, carla)
        await next_call.hang_up()
        await next_rung.ended()
    await hear_each_other(call, rung)
    await until(lambda: is_short(house), "the worker's alarm", patience(10))
    refused = await house.client.post("/extensions", json={"number": "150", "name": "x"})
    assert refused.status_code == 503, refused.text
    assert "disk is full" in refused.text
    assert (await house.client.get("/extensions/150")).status_code == 404

    filling.unlink()
    await until(lambda: is_well(house), "the end of the alarm", patience(20))
    made = await house.client.post("/extensions", json={"number": "150", "name": "x"})
    assert made.status_code == 201, made.text
    log = house.settings.paths.event_log
    await until(lambda: asyncio.to_thread(ends_whole, log), "the end of a torn record")
    before = {record["call_id"] for record in await house.all_records()}
    third, third_rung = await house.talk(eva, carla)
    await third.hang_up()
    await third_rung.ended()
    await call.hang_up()
    await rung.ended()
    await until(lambda: has_both(house, before), "the records of both calls", patience(5))
    assert {name: await house.pid(name) for name in PROCESSES} == pids


async def is_short(house: House) -> bool:
    return bool((await house.status())["worker"]["disk_short"])


async def is_well(house: House) -> bool:
    worker = (await house.status())["worker"]
    return not worker["disk_short"] and not worker["trace_paused"]


def ends_whole(log: Path) -> bool:
    return log.read_bytes().endswith(b"\n")


async def has_both(house: House, before: set[str]) -> bool:
    """Whether the call that was there all the time and the one after it have their records, as they were."""
    news = [record for record in await house.all_records() if record["call_id"] not in before]
    found = {(record["from_number"], record["to_number"], record["disposition"]) for record in news}
    return {("100", "101", "answered"), ("104", "102", "answered")} <= found
