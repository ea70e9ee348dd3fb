"""Alarms: which there are, from when on, and that the status brings them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import update

from signalbox.live.model import EngineView
from signalbox.settings import Retention, Settings
from signalbox.store import Scope, Store
from signalbox.store.tables import ChangeSet
from signalbox.web import certificates
from signalbox.web.alarms import Alarm, ExchangeView, Machine, StoreView, WorkerView, alarms
from signalbox.web.application import create_app
from tests.web.conftest import client_of, started, with_session
from tests.web.exchange import FakeExchange
from tests.web.test_system import board_is_there

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WELL: dict[str, Any] = {
    "engine": EngineView(up=True),
    "exchange": ExchangeView(up=True, published=7),
    "worker": WorkerView(up=True),
    "store": StoreView(True, "sqlite", 7),
    "machine": Machine(certificate_ends_at=NOW + timedelta(days=31)),
    "waiting_since": None,
}
FULL = "steps.jsonl cannot be written: No space left on device; 3 entries lost so far"


def found(**parts: Any) -> list[Alarm]:
    return alarms(**(WELL | parts), now=NOW)


def test_when_all_is_well_there_is_none() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        ({"store": StoreView(False, "sqlite", problem="gone")}, ["problem store_away"]),
        ({"engine": EngineView(problem="gone")}, ["problem engine_away"]),
        ({"worker": WorkerView()}, ["problem worker_away"]),
        # Of the engine only the exchange can tell.
        ({"exchange": ExchangeView(), "engine": EngineView()}, ["problem exchange_away"]),
        ({"worker": WorkerView(up=True, disk_short=True)}, ["problem disk_short"]),
        ({"machine": Machine(disk_short=True), "worker": WorkerView()}, ["problem worker_away", "problem disk_short"]),
        ({"worker": WorkerView(up=True, trace_paused=True)}, ["warning trace_paused"]),
        (
            {"exchange": ExchangeView(up=True, problems=(FULL, "other"), journal_problem=FULL)},
            ["problem journal_failing", "warning exchange_problem"],
        ),
        ({"waiting_since": NOW - timedelta(seconds=5)}, []),
        ({"waiting_since": NOW - timedelta(seconds=5.1)}, ["problem publish_behind"]),
        ({"machine": Machine(certificate_ends_at=NOW + timedelta(days=30))}, ["warning certificate_ending"]),
        ({"machine": Machine(certificate_ends_at=NOW)}, ["problem certificate_ending"]),
    ],
)
def test_an_alarm(parts: dict[str, Any], wanted: list[str]) -> None:
    assert [f"{alarm.severity} {alarm.code}" for alarm in found(**parts)] == wanted
    assert all(alarm.detail for alarm in found(**parts))


async def codes(client: httpx.AsyncClient) -> list[str]:
    answer = await client.get("/api/v1/status")
    assert answer.status_code == 200
    return [alarm["code"] for alarm in answer.json()["alarms"]]


async def test_the_status_names_parts_that_are_away(admin: httpx.AsyncClient) -> None:
    assert await codes(admin) == ["exchange_away", "worker_away"]


async def test_what_is_not_in_force_is_an_alarm_after_a_while(
    exchange: FakeExchange, admin: httpx.AsyncClient, store: Store
) -> None:
    await board_is_there(admin)
    for _ in range(5):  # the exchange says that it has published up to 3
        assert (await admin.post("/api/v1/extensions", json={})).status_code == 201
    assert await codes(admin) == ["worker_away"]
    everything = Scope.everything("a test of time going by")
    async with store.session(everything, write=True) as session:
        await session.execute(
            update(ChangeSet).where(ChangeSet.id <= 4).values(at=store.clock.now() - timedelta(seconds=6))
        )
    assert await codes(admin) == ["worker_away", "publish_behind"]
    exchange.published = 5
    assert await codes(admin) == ["worker_away"]


async def test_a_journal_that_fails_is_told(exchange: FakeExchange, admin: httpx.AsyncClient) -> None:
    await board_is_there(admin)
    exchange.journal_problem = FULL
    assert await codes(admin) == ["worker_away", "journal_failing"]


async def test_certificate_and_disk(settings: Settings, store: Store) -> None:
    settings.paths.server_cert.unlink()
    assert certificates.ensure(settings, datetime.now(UTC) - timedelta(days=380))
    small = msgspec.structs.replace(settings, retention=Retention(min_free_mb=10**9))
    application = create_app(small, store)
    async with started(application), client_of(application) as client:
        found = await codes(with_session(client))
    assert set(found) == {"exchange_away", "worker_away", "disk_short", "certificate_ending"}
