"""Rubbish and half messages at every door of a running system: good calls go on, nothing ends, hangs or spins."""

import asyncio
import contextlib
import os
import random
import shutil
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest

from tests.engine.phones import Phone
from tests.faults.house import BUSY, House, hear_each_other, patience, scripted_again, tell, until

pytestmark = pytest.mark.fault
PROCESSES = ("asterisk", "exchange", "worker", "web")
MOST_LOGGED = 400_000
TICKS = os.sysconf("SC_CLK_TCK")


def framed(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


def pieces(chance: random.Random) -> dict[str, bytes]:
    """Give what no door expects; none of it ends as a message should."""
    return {
        "nothing": b"",
        "noise": chance.randbytes(4096),
        "nul": bytes(4096),
        "long line": b"A" * 1_000_000,
        "lines": b"x: y\r\n" * 20_000,
        "half agi": b"agi_network: yes\nagi_request: agi://127.0.0.1/call\nagi_chan",
        "empty agi": b"\n\n",
        "agi answers": b"200 result=0\n" * 50,
        "odd agi": b"agi_network: yes\nagi_request: agi://x/../../y\nagi_uniqueid: \xff\xfe\nagi_arg_1: ${X}\n\n",
        "half ami": b"Action: Login\r\nUsername: signalbox\r\nSec",
        "ami guess": b"Action: Login\r\nUsername: signalbox\r\nSecret: x\r\n\r\n",
        "ami no action": b"Foo: bar\r\n\r\nAction: Ping\r\n\r\nAction:\r\n\r\n",
        "endless frame": struct.pack(">I", 0xFFFFFFFF) + b"{",
        "half frame": struct.pack(">I", 1000) + b'{"id":1',
        "no json": framed(b"\xff\xff\xff"),
        "odd json": framed(b'{"id":"x","op":[],"args":7}'),
        "deep json": framed(b'{"id":1,"op":"status","args":' + b"[" * 5000 + b"]" * 5000 + b"}"),
        "odd operation": framed(b'{"id":1,"op":"no.such"}')
        + framed(b'{"id":2,"op":"call.hangup","args":{"call_id":7}}'),
        "half http": b"GET /api/v1/status HTTP/1.1\r\nHost: loc",
        "odd http": b"GET \x00 HTTP/9.9\r\n\r\n",
        "endless http": b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{",
        "chunked http": b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "half ws": b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key:",
        "half tls": bytes.fromhex("1603010200010001fc0303") + chance.randbytes(40),
        "sip": b"INVITE sip:101@x SIP/2.0\r\nVia: ",
    }


class Doors:
    """Every port and socket of a system; connections stay open until the end."""

    def __init__(self, house: House) -> None:
        settings = house.settings
        engine, sip, web, paths = settings.engine, settings.sip, settings.web, settings.paths
        self.tcp = {
            "agi": engine.agi_port,
            "ami": engine.ami_port,
            "sip tcp": sip.tcp_port,
            "sip tls": sip.tls_port,
            "ws": sip.ws_port,
            "wss": sip.wss_port,
            "http": web.http_port,
            "https": web.https_port,
        }
        self.tls = ("sip tls", "wss", "https")
        self.sockets: dict[str, Path] = {
            "exchange": paths.exchange_socket,
            "worker": paths.worker_socket,
            "supervisor": paths.run / "supervisor.sock",
        }
        self.hep = engine.hep_port
        self._open: list[asyncio.StreamWriter] = []
        self._insecure = ssl.create_default_context()
        self._insecure.check_hostname = False
        self._insecure.verify_mode = ssl.CERT_NONE

    async def push(self, piece: bytes) -> None:
        """Send ``piece`` through every door, and inside TLS where there is TLS; leave the connections open."""
        for name, port in self.tcp.items():
            await self._send(asyncio.open_connection("127.0.0.1", port), piece)
            if name in self.tls:
                opening = asyncio.open_connection("127.0.0.1", port, ssl=self._insecure, ssl_shutdown_timeout=0.2)
                await self._send(opening, piece)
        for path in self.sockets.values():
            await self._send(asyncio.open_unix_connection(path), piece)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("127.0.0.1", self.hep)
        )
        transport.sendto(piece[:60_000])
        transport.sendto(b"HEP3" + struct.pack(">H", 60_000) + piece[:500])
        transport.close()

    async def _send(self, opening: Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]], piece: bytes) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(patience(1)):
                _, writer = await opening
                self._open.append(writer)
                writer.write(piece)
                await writer.drain()

    async def close(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def good_calls(house: House, caller: Phone) -> AsyncIterator[list[float]]:
    """Call the busy extension again and again; gives the seconds that each took to its end."""
    took: list[float] = []
    stopping = asyncio.Event()

    async def calling() -> None:
        while not stopping.is_set():
            began = time.monotonic()
            call = await caller.call(BUSY)
            assert await call.ended(patience(5)) == "486"
            took.append(time.monotonic() - began)
            await asyncio.sleep(0.1)

    task = asyncio.get_running_loop().create_task(calling())
    try:
        yield took
    finally:
        stopping.set()
        await task


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def logged(house: House) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in house.settings.paths.log.glob("*") if file.is_file()}


async def test_rubbish_at_every_door_disturbs_nobody(house: House) -> None:
    anna, ben, eva = [await house.phone(number) for number in ("100", "101", "104")]
    assert (await house.phone(BUSY)).is_busy
    call, rung = await house.talk(anna, ben)
    pids = {name: await house.pid(name) for name in PROCESSES}
    before = logged(house)
    began = time.time()
    doors = Doors(house)
    try:
        async with good_calls(house, eva) as took:
            for piece in pieces(random.Random(7)).values():
                await doors.push(piece)
            await hear_each_other(call, rung)
        assert (await house.status())["exchange"]["up"]
    finally:
        await doors.close()
    tell("rubbish at every door", calls=len(took), longest_s=round(max(took), 2))
    await asyncio.sleep(0.5)
    used = {name: cpu_s(pid) for name, pid in pids.items() if pid is not None}
    await asyncio.sleep(1.0)
    spinning = {name: cpu_s(pid) - used[name] for name, pid in pids.items() if pid is not None}
    assert max(spinning.values()) < 0.5, spinning

    await hear_each_other(call, rung)
    await call.hang_up()
    assert {name: await house.pid(name) for name in PROCESSES} == pids
    await until(lambda: has_steps(house, began, len(took)), "every call's script", patience(5))
    await house.records(1 + len(took))
    for name, content in logged(house).items():
        news = content[len(before.get(name, b"")) :]
        broken = [line for line in news.splitlines() if b"Traceback" in line or b'"exc_type"' in line]
        assert not broken, f"{name}: {broken[0].decode('utf-8', 'replace')[:2000]}"
        assert len(news) < MOST_LOGGED, f"{name}: {len(news)} bytes"


async def has_steps(house: House, since: float, count: int) -> bool:
    return len(house.steps(since)) >= count


async def test_a_thousand_idle_connections_to_the_scripts_port(house: House) -> None:
    eva, dov = await house.phone("104"), await house.phone(BUSY)
    assert dov.is_busy
    port, began = house.settings.engine.agi_port, time.time()
    ends: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    try:
        async with good_calls(house, eva) as took:
            ends += [await asyncio.open_connection("127.0.0.1", port) for _ in range(1000)]
            assert (await house.status())["exchange"]["up"]
            async with asyncio.timeout(patience(5)):
                assert set(await asyncio.gather(*(reader.read() for reader, _ in ends))) == {b""}
    finally:
        for _, writer in ends:
            writer.transport.abort()
    tell("1000 idle AGI connections", calls=len(took), longest_s=round(max(took), 2))
    await until(lambda: has_steps(house, began, len(took)), "every call's script", patience(5))
    await house.records(len(took))


async def test_damaged_rules_and_a_crash_loop_leave_the_fallback(house: House) -> None:
    """The exchange dies at each start: phones call one another all the same, and the cure brings scripts back."""
    anna, ben, eva = [await house.phone(number) for number in ("100", "101", "104")]
    assert (await house.phone(BUSY)).is_busy
    call, rung = await house.talk(anna, ben)
    socket = house.settings.paths.exchange_socket
    before = await house.pid("exchange")
    await house.kill("exchange")
    socket.unlink(missing_ok=True)
    socket.mkdir()  # it cannot listen there
    (socket / "keep").touch()
    async with good_calls(house, eva) as took:
        await until(lambda: is_looping(house), "a second try", patience(10))
        await hear_each_other(call, rung)
    shutil.rmtree(socket)
    await until(lambda: house.is_back("exchange", before), "the exchange", patience(20))
    gap_s, calls = await scripted_again(house, eva, time.time())
    tell("crash loop", calls=len(took), longest_s=round(max(took), 2), scripted_s=round(gap_s, 2))
    await call.hang_up()
    await rung.ended()
    await house.records(1 + len(took) + calls)


async def is_looping(house: House) -> bool:
    return await house.restarts("exchange") >= 3
