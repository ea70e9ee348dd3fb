"""The two listeners: loopback alone without TLS, limits on the head of a request, a stop that ends."""

import asyncio
import socket

import httpx
import pytest

from signalbox.kernel.operator import OperatorError
from signalbox.settings import Settings
from signalbox.web import protocol
from signalbox.web.process import serve
from tests.web import server


async def answer_to(port: int, *pieces: bytes, within_s: float = 5.0) -> bytes:
    """Send ``pieces`` and read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(within_s):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_plain_http_is_for_this_machine_alone(settings: Settings) -> None:
    async with server.running(settings):
        with socket.socket() as probe:  # every address of loopback but the first is as far as another machine
            assert probe.connect_ex(("127.0.0.2", settings.web.http_port)) != 0
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://{server.plain(settings)}/healthz")).status_code == 200


async def test_a_head_that_never_ends_is_refused(settings: Settings) -> None:
    async with server.running(settings):
        lines = [b"GET / HTTP/1.1\r\nHost: x\r\n", *(b"X-%d: %s\r\n" % (n, b"y" * 1000) for n in range(200))]
        assert (await answer_to(settings.web.http_port, *lines))[:12] in (b"HTTP/1.1 431", b"")


@pytest.mark.parametrize("size", [40_000, 3_000_000])
async def test_a_head_that_is_too_long_is_refused(settings: Settings, size: int) -> None:
    async with server.running(settings):
        head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nCookie: " + b"y" * size + b"\r\n\r\n"
        assert (await answer_to(settings.web.http_port, head))[:12] in (b"HTTP/1.1 431", b"HTTP/1.1 400", b"")


async def test_a_head_that_comes_too_slowly_is_dropped(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_S", 0.2)
    async with server.running(settings):
        assert await answer_to(settings.web.http_port, b"GET / HT") == b""
        assert await answer_to(settings.web.http_port) == b""


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00", b"\x00" * 100, b"GET\r\n\r\n", b"SSH-2.0-x\r\n"])
async def test_what_is_not_http_is_refused(
    settings: Settings, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with server.running(settings):
        assert (await answer_to(settings.web.http_port, garbage, b"\r\n\r\n"))[:12] in (b"HTTP/1.1 400", b"")
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://{server.plain(settings)}/healthz")).status_code == 200
    assert "Traceback" not in caplog.text


async def test_a_taken_port_is_named(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", settings.web.http_port)), pytest.raises(OperatorError) as refused:
        await serve(settings, asyncio.Event())
    assert str(settings.web.http_port) in refused.value.problem


async def test_it_stops_while_connections_are_open(settings: Settings) -> None:
    async with asyncio.timeout(10):
        async with server.running(settings), server.signed_in(settings) as client:
            idle = [await asyncio.open_connection("127.0.0.1", settings.web.http_port) for _ in range(5)]
            socket_ = await server.console(settings, client)
            await socket_.send('{"type": "subscribe"}')
        await socket_.wait_closed()
        assert socket_.close_code == 1012
        for _, writer in idle:
            writer.close()
