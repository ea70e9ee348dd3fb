"""Hostile SIP on a real Asterisk: what strangers send stays data, and calls in progress do not notice.

Each text is tried with a script and without one, since the fallback dialplan handles it too.
"""

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from signalbox.engine.eventlog import LogReader, Position, parse_record
from signalbox.features.demo.sip import SipError
from tests.engine.asterisk import Asterisk, until
from tests.engine.conftest import Desk
from tests.engine.conversation import Conversation
from tests.engine.phones import Phone, Place
from tests.engine.scripts import Scripts

pytestmark = pytest.mark.engine

TOO_LONG = (400, 413, 513)
ORDINARY_EVENTS = {"CHAN_START", "CHAN_END", "ANSWER", "HANGUP", "BRIDGE_ENTER", "BRIDGE_EXIT", "LINKEDID_END"}
TRACE = Path("/tmp/signalbox-hostile-test")
NAMES = {
    "quotes": '"Boss" "of" \'all\'',
    "expression": "$[1/0]",
    "shell": f"${{SHELL(touch {TRACE})}}",
    "variable": "${EXTEN} ${GLOBAL(AGIEXITONHANGUP)}",
    "legs": "a&PJSIP/102&PJSIP/103",
    "options": "a,30,G(tenant-1^102^1)",
    "backslashes": "\\\\ \\n \\",
    "agi": "x\\r\\nEXEC System touch",
    "bidi": "\u202e\u2066olleh\u2069 \u200f",
    "control": "a\tb\x07\x1b[31m",
    "json": '{"event":"ENGINE_EXITED","at":1}',
    "csv": '","HANGUP","1.0","',
    "angle": "<sip:102@x>;tag=1",
    "long": "x" * 10_000,
    "emoji": "\U0001f600" * 50,
}
NUMBERS = [
    "101&102",
    "101%26PJSIP/102",
    "101,102",
    "101%2C30%2CG(tenant-1%5E102%5E1)",
    "%24%7BSHELL(touch%20/tmp/signalbox-hostile-test)%7D",
    "101%24%7BEXTEN%7D",
    "%24%5B1/0%5D",
    "101%0D%0AExten:%20102",
    "101%00102",
    "101%22",
    "%22",
    "101)",
    "101@102",
    "101%E2%80%AE",
    "%EF%BC%91%EF%BC%90%EF%BC%91",
    "1" * 33,
    "1" * 10_000,
    "s",
    "T",
    "i",
    "sb-dial",
    "_X.",
    "+",
    "*",
    "#",
    "101;phone-context=x",
    "..%2f..%2fetc",
]
CONTACTS = [
    "<sip:101&PJSIP%2F102@{host}:{port}>",
    "<sip:101&PJSIP/102@{host}:{port}>",
    "<sip:101@{host}:{port};x=1&PJSIP/102>",
    "<sip:101,30,G(tenant-1^102^1)@{host}:{port}>",
    "<sip:101(@{host}:{port}>",
    "<sip:101%22@{host}:{port}>",
    "<sip:101@{host}:{port};x=$%7BSHELL(touch%20/tmp/signalbox-hostile-test)%7D>",
    "<sip:${{SHELL(id)}}@{host}:{port}>",
]


@pytest.fixture(params=["script", "fallback"])
async def decided_by(request: pytest.FixtureRequest, asterisk: Asterisk) -> AsyncIterator[str]:
    """Both ways in which a call is decided."""
    assert not await asyncio.to_thread(TRACE.exists), "left by something else"
    if request.param == "script":
        async with Scripts(asterisk.settings):
            yield request.param
    else:
        yield request.param
    assert not await asyncio.to_thread(TRACE.exists), "something was executed"


def settled(call: Conversation, phone: Phone) -> Callable[[], bool]:
    """The caller got an answer or ``phone`` rings."""
    return lambda: bool(call.ended_by) or max(call.statuses, default=0) > 100 or not phone.is_quiet


@pytest.mark.usefixtures("decided_by")
async def test_a_display_name_is_data(asterisk: Asterisk, desk: Desk) -> None:
    log = LogReader(asterisk.settings.paths.event_log, Position())
    while (chunk := log.read()) is not None:
        log.position = chunk.after
    caller, ben, carla = await desk.phone("113"), await desk.phone("101"), await desk.phone("102")
    for what, name in NAMES.items():
        caller.name = name
        call = await caller.call("101")
        if call.status in TOO_LONG and what == "long":
            continue
        rung = await ben.rings()
        assert len(await asterisk.channels()) == 2, what
        assert carla.is_quiet, what
        assert rung.caller_number == "113", what
        await rung.answer()
        await call.answered()
        await call.hang_up()
        await asterisk.quiet()
    chunk = log.read()
    assert chunk is not None
    events = [parse_record(record) for record in chunk.records]
    assert None not in events, "the event log was broken"
    assert {event.eventtype for event in events if event} <= ORDINARY_EVENTS


@pytest.mark.usefixtures("decided_by")
async def test_a_folded_name_is_data(asterisk: Asterisk, desk: Desk) -> None:
    caller, ben, carla = await desk.phone("113"), await desk.phone("101"), await desk.phone("102")
    caller.patience_s = 0.8
    for folded in ("\r\n ", "\r\n\t", "\n ", "\r "):
        sender = f'"a{folded}Contact: <sip:102@127.0.0.1>{folded}b" <sip:113@127.0.0.1>'
        with contextlib.suppress(SipError):  # dropped without an answer is right as well
            call = await caller.call("101", sender=sender)
            rung = await ben.rings()
            assert "\n" not in rung.caller_name
            assert len(await asterisk.channels()) == 2
            await call.hang_up()
        assert carla.is_quiet, folded


@pytest.mark.usefixtures("decided_by")
async def test_a_dialled_number_is_data(asterisk: Asterisk, desk: Desk) -> None:
    caller, ben, carla = await desk.phone("100"), await desk.phone("101"), await desk.phone("102")
    caller.patience_s = 0.8
    for number in NUMBERS:
        with contextlib.suppress(SipError):  # a malformed URI is dropped
            call = await caller.call("x", target=f"sip:{number}@127.0.0.1")
            await until(settled(call, ben), number)
            assert len(await asterisk.channels()) <= 2, number
            await call.hang_up()
        assert carla.is_quiet, number


@pytest.mark.usefixtures("decided_by")
async def test_a_registered_contact_is_data(asterisk: Asterisk, desk: Desk) -> None:
    """A phone that says something odd of itself harms nobody else: only its own extension can stay silent."""
    anna, carla = await desk.phone("100"), await desk.phone("102")
    for contact in CONTACTS:
        await asterisk.ask("database deltree registrar")
        await anna.register()
        await carla.register()
        liar = await desk.phone("101", register=False)
        host, port = liar.address
        with contextlib.suppress(SipError):  # a malformed contact is dropped
            await liar.register(contact=contact.format(host=host, port=port), within_s=0.8)
        call = await anna.call("101")
        await until(settled(call, liar), contact)
        assert len(await asterisk.channels()) <= 2, contact
        await call.hang_up()
        assert carla.is_quiet, contact


# Nonsense on the wire


def rubbish(seed: int) -> list[bytes]:
    """Datagrams that are no SIP, or almost."""
    chance = random.Random(seed)
    whole = (
        b"INVITE sip:101@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKx\r\n"
        b"From: <sip:100@127.0.0.1>;tag=1\r\nTo: <sip:101@127.0.0.1>\r\nCall-ID: rubbish\r\nCSeq: 1 INVITE\r\n"
        b"Contact: <sip:100@127.0.0.1:9>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    made = [
        b"\0" * 100,
        b"\r\n\r\n",
        b"\xff" * 1000,
        b"SIP/2.0 200 OK\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        whole.replace(b"Content-Length: 0", b"Content-Length: 99999999999"),
        whole.replace(b"Content-Length: 0", b"Content-Length: -1"),
        whole.replace(b"CSeq: 1 INVITE", b"CSeq: 99999999999999999999 INVITE"),
        whole.replace(b"INVITE", b"X" * 3000),
        whole.replace(b"Max-Forwards: 70", b"Max-Forwards: -70"),
        whole.replace(b"Via:", b"Via: a,b,c\r\nVia:"),
        whole.replace(b"<sip:100@127.0.0.1>", b'"' * 500),
        whole.replace(b"sip:101@", b"tel:%s" * 500),
        whole.replace(b"\r\n", b"\n"),
        b"INVITE " + b"A" * 60_000 + b"\r\n\r\n",
    ]
    for _ in range(100):
        start = chance.randrange(len(whole))
        made.append(whole[:start] + chance.randbytes(chance.randrange(1, 20)) + whole[start + chance.randrange(30) :])
        made.append(whole[:start])
    return made


def send_udp(place: Place, packets: list[bytes]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in packets:
            sender.sendto(packet, (place.host, place.udp))


async def send_streams(place: Place, packets: list[bytes]) -> None:
    """Each on a TCP connection of its own, to SIP and to the web server that carries browsers' SIP."""
    for packet in packets:
        for port in (place.tcp, place.tls, place.ws, place.wss):
            _, writer = await asyncio.open_connection(place.host, port)
            writer.write(packet)
            writer.close()


@pytest.mark.fault
@pytest.mark.usefixtures("scripts")
async def test_nonsense_does_not_disturb_calls(asterisk: Asterisk, desk: Desk) -> None:
    anna, ben = await desk.phone("100", hears_hz=440), await desk.phone("101", hears_hz=600, transport="tcp")
    call = await anna.call("101")
    rung = await ben.rings()
    await rung.answer()
    await call.answered()
    pid = asterisk.pid
    for seed in range(5):
        packets = rubbish(seed)
        await asyncio.to_thread(send_udp, asterisk.place, packets)
        await send_streams(asterisk.place, packets[:40])
        call.audio.forget()
        rung.audio.forget()
        assert await call.audio.hears(600)
        assert await rung.audio.hears(440)
    assert not await asyncio.to_thread(asterisk.thread_spins)
    await rung.hang_up()
    assert await call.ended() == "them"
    again = await anna.call("101")
    await (await ben.rings()).answer()
    await again.answered()
    assert asterisk.pid == pid
    assert asterisk.is_alive


@pytest.mark.fault
@pytest.mark.usefixtures("scripts")
async def test_a_flood_of_wrong_secrets_lets_calls_through(asterisk: Asterisk, desk: Desk) -> None:
    anna, ben = await desk.phone("100"), await desk.phone("101")
    liars = [await desk.phone(user, password="wrong", register=False) for user in ("100", "102", "999") * 5]
    flood = [asyncio.gather(*(liar.register() for liar in liars)) for _ in range(4)]
    call = await anna.call("101")
    await (await ben.rings()).answer()
    await call.answered()
    for responses in await asyncio.gather(*flood):
        assert {response.status for response in responses} == {401}
    assert asterisk.is_alive
