"""The board's WebSocket over real sockets: who may open it, what it sends, what it does with bad clients."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from signalbox.live.model import LineState
from signalbox.settings import Settings
from signalbox.web import board
from tests.web import server
from tests.web.exchange import FakeExchange, call, line


@pytest.fixture
async def page(settings: Settings, exchange: FakeExchange) -> AsyncIterator[httpx.AsyncClient]:
    """A browser signed in at a running web process, with an exchange behind it."""
    exchange.move(line("100"), line("101"))
    async with server.running(settings), server.signed_in(settings) as client:
        yield client


async def closed_with(socket: ClientConnection) -> int:
    """Read until the server has closed."""
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.recv()
    assert socket.close_code is not None
    return socket.close_code


async def test_a_snapshot_then_every_delta(settings: Settings, page: httpx.AsyncClient, exchange: FakeExchange) -> None:
    async with server.console(settings, page) as socket:
        snapshot = await server.subscribed(socket)
        assert [each["extension"] for each in snapshot["lines"]] == ["100", "101"]
        assert snapshot["engine"]["version"] == "22.10.1"
        for number in range(1, 4):
            exchange.move(line("100", LineState.RINGING), calls=(call(f"c{number}"),))
        seqs = [(await server.message(socket))["seq"] for _ in range(3)]
        assert seqs == [snapshot["seq"] + each for each in (1, 2, 3)]


async def test_a_late_console_gets_what_the_others_were_told(
    settings: Settings, page: httpx.AsyncClient, exchange: FakeExchange
) -> None:
    async with server.console(settings, page) as early:
        await server.subscribed(early)
        exchange.move(line("100", LineState.IN_CALL), calls=(call("c1"), call("c2")))
        exchange.move(line("101", LineState.RINGING), gone=("c1",))
        await server.message_where(early, lambda found: found.get("seq") == exchange.seq)
        async with server.console(settings, page) as late:
            snapshot = await server.subscribed(late)
            assert {each["extension"]: each["state"] for each in snapshot["lines"]} == {
                "100": "in_call",
                "101": "ringing",
            }
            assert [each["call_id"] for each in snapshot["calls"]] == ["c2"]
            assert snapshot["seq"] == exchange.seq
    assert exchange.subscriptions == 1


async def test_resume_gives_what_was_missed(
    settings: Settings, page: httpx.AsyncClient, exchange: FakeExchange
) -> None:
    async with server.console(settings, page) as socket:
        snapshot = await server.subscribed(socket)
        for state in (LineState.RINGING, LineState.IN_CALL, LineState.IDLE):
            exchange.move(line("100", state))
        await server.message_where(socket, lambda found: found["seq"] == exchange.seq)
    async with server.console(settings, page) as socket:
        await socket.send(json.dumps({"type": "resume", "epoch": "e1", "seq": snapshot["seq"] + 1}))
        missed = [await server.message(socket) for _ in range(2)]
        assert [each["lines"][0]["state"] for each in missed] == ["in_call", "idle"]


@pytest.mark.parametrize(
    "position", [{"epoch": "e0", "seq": 1}, {"epoch": "e1", "seq": 999}, {"epoch": "e1", "seq": -5}]
)
async def test_resume_from_nowhere_gives_a_snapshot(
    settings: Settings, page: httpx.AsyncClient, position: dict[str, object]
) -> None:
    async with server.console(settings, page) as socket:
        await socket.send(json.dumps({"type": "resume", **position}))
        assert (await server.message(socket))["type"] == "snapshot"


async def test_a_quiet_board_gives_signs_of_life(settings: Settings, page: httpx.AsyncClient) -> None:
    async with server.console(settings, page) as socket:
        snapshot = await server.subscribed(socket)
        async with asyncio.timeout(3):
            beat = json.loads(await socket.recv())
        assert beat["type"] == "beat"
        assert beat["at_ms"] >= snapshot["at_ms"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
async def test_another_site_may_not_open_it(settings: Settings, page: httpx.AsyncClient, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with server.console(settings, page, origin=origin):
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("cookie", ["", "sb_session=forged", "sb_session=" + "x" * 4000])
async def test_nobody_may_open_it(settings: Settings, page: httpx.AsyncClient, cookie: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with server.console(settings, page, additional_headers={"Cookie": cookie}):
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "{",
        "[]",
        '{"type": "resume"}',
        '{"type": "resume", "epoch": 1, "seq": "x"}',
        '{"type": "explode"}',
        '{"type": "subscribe", "x": ' + "[" * 20000 + "]" * 20000 + "}",
        '{"type": "resume", "epoch": "\\ud800", "seq": 1}',
        b"\x00\x01",
    ],
)
async def test_a_malformed_message_closes_with_1008(
    settings: Settings, page: httpx.AsyncClient, bad: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with server.console(settings, page) as socket:
        await socket.send(bad)
        assert await closed_with(socket) == 1008
    assert "Traceback" not in caplog.text


async def test_a_huge_message_closes_with_1009(settings: Settings, page: httpx.AsyncClient) -> None:
    async with server.console(settings, page) as socket:
        with contextlib.suppress(ConnectionClosed):
            await socket.send("x" * 10_000_000)
        assert await closed_with(socket) == 1009


async def test_a_flood_of_messages_closes_with_1008(settings: Settings, page: httpx.AsyncClient) -> None:
    async with server.console(settings, page) as socket:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(10_000):
                await socket.send('{"type": "subscribe"}')
        assert await closed_with(socket) == 1008


async def test_signing_out_closes_it(settings: Settings, page: httpx.AsyncClient) -> None:
    async with server.console(settings, page) as socket:
        await server.subscribed(socket)
        assert (await page.delete("/api/v1/session")).status_code == 204
        assert await closed_with(socket) == 4401


async def test_an_exchange_that_goes_away_is_told_within_three_seconds(
    settings: Settings, page: httpx.AsyncClient, exchange: FakeExchange
) -> None:
    async with server.console(settings, page) as socket:
        await server.subscribed(socket)
        await exchange.stop()
        async with asyncio.timeout(3):
            away = await server.message(socket)
        assert (away["type"], away["engine"]["up"]) == ("snapshot", False)
        assert len(away["lines"]) == 2
        again = FakeExchange(settings.paths.exchange_socket, epoch="e2")
        again.lines["1/100"] = line("100", LineState.IN_CALL)
        await again.start()
        back = await server.message_where(socket, lambda found: found["engine"]["up"])
        assert (back["epoch"], [each["state"] for each in back["lines"]]) == ("e2", ["in_call"])
        again.move(line("100"))
        assert (await server.message(socket))["lines"][0]["state"] == "idle"
        await again.stop()


async def test_an_exchange_that_hangs_is_told_too(
    settings: Settings, page: httpx.AsyncClient, exchange: FakeExchange
) -> None:
    async with server.console(settings, page) as socket:
        await server.subscribed(socket)
        exchange.answers.clear()
        async with asyncio.timeout(3.5):
            assert not (await server.message(socket))["engine"]["up"]
        exchange.answers.set()
        exchange.move(line("100", LineState.RINGING))
        back = await server.message_where(socket, lambda found: found["engine"]["up"])
        assert back["lines"][0]["state"] == "ringing"


async def test_there_is_a_limit_of_consoles(
    settings: Settings, page: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "MAX_CONSOLES", 1)
    async with server.console(settings, page) as first:
        await server.subscribed(first)
        async with server.console(settings, page) as second:
            assert await closed_with(second) == 1013
    async with server.console(settings, page) as third:
        await server.subscribed(third)


async def test_without_an_exchange_the_board_says_so(settings: Settings) -> None:
    async with (
        server.running(settings),
        server.signed_in(settings) as client,
        server.console(settings, client) as socket,
    ):
        await socket.send('{"type": "subscribe"}')
        found = await server.message(socket)
        assert (found["lines"], found["engine"]["up"]) == ([], False)


async def test_a_gap_in_the_deltas_leads_to_a_fresh_snapshot(
    settings: Settings, page: httpx.AsyncClient, exchange: FakeExchange
) -> None:
    async with server.console(settings, page) as socket:
        await server.subscribed(socket)
        exchange.seq += 5
        exchange.move(line("101", LineState.ON_HOLD))
        found = await server.message_where(socket, lambda each: each["type"] == "snapshot")
        assert (found["seq"], found["lines"][1]["state"]) == (exchange.seq, "on_hold")


@pytest.mark.fault
async def test_a_console_that_does_not_read_is_dropped_and_the_others_go_on(
    settings: Settings, page: httpx.AsyncClient, exchange: FakeExchange, caplog: pytest.LogCaptureFixture
) -> None:
    long_line = line("1" * 60_000)
    async with server.console(settings, page) as good, server.console(settings, page) as stalled:
        await server.subscribed(good)
        await server.subscribed(stalled)
        stalled.transport.pause_reading()
        async with asyncio.timeout(20):
            while "console_slow" not in caplog.text:
                exchange.move(long_line)
                await server.message_where(good, lambda found: found["seq"] == exchange.seq)
        stalled.transport.resume_reading()
        assert await closed_with(stalled) in (1006, 1013)
        exchange.move(line("100", LineState.RINGING))
        assert (await server.message(good))["lines"][0]["state"] == "ringing"
