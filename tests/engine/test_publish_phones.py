"""Phones of every kind against what is really published and configured, by name and network."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from signalbox.engine.install import Installation
from signalbox.features.extensions.model import Draft
from tests.engine import phones
from tests.engine.asterisk import Asterisk
from tests.engine.publish_fixture import Site, running, site
from tests.engine.transport import UdpWire

pytestmark = pytest.mark.engine

OUTSIDE = "203.0.114.7"


@pytest.fixture(scope="module")
def published(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """An Asterisk behind a router: its own address is inside, every other is outside."""
    folder = tmp_path_factory.mktemp("phones")
    with running(installation, folder, external_address=OUTSIDE, local_networks=("127.0.0.1/32",)) as asterisk:
        yield asterisk


@pytest.fixture
async def exchange(published: Asterisk) -> AsyncIterator[Site]:
    async with site(published) as made:
        yield made
    await published.quiet()


@pytest.mark.requirement("PBX-EXT-21")
@pytest.mark.parametrize(("number", "transport"), [("300", "udp"), ("301", "tcp"), ("302", "tls")])
async def test_a_desk_phone_registers_over(exchange: Site, number: str, transport: str) -> None:
    secret = (await exchange.add(Draft(number=number)))[number]
    await exchange.publisher.publish()
    async with exchange.phone(number, secret, transport=transport) as phone:
        assert (await phone.register()).status == 200
        call = await phone.call("*43")
        await call.answered(10)
        await call.hang_up()


@pytest.mark.parametrize(("number", "transport"), [("310", "ws"), ("311", "wss")])
async def test_a_browser_phone_registers_over(exchange: Site, number: str, transport: str) -> None:
    await exchange.add(Draft(number=number))
    await exchange.publisher.publish()
    secret = await exchange.web_secret(number)
    async with exchange.phone(f"{number}-web", secret, transport=transport) as phone:
        assert (await phone.register()).status == 200
        assert len(await exchange.contacts(f"{number}-web")) == 1


@pytest.mark.requirement("PBX-EXT-17")
async def test_one_phone_too_many_is_refused(exchange: Site) -> None:
    secret = (await exchange.add(Draft(number="320", max_contacts=2)))["320"]
    await exchange.publisher.publish()
    assert [await exchange.registers("320", secret) for _ in range(3)] == [200, 200, 403]


@pytest.mark.requirement("PBX-EXT-19")
async def test_a_registration_lasts_as_long_as_the_extension_says(exchange: Site) -> None:
    secret = (await exchange.add(Draft(number="330", register_expiry_s=600)))["330"]
    await exchange.publisher.publish()
    async with exchange.phone("330", secret) as phone:
        response = await phone.register(7200)
        assert "expires=599" in response.get("Contact") or "expires=600" in response.get("Contact")


async def test_lamps_and_message_counts_may_be_watched(exchange: Site) -> None:
    secret = (await exchange.add(Draft(number="340"), Draft(number="341")))["340"]
    await exchange.publisher.publish()
    async with exchange.phone("340", secret) as phone:
        await phone.register()
        lamp = await phone.subscribe("341", "dialog", "application/dialog-info+xml")
        await lamp.shows("terminated")
        messages = await phone.subscribe("340", "message-summary", "application/simple-message-summary")
        await messages.shows("Messages-Waiting: no")


class OutsideWire(UdpWire):
    """A phone on another address of this machine."""

    async def open(self, remote: tuple[str, int]) -> None:
        self._remote = remote
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.2", 0))
        self.local = self._transport.get_extra_info("sockname")[:2]


@pytest.mark.parametrize(("wire", "told"), [(OutsideWire, OUTSIDE), (UdpWire, "127.0.0.1")])
async def test_only_a_phone_outside_is_told_the_external_address(
    exchange: Site, monkeypatch: pytest.MonkeyPatch, wire: type[UdpWire], told: str
) -> None:
    monkeypatch.setattr(phones, "UdpWire", wire)
    number = {OUTSIDE: "350"}.get(told, "351")
    secret = (await exchange.add(Draft(number=number)))[number]
    await exchange.publisher.publish()
    async with exchange.phone(number, secret) as phone:
        call = await phone.call("*43")
        await call.answered(10)
        assert call.final is not None
        assert f"c=IN IP4 {told}" in call.final.text
        assert told in call.final.get("Contact")
        call.over("us")
