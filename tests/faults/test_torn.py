"""What a full disk cuts short: the event log and the SIP trace stay readable behind it."""

import socket
from pathlib import Path

import pytest

from signalbox.engine import cel, hep
from signalbox.worker.retention import TornEnd
from signalbox.worker.trace import TraceCollector
from tests.faults.disk import fill, small_disk
from tests.faults.house import until

pytestmark = pytest.mark.fault
RECORD = b'"CHAN_START","1.0","n1-1.0","n1-1.0","PJSIP/100-1","","","","","","","","1",""\n'


@pytest.mark.parametrize("cut", range(1, len(RECORD)))
def test_the_record_after_a_torn_one_is_read(tmp_path: Path, cut: int) -> None:
    log = tmp_path / "events.log"
    log.write_bytes(RECORD + RECORD[:cut])
    end = TornEnd(log)
    end.look()
    assert log.read_bytes() == RECORD + RECORD[:cut], "it may still grow"
    end.look()
    with log.open("ab") as opened:
        opened.write(RECORD)
    end.look()
    end.look()
    records, _ = cel.split(log.read_bytes())
    assert [cel.parse(record) is not None for record in records] == [True, cut == len(RECORD) - 1, True]


def test_a_whole_log_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "events.log"
    end = TornEnd(log)
    end.look()
    assert not log.exists()
    log.write_bytes(RECORD)
    for _ in range(3):
        end.look()
    assert log.read_bytes() == RECORD


async def test_the_trace_goes_on_behind_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "trace", "64k") as folder, socket.socket(type=socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        port = phone.getsockname()[1]
        phone.close()
        trace = TraceCollector(folder, port, 8 * hep.MAX_PACKET, 0)
        trace.start()
        try:
            with socket.socket(type=socket.SOCK_DGRAM) as asterisk:
                asterisk.connect(("127.0.0.1", port))
                packets = [bytes([65 + number]) * 1500 for number in range(3)]
                asterisk.send(packets[0])
                await until(lambda: kept(folder, packets[:1]), "the first packet")
                filling = fill(folder)
                await until(lambda: refuses(trace, asterisk, packets[1]), "a refused packet")
                filling.unlink()
                asterisk.send(packets[2])
                await until(lambda: has_last(folder, packets[2]), "a packet after the full disk")
                assert set(written(folder)[1:-1]) <= {packets[1]}
                assert not trace.is_paused
        finally:
            trace.stop()


def written(folder: Path) -> list[bytes]:
    return [packet for file in hep.trace_segments(folder) for packet in hep.packets(file.read_bytes())]


async def kept(folder: Path, packets: list[bytes]) -> bool:
    return written(folder) == packets


async def has_last(folder: Path, packet: bytes) -> bool:
    return written(folder)[-1:] == [packet]


async def refuses(trace: TraceCollector, asterisk: socket.socket, packet: bytes) -> bool:
    """Send until one found no room."""
    asterisk.send(packet)
    return trace.is_paused
