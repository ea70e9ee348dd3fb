"""When the exchange publishes: asked, after a loss, and when the store has moved on by itself."""

import asyncio

import pytest

from signalbox.exchange import publishing as publishing_module
from signalbox.exchange.publishing import NotPublishedError, Publishing
from tests.engine.asterisk import until


class Store:
    """A configuration whose version tests move."""

    def __init__(self) -> None:
        self.version = 1
        self.published = 0
        self.attempts = 0
        self.opened = 0
        self.failure: NotPublishedError | None = None
        self.is_closed = False

    async def open(self) -> "Store":
        self.opened += 1
        await asyncio.sleep(0)
        return self

    async def newest(self) -> int:
        return self.version

    async def publish(self) -> int:
        self.attempts += 1
        if self.failure is not None:
            raise self.failure
        self.published = self.version
        return self.version

    async def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(publishing_module, "POLL_S", 0.01)
    return Store()


def made(store: Store, version: int = 0) -> tuple[Publishing, list[int]]:
    told: list[int] = []

    async def on_change() -> None:
        told.append(publishing.version)

    publishing = Publishing(version, store.open, on_change)
    return publishing, told


async def test_requests_at_the_same_time_open_the_store_once(store: Store) -> None:
    publishing, told = made(store)
    assert await asyncio.gather(*(publishing.publish() for _ in range(5))) == [1] * 5
    assert store.opened == 1
    assert told == [1] * 5
    await publishing.close()
    assert store.is_closed


async def test_a_change_that_nobody_announced_is_published(store: Store) -> None:
    publishing, told = made(store, version=1)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(publishing.run())
        await asyncio.sleep(0.05)
        assert store.attempts == 0  # nothing is new
        store.version = 7
        await until(lambda: store.published == 7, "version 7")
        running.cancel()
    assert publishing.version == 7
    assert told[-1] == 7


async def test_asking_publishes_although_nothing_is_new(store: Store) -> None:
    publishing, _ = made(store, version=1)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(publishing.run())
        publishing.ask()
        await until(lambda: store.attempts == 1, "an attempt")
        running.cancel()


async def test_a_failure_is_named_repeated_and_forgotten(store: Store) -> None:
    store.failure = NotPublishedError("publish_failed", "the disk is full")
    publishing, told = made(store)
    with pytest.raises(NotPublishedError):
        await publishing.publish()
    assert publishing.problem == "the disk is full"
    assert told == [0]
    async with asyncio.TaskGroup() as group:
        running = group.create_task(publishing.run())
        await until(lambda: store.attempts >= 3, "more attempts")
        store.failure = None
        await until(lambda: publishing.version == 1, "version 1")
        running.cancel()
    assert publishing.problem == ""
