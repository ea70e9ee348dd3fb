"""A user who is removed while he talks, on the whole system: refused at once, his call ended if that was asked for."""

import asyncio

import pytest

from signalbox.kernel.link import LinkClient
from tests.faults.house import House, hear_each_other, patience, until

pytestmark = pytest.mark.fault


async def _delete(house: House, number: str, query: str = "") -> dict[str, object]:
    etag = (await house.client.get(f"/extensions/{number}")).headers["etag"]
    answer = await house.client.delete(f"/extensions/{number}{query}", headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


async def _registered(house: House) -> set[str]:
    up = asyncio.Event()

    async def on_up() -> None:
        up.set()

    link = LinkClient(house.settings.paths.exchange_socket, on_up=on_up)
    await link.start()
    try:
        await asyncio.wait_for(up.wait(), patience(5))
        return {contact["endpoint"] for contact in (await link.request("contacts"))["contacts"]}
    finally:
        await link.stop()


@pytest.mark.parametrize(("number", "ends_calls"), [("104", False), ("105", True)])
async def test_a_removed_user(house: House, number: str, *, ends_calls: bool) -> None:
    anna, removed, carla = await house.phone("100"), await house.phone(number), await house.phone("102")
    call, rung = await house.talk(anna, removed)

    told = await _delete(house, number, "?end_calls=true" if ends_calls else "")
    assert told["published"] is True
    assert told["channels"] == (1 if ends_calls else None)
    assert (await removed.register(60)).status == 401

    async def has_no_contact() -> bool:
        return number not in await _registered(house)

    await until(has_no_contact, "the end of his registration", patience(5))
    late = await carla.call(number)
    assert await late.ended(15) == "404"
    assert removed.is_quiet
    if ends_calls:
        assert await call.ended(patience(2)) == "them"
        assert await rung.ended(patience(2)) == "them"
    else:
        await hear_each_other(call, rung)
        await rung.hang_up()
        assert await call.ended() == "them"
