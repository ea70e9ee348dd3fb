"""The feed: numbers, ticks, resuming, and its bounds."""

import asyncio

import msgspec
import pytest

from signalbox.engine.ami.events import ContactSeen
from signalbox.kernel.clock import SystemClock
from signalbox.live import feed as feed_module
from signalbox.live.feed import Feed
from signalbox.live.fold import Board
from signalbox.live.lines import LineSpec
from signalbox.live.model import Delta, EngineView


class Readers:
    """An audience of ``count``."""

    def __init__(self, count: int = 1) -> None:
        self.count = count
        self.got: list[Delta] = []
        self.news = asyncio.Event()

    def is_empty(self) -> bool:
        return self.count == 0

    def send(self, delta: bytes) -> None:
        self.got.append(msgspec.json.decode(delta, type=Delta))
        self.news.set()


def made(count: int = 1) -> tuple[Board, Feed, Readers]:
    board, readers = Board(), Readers(count)
    board.set_lines([LineSpec(1, str(n), "", (str(n),)) for n in range(100, 110)], 0)
    feed = Feed(board, SystemClock(), "epoch", readers)
    feed.tell()
    readers.got.clear()
    readers.news.clear()
    return board, feed, readers


def registers(board: Board, feed: Feed, number: int, usable: bool = True) -> None:
    board.apply(ContactSeen(str(number), "sip:x", usable, 1))
    feed.touch()


async def test_what_changes_within_a_tick_is_one_delta() -> None:
    board, feed, readers = made()
    for number in (100, 101, 102):
        registers(board, feed, number)
    async with asyncio.timeout(1):
        await readers.news.wait()
    (delta,) = readers.got
    assert {line.extension for line in delta.lines} == {"100", "101", "102"}
    feed.stop()


async def test_what_came_and_went_within_a_tick_is_not_told() -> None:
    board, feed, readers = made()
    registers(board, feed, 100)
    registers(board, feed, 100, usable=False)
    feed.set_engine(EngineView(up=True))
    feed.tell()
    feed.tell()
    (delta,) = readers.got
    assert delta.engine == EngineView(up=True)
    assert [line.contacts for line in delta.lines] in ([], [0])


async def test_nothing_is_sent_while_nobody_listens_and_nothing_is_lost() -> None:
    board, feed, readers = made(0)
    registers(board, feed, 100)
    await asyncio.sleep(2 * feed_module.TICK_S)
    assert readers.got == []
    answer = feed.subscribe()
    assert answer.snapshot is not None
    assert [line.contacts for line in answer.snapshot.lines if line.extension == "100"] == [1]


async def test_resuming_gives_what_was_missed() -> None:
    board, feed, _ = made()
    first = feed.subscribe().snapshot
    assert first is not None
    for number in (100, 101, 102):
        registers(board, feed, number)
        feed.tell()
    answer = feed.subscribe(first.epoch, first.seq + 1)
    assert answer.resumed
    assert answer.snapshot is None
    deltas = [msgspec.json.decode(delta, type=Delta) for delta in answer.deltas]
    assert [delta.seq for delta in deltas] == [first.seq + 2, first.seq + 3]
    up_to_date = feed.subscribe(first.epoch, first.seq + 3)
    assert up_to_date.resumed
    assert up_to_date.deltas == ()
    feed.stop()


@pytest.mark.parametrize(("epoch", "seq"), [("other", 1), ("epoch", 0), ("epoch", 10_000), ("epoch", -5), ("", -1)])
async def test_who_cannot_resume_gets_a_snapshot(epoch: str, seq: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "KEPT_DELTAS", 2)
    board, feed, _ = made()
    for number in (100, 101, 102):
        registers(board, feed, number)
        feed.tell()
    answer = feed.subscribe(epoch, seq)
    assert not answer.resumed
    assert answer.snapshot is not None
    feed.stop()


async def test_the_memory_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "KEPT_BYTES", 600)
    board, feed, _ = made()
    for number in (100, 101, 102, 103, 104):
        registers(board, feed, number)
        feed.tell()
    assert not feed.subscribe("epoch", 1).resumed
    assert feed.subscribe("epoch", 5).resumed
    feed.stop()
