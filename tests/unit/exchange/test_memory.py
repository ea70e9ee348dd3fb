"""What is remembered of running calls, and what a damaged memory costs: nothing."""

import asyncio
from pathlib import Path

import pytest

from signalbox.exchange import memory as memory_module
from signalbox.exchange.memory import Memory
from signalbox.live.model import CallView, Leg, LegState
from tests.engine.asterisk import until

CALL = CallView(
    call_id="n1-1.1",
    tenant=1,
    started_ms=1,
    answered_ms=2,
    dialled="101",
    legs=(Leg(channel_id="n1-1.1", extension="100", number="100", name="Anna", state=LegState.HELD, since_ms=3),),
)


async def test_what_was_written_is_read_by_a_successor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_module, "EVERY_S", 0.01)
    file = tmp_path / "calls.json"
    calls: tuple[CallView, ...] = (CALL,)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(Memory(file).run(lambda: calls))
        await until(lambda: Memory(file).read() == (CALL,), "the call")
        calls = ()
        await until(lambda: Memory(file).read() == (), "no call")
        running.cancel()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'[{"call_id": 1}]'])
def test_a_damaged_memory_is_empty(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "calls.json"
    file.write_bytes(content)
    assert Memory(file).read() == ()


async def test_a_disk_that_takes_nothing_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_module, "EVERY_S", 0.01)
    file = tmp_path / "gone" / "calls.json"
    asked = 0

    def calls() -> tuple[CallView, ...]:
        nonlocal asked
        asked += 1
        return (CALL,) * asked

    async with asyncio.TaskGroup() as group:
        running = group.create_task(Memory(file).run(calls))
        await until(lambda: asked > 2, "more than two attempts")
        running.cancel()
    assert not file.exists()
