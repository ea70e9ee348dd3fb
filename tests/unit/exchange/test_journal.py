"""The journal of call scripts: whole lines, a full disk, a rotation."""

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from signalbox.exchange import journal as journal_module
from signalbox.exchange.journal import Journal
from tests.engine.asterisk import until


class Record(msgspec.Struct):
    call_id: str


def lines(file: Path) -> list[str]:
    found = file.read_bytes().split(b"\n") if file.exists() else []
    return [msgspec.json.decode(line, type=Record).call_id for line in found if line.endswith(b"}")]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "PAUSE_S", 0.01)
    monkeypatch.setattr(journal_module, "RETRY_S", 0.01)


async def during(journal: Journal, story: Callable[[], Awaitable[None]]) -> None:
    """Run the journal while ``story`` happens, then stop it."""
    async with asyncio.TaskGroup() as group:
        running = group.create_task(journal.run())
        await story()
        running.cancel()


async def test_lines_are_written_soon_and_after_a_rotation(tmp_path: Path, quick: None) -> None:
    file = tmp_path / "steps.jsonl"
    journal = Journal(file)

    async def story() -> None:
        journal.add(Record("1"))
        journal.add(Record("2"))
        await until(lambda: lines(file) == ["1", "2"], "two lines")
        file.rename(tmp_path / "steps-000001.jsonl")
        journal.add(Record("3"))
        await until(lambda: lines(file) == ["3"], "a line in the new file")

    await during(journal, story)
    assert lines(tmp_path / "steps-000001.jsonl") == ["1", "2"]


async def test_what_waits_is_written_when_it_stops(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "steps.jsonl")

    async def story() -> None:
        await asyncio.sleep(0)
        journal.add(Record("1"))

    await during(journal, story)
    assert lines(tmp_path / "steps.jsonl") == ["1"]


async def test_a_full_disk_is_named_and_nothing_is_lost_or_doubled_once_there_is_room(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "steps.jsonl"
    journal = Journal(file)
    room = 25
    write = os.write

    def small_disk(handle: int, content: bytes) -> int:
        nonlocal room
        if room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = write(handle, content[:room])
        room -= written
        return written

    async def story() -> None:
        nonlocal room
        for number in range(5):
            journal.add(Record(str(number)))
        await until(lambda: "No space left" in journal.problem, "the problem")
        room = 10_000
        await until(lambda: not journal.problem, "its end")

    monkeypatch.setattr(os, "write", small_disk)
    await during(journal, story)
    assert lines(file) == ["0", "1", "2", "3", "4"]
    assert journal.lost == 0


async def test_memory_is_bounded_and_the_loss_is_counted(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "MAX_WAITING", 3)
    folder = tmp_path / "gone"
    journal = Journal(folder / "steps.jsonl")

    async def story() -> None:
        for number in range(5):
            journal.add(Record(str(number)))
        await until(lambda: "2 entries lost" in journal.problem, "the problem")
        folder.mkdir()
        await until(lambda: not journal.problem, "its end")

    await during(journal, story)
    assert lines(folder / "steps.jsonl") == ["2", "3", "4"]
