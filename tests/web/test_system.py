"""Status, connection, health, hanging up, the audio check."""

import asyncio

import httpx
import pytest

from signalbox.settings import Settings
from signalbox.web.addresses import own_host
from tests.web.exchange import FakeExchange, call


async def board_is_there(admin: httpx.AsyncClient) -> None:
    """Wait until the web has the exchange's board."""
    for _ in range(500):
        if (await admin.get("/api/v1/status")).json()["engine"]["up"]:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the board never came")


async def test_status_of_a_running_system(exchange: FakeExchange, admin: httpx.AsyncClient) -> None:
    await board_is_there(admin)
    found = (await admin.get("/api/v1/status")).json()
    told = {"ami": "live", "published": 3, "calls": 0, "pid": 42, "problems": [], "journal_problem": ""}
    assert found["exchange"] == {"up": True, **told}
    assert found["engine"] == {"up": True, "version": "22.10.1", "published": 3, "problem": ""}
    assert found["store"]["up"]
    assert not found["worker"]["up"]


async def test_status_answers_when_everything_else_is_away(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/api/v1/status")
    assert answer.status_code == 200
    assert not answer.json()["exchange"]["up"]
    assert answer.json()["engine"]["problem"]


async def test_hanging_up_a_call(exchange: FakeExchange, admin: httpx.AsyncClient) -> None:
    await board_is_there(admin)
    exchange.move(calls=(call("n1-17.1"),))
    await admin.get("/api/v1/status")  # answered over the same link, so the delta has come before
    answer = await admin.post("/api/v1/calls/n1-17.1/hangup")
    assert (answer.status_code, answer.json()) == (200, {"channels": 2})
    assert exchange.hung_up == ["n1-17.1"]


async def test_a_call_that_is_not_there(exchange: FakeExchange, admin: httpx.AsyncClient) -> None:
    await board_is_there(admin)
    answer = await admin.post("/api/v1/calls/nothing/hangup")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert exchange.hung_up == []


async def test_without_an_exchange_nothing_can_be_hung_up(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/v1/calls/n1-1.1/hangup")
    assert (answer.status_code, answer.json()["code"]) == (503, "engine_unavailable")
    assert answer.headers["retry-after"]


async def test_how_to_connect(admin: httpx.AsyncClient, settings: Settings) -> None:
    found = (await admin.get("/api/v1/system/connection")).json()
    assert found["sip"] == {"host": "testserver", "udp": 5060, "tcp": 5060, "tls": 5061}
    assert found["wss_url"] == f"wss://testserver:{settings.sip.wss_port}/ws"
    assert found["ws_url"] == f"ws://localhost:{settings.sip.ws_port}/ws"
    assert {"number": "*43", "what": "Echo test"} in found["dial"]


async def test_a_phone_is_never_told_to_call_itself(admin: httpx.AsyncClient, settings: Settings) -> None:
    found = (await admin.get("/api/v1/system/connection", headers={"Host": "localhost:8080"})).json()
    assert found["sip"]["host"] == own_host(settings)
    assert found["wss_url"] == f"wss://localhost:{settings.sip.wss_port}/ws", "the browser is on this machine"


async def test_the_audio_check_answers_without_an_exchange(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/api/v1/checks/audio")
    assert answer.status_code == 200
    assert answer.json()["looked_at_phones"] is False


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_needs_no_sign_in(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 200


async def test_not_ready_without_a_store(client: httpx.AsyncClient, settings: Settings) -> None:
    settings.paths.store_file.write_bytes(b"this is not a database" * 100)
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["store"]) == (503, False)
    assert (await client.get("/healthz")).status_code == 200
