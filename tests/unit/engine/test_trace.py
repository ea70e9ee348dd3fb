"""The trace collector: every packet kept in order, bounded in number and size, stopped by a full disk alone."""

import asyncio
import socket
from pathlib import Path

import pytest

from bench.platform import free_ports
from signalbox.engine.hep import packets, trace_segments
from signalbox.kernel.operator import OperatorError
from signalbox.worker.trace import SEGMENTS, TraceCollector


async def _until(predicate: object, within_s: float = 5.0) -> None:
    assert callable(predicate)
    async with asyncio.timeout(within_s):
        while not predicate():  # noqa: ASYNC110  the file system sends no events
            await asyncio.sleep(0.01)


def _kept(folder: Path) -> list[bytes]:
    return [packet for file in trace_segments(folder) for packet in packets(file.read_bytes())]


async def test_packets_are_kept_in_order_and_the_oldest_make_room(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    collector = TraceCollector(tmp_path, port, limit=SEGMENTS * 70_000, min_free=0)
    collector.start()
    sent = [f"{number:06d}".encode() * 200 for number in range(1500)]
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for start in range(0, len(sent), 50):
                for packet in sent[start : start + 50]:
                    sender.sendto(packet, ("127.0.0.1", port))
                await _until(lambda last=sent[start + 49]: _kept(tmp_path)[-1:] == [last])
    finally:
        collector.stop()
    kept = _kept(tmp_path)
    assert kept == sent[-len(kept) :]
    assert 400 < len(kept) < 1000, "eight segments of 70 kB, each one burst too long at most"
    assert len(trace_segments(tmp_path)) <= SEGMENTS


async def test_a_short_disk_costs_the_oldest_segments(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"{number:08d}.hep").write_bytes(b"x")
    TraceCollector(tmp_path, 1, limit=1, min_free=2**62).guard_disk()
    assert [file.stem for file in trace_segments(tmp_path)] == ["00000003"]


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
        with pytest.raises(OperatorError, match=str(port)):
            TraceCollector(tmp_path, port, limit=1, min_free=0).start()
