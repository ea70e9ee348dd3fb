"""Publishing on a real Asterisk: what is committed is in force at once, and nobody who talks notices."""

import asyncio
import contextlib
import re
import socket
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest

from signalbox.engine import cel
from signalbox.engine.errors import EngineUnavailableError
from signalbox.engine.install import Installation
from signalbox.features.demo.sip import Message, challenges, digest, parsed
from signalbox.features.extensions.model import Draft
from tests.engine.asterisk import Asterisk, until
from tests.engine.conversation import Conversation
from tests.engine.publish_fixture import Site, running, site

pytestmark = pytest.mark.engine

HOSTILE = ('Ann "Q" <999>', "C:\\", "x ${SHELL(id)} & y", "a,b;c|d'e", "日本 é 🙂", '"', "\\\"'`$")


@pytest.fixture(scope="module")
def published(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """An Asterisk whose site is empty at its start; each test takes numbers of its own."""
    with running(installation, tmp_path_factory.mktemp("publish")) as asterisk:
        yield asterisk


@pytest.fixture
async def exchange(published: Asterisk) -> AsyncIterator[Site]:
    async with site(published) as made:
        yield made
    await published.quiet()


async def added(exchange: Site, number: str) -> str:
    """Add an extension and publish it; gives its secret."""
    secrets = await exchange.add(Draft(number=number, name=f"Phone {number}"))
    await exchange.publisher.publish()
    return secrets[number]


async def secret_of(exchange: Site, number: str) -> str:
    secret = await exchange.new_secret(number)
    await exchange.publisher.publish()
    return secret


@pytest.mark.requirement("PBX-EXT-03")
async def test_a_changed_secret_is_in_force_at_once(exchange: Site) -> None:
    old = await added(exchange, "100")
    assert await exchange.registers("100", old) == 200
    assert await exchange.contacts("100")
    began = time.monotonic()
    new = await secret_of(exchange, "100")
    assert time.monotonic() - began < 1.0
    assert await exchange.contacts("100") == []
    assert await exchange.registers("100", old) == 401
    assert await exchange.registers("100", new) == 200


async def test_a_new_extension_registers_at_once_and_has_a_device_state(exchange: Site) -> None:
    assert await exchange.registers("105", "nothing") == 401
    secrets = await exchange.add(Draft(number="105", name="New"))
    version = await exchange.publisher.publish()
    assert version == await exchange.publisher.publish()
    async with exchange.phone("105", secrets["105"]) as phone:
        assert (await phone.register()).status == 200
        await until(lambda: _is(exchange, "105", "NOT_INUSE"), "the device state")
    assert any(event.event == "ContactStatus" and event.get("AOR") == "105" for event in exchange.events)


async def test_a_new_extension_that_is_never_asked_has_a_device_state(exchange: Site) -> None:
    secrets = await exchange.add(Draft(number="106", qualify_s=0), Draft(number="107", qualify_s=0, web_phone=False))
    await exchange.publisher.publish()
    async with exchange.phone("107", secrets["107"]) as phone:
        assert (await phone.register()).status == 200
        await until(lambda: _is(exchange, "107", "NOT_INUSE"), "the device state")


async def test_a_new_extension_that_is_changed_before_it_registers(exchange: Site) -> None:
    secret = await added(exchange, "108")
    await exchange.set("108", max_contacts=1, qualify_s=0)
    await exchange.publisher.publish()
    async with exchange.phone("108", secret) as phone:
        assert (await phone.register()).status == 200
        await until(lambda: _is(exchange, "108", "NOT_INUSE"), "the device state")


async def test_many_new_extensions_have_device_states(exchange: Site) -> None:
    secrets = await exchange.add(*(Draft(number=str(number), name="Many") for number in range(200, 220)))
    await exchange.publisher.publish()
    async with exchange.phone("219", secrets["219"]) as phone:
        assert (await phone.register()).status == 200
        await until(lambda: _is(exchange, "219", "NOT_INUSE"), "the device state")


async def test_a_removed_extension_is_refused_and_unreachable(exchange: Site) -> None:
    secret = await added(exchange, "120")
    async with exchange.phone("120", secret) as phone:
        assert (await phone.register()).status == 200
        await until(lambda: _is(exchange, "120", "NOT_INUSE"), "the device state")
        await exchange.remove("120")
        await exchange.publisher.publish()
        assert await exchange.contacts("120") == []
        await until(lambda: _is(exchange, "120", "UNAVAILABLE"), "the device state")
        assert (await phone.register()).status == 401
    shown = await exchange.asterisk.ask("pjsip show endpoint 120")
    assert "Unable to find object 120" in shown


async def test_a_removed_extension_comes_back(exchange: Site) -> None:
    await added(exchange, "130")
    await exchange.remove("130")
    await exchange.publisher.publish()
    secrets = await exchange.add(Draft(number="130", name="Again"))
    await exchange.publisher.publish()
    async with exchange.phone("130", secrets["130"]) as phone:
        assert (await phone.register()).status == 200
        await until(lambda: _is(exchange, "130", "NOT_INUSE"), "the device state")


async def test_an_extension_in_a_call_is_changed_and_removed_without_harm(exchange: Site) -> None:
    secret = await added(exchange, "140")
    async with _talking(exchange, "140", secret) as call:
        await exchange.set("140", name="Changed", codecs=("alaw",))
        await exchange.publisher.publish()
        assert (await call.reinvite()).status == 200
        await exchange.remove("140")
        await exchange.publisher.publish()
        assert (await call.reinvite()).status == 200
        assert call.ended_by == ""


async def test_what_was_committed_while_the_link_was_away_comes_into_force_later(exchange: Site) -> None:
    old = await added(exchange, "150")
    assert await exchange.registers("150", old) == 200
    await exchange.link.stop()
    new = await exchange.new_secret("150")
    with pytest.raises(EngineUnavailableError):
        await exchange.publisher.publish()
    await exchange.link.start()
    await exchange.link.wait_live(10)
    await exchange.publisher.publish()
    assert await exchange.registers("150", old) == 401
    assert await exchange.registers("150", new) == 200


async def test_a_hostile_name_stays_a_name(exchange: Site) -> None:
    secret = await added(exchange, "170")
    for name in HOSTILE:
        await exchange.set("170", name=name)
        await exchange.publisher.publish()
        async with _talking(exchange, "170", secret):
            await until(partial(_is_in_event_log, exchange, name), f"{name!r} in the event log")
            channels = await exchange.link.collect("CoreShowChannels")
            shown = [(unescaped(each.get("CallerIDName")), each.get("CallerIDNum")) for each in channels]
            assert shown == [(name, "170")]


async def test_addresses_that_are_not_permitted_are_refused(exchange: Site) -> None:
    secret = await added(exchange, "160")
    await exchange.set("160", permit_ip=("192.0.2.0/24",), qualify_s=0)
    await exchange.publisher.publish()
    assert await exchange.registers("160", secret) == 200  # 127.0.0.1 is permitted on purpose
    assert await asyncio.to_thread(_registers_from, "127.0.0.2", exchange, "160", secret) == 401
    await exchange.set("160", permit_ip=("127.0.0.2/32",))
    await exchange.publisher.publish()
    assert await asyncio.to_thread(_registers_from, "127.0.0.2", exchange, "160", secret) == 200


@pytest.mark.fault
@pytest.mark.parametrize(("number", "content"), [("180", None), ("181", b"rubbish" * 1000)])
async def test_a_lost_file_is_made_anew_under_a_running_asterisk(
    exchange: Site, number: str, content: bytes | None
) -> None:
    await added(exchange, number)
    file = exchange.settings.paths.engine_db
    for part in file.parent.glob("engine.db*"):
        part.unlink()
    if content is not None:
        file.write_bytes(content)
    secret = await secret_of(exchange, number)
    async with exchange.phone(number, secret) as phone:
        assert (await phone.register()).status == 200
        await until(lambda: _is(exchange, number, "NOT_INUSE"), "the device state")


async def test_one_of_a_thousand_is_changed_within_a_second(exchange: Site) -> None:
    await exchange.add(*(Draft(number=str(number), name="One of many") for number in range(20000, 21000)))
    await exchange.publisher.publish()
    took = []
    for number in range(20000, 20020):
        began = time.monotonic()
        secret = await secret_of(exchange, str(number))
        took.append(time.monotonic() - began)
        assert await exchange.registers(str(number), secret) == 200
    assert sorted(took)[18] < 1.0


def _registers_from(local: str, exchange: Site, user: str, secret: str) -> int:
    """The status of a REGISTER with the right secret, sent from the address ``local``."""
    server = ("127.0.0.1", exchange.settings.sip.udp_port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind((local, 0))
        phone.settimeout(3)
        port = phone.getsockname()[1]
        headers = [
            ("From", f"<sip:{user}@127.0.0.1>;tag=1"),
            ("To", f"<sip:{user}@127.0.0.1>"),
            ("Call-ID", f"{port}"),
            ("CSeq", "1 REGISTER"),
            ("Contact", f"<sip:{user}@{local}:{port}>"),
        ]
        first = Message(
            "REGISTER sip:127.0.0.1 SIP/2.0", [("Via", f"SIP/2.0/UDP {local}:{port};branch=z9hG4bK1"), *headers]
        )
        phone.sendto(first.packed(), server)
        (challenge,) = challenges(parsed(phone.recv(65535)))
        answer = digest(challenge, method="REGISTER", uri="sip:127.0.0.1", user=user, password=secret)
        second = Message(
            first.start,
            [("Via", f"SIP/2.0/UDP {local}:{port};branch=z9hG4bK2"), *headers, ("Authorization", answer)],
        )
        phone.sendto(second.packed(), server)
        return parsed(phone.recv(65535)).status


def unescaped(text: str) -> str:
    """AMI writes names with C's escapes."""
    return re.sub(r"\\(.)", r"\1", text)


def _is_in_event_log(exchange: Site, name: str) -> bool:
    records, _ = cel.split(exchange.settings.paths.event_log.read_bytes())
    return name in {event["cidname"] for event in map(cel.parse, records) if event}


async def _is(exchange: Site, endpoint: str, state: str) -> bool:
    return await exchange.state(endpoint) == state


@contextlib.asynccontextmanager
async def _talking(exchange: Site, number: str, secret: str) -> AsyncIterator[Conversation]:
    """A phone hears itself; the dialplan's own fallback serves the number, so that no script is needed."""
    async with exchange.phone(number, secret) as phone:
        call = await phone.call("*43")
        await call.answered(10)
        yield call
        await call.hang_up()
