"""The first call over UDP, end to end: two phones, the board, the record, the ladder; all as ``make run`` runs it."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from bench.platform import Platform
from tests.engine.asterisk import until
from tests.engine.phones import Phone, Place

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def system() -> Iterator[Platform]:
    folder = Path(tempfile.mkdtemp(prefix="sb-whole-"))
    folder.chmod(0o755)
    platform = Platform(folder / "data")
    try:
        platform.start()
        yield platform
    finally:
        platform.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def administrator(system: Platform) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{system.console}/api/v1") as client:
        answer = await client.post("/session", json={"username": "admin", "password": system.password})
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        yield client


class Board:
    """The board as a browser keeps it: snapshot, then deltas."""

    def __init__(self) -> None:
        self.lines: dict[str, dict[str, Any]] = {}
        self.seen: list[tuple[str, str]] = []

    async def follow(self, socket: websockets.ClientConnection) -> None:
        async for text in socket:
            message = json.loads(text)
            for line in message.get("lines", ()):
                self.lines[line["extension"]] = line
                self.seen.append((line["extension"], line["state"]))


@pytest.mark.requirement("PBX-GEN-01")
async def test_two_phones_the_board_the_record_and_the_ladder(
    system: Platform, administrator: httpx.AsyncClient
) -> None:
    place = Place(udp=system.settings.sip.udp_port)
    board = Board()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in administrator.cookies.jar)
    headers = {"Cookie": cookies, "Origin": system.console}
    address = f"{system.console.replace('http', 'ws')}/api/v1/board"
    async with websockets.connect(address, additional_headers=headers) as socket, asyncio.TaskGroup() as group:
        await socket.send('{"type": "subscribe"}')
        following = group.create_task(board.follow(socket))
        async with (
            Phone(place, "100", system.secret("100"), hears_hz=440) as alice,
            Phone(place, "101", system.secret("101"), hears_hz=660) as bob,
        ):
            assert [(await alice.register()).status, (await bob.register()).status] == [200, 200]
            call = await alice.call("101")
            rung = await bob.rings()
            assert (rung.caller_name, rung.caller_number) == ("Alice", "100")
            await until(lambda: ("101", "ringing") in board.seen, "101 rings on the board")
            await rung.answer()
            await call.answered()
            assert await call.audio.hears(660)
            assert await rung.audio.hears(440)
            await until(lambda: board.lines["100"]["state"] == "in_call", "100 talks on the board")
            assert board.lines["100"]["peers"] == ["Bob"]
            live = await administrator.get(f"/calls/{board.lines['100']['call_id']}/ladder")
            assert live.json()["live"] is True
            await call.hang_up()
            await until(lambda: board.lines["101"]["state"] == "idle", "101 is idle on the board")
        following.cancel()

    record = await _the_record(administrator)
    assert (record["from_number"], record["to_number"], record["disposition"]) == ("100", "101", "answered")
    ladder = await _the_ladder(administrator, record["call_id"])
    sip = [(row["from"], row["to"], row["text"]) for row in ladder["rows"] if row["kind"] == "sip"]
    caller, engine, _, callee = [each["id"] for each in ladder["participants"]]
    assert [each["label"] for each in ladder["participants"]] == ["100", "Asterisk", "Call script", "101"]
    for message in [
        (caller, engine, "INVITE"),
        (engine, caller, "401 Unauthorized"),
        (engine, callee, "INVITE"),
        (callee, engine, "200 OK"),
        (caller, engine, "BYE"),
        (engine, callee, "BYE"),
    ]:
        assert message in sip
    steps = [(row["text"], row["rule"]) for row in ladder["rows"] if row["kind"] == "step"]
    assert ("rings 101, 101-web for 30 s", "ring time of the extension") in steps
    assert 'response="***"' in json.dumps(ladder).replace('\\"', '"'), "digest answers are masked"
    assert [row["at_ms"] for row in ladder["rows"]] == sorted(row["at_ms"] for row in ladder["rows"])


async def _the_record(administrator: httpx.AsyncClient) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            found = (await administrator.get("/call-records")).json()
            if found["total"]:
                assert found["total"] == 1
                record: dict[str, Any] = found["items"][0]
                return record
            await asyncio.sleep(0.1)


async def _the_ladder(administrator: httpx.AsyncClient, call_id: str) -> dict[str, Any]:
    """The script's journal is a file of its own, so its steps may be imported a moment after the record."""
    async with asyncio.timeout(10):
        while True:
            found: dict[str, Any] = (await administrator.get(f"/calls/{call_id}/ladder")).json()
            if any(row["kind"] == "step" for row in found["rows"]):
                return found
            await asyncio.sleep(0.1)
