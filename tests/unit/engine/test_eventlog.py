"""The reader of the event log: every record once, in order, whatever is cut, rotated or torn."""

from pathlib import Path

from signalbox.engine.cel import FIELDS
from signalbox.engine.eventlog import LogReader, Position, events_with, parse_record, rotate

MARK = b'{"event": "ENGINE_EXITED", "at": 5.5}'


def _record(number: int, name: str = 'A "quoted"\nname') -> bytes:
    values = {"eventtype": "ANSWER", "eventtime": f"{1000 + number}.5", "uniqueid": f"n1-{number}", "cidname": name}
    return ",".join('"' + values.get(field, "").replace('"', '""') + '"' for field in FIELDS).encode()


def _log_of(*records: bytes) -> bytes:
    return b"".join(record + b"\n" for record in records)


def _drain(reader: LogReader) -> list[bytes]:
    records: list[bytes] = []
    while (chunk := reader.read()) is not None:
        records += chunk.records
        reader.accept(chunk)
    return records


def test_records_arrive_once_whatever_the_cut(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    records = [_record(0), MARK, _record(1), _record(2)]
    content = _log_of(*records)
    for cut in range(len(content) + 1):
        log.write_bytes(content[:cut])
        reader = LogReader(log, Position())
        first = _drain(reader)
        with log.open("ab") as appended:
            appended.write(content[cut:])
        assert first + _drain(reader) == records, cut


def test_reading_goes_on_over_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    reader = LogReader(log, Position())
    log.write_bytes(_log_of(_record(0), _record(1)))
    assert len(_drain(reader)) == 2
    with log.open("ab") as appended:
        appended.write(_log_of(_record(2)))
    assert rotate(log, at_size=10) == tmp_path / "events-000001.jsonl"
    log.write_bytes(_log_of(_record(3)))
    assert _drain(reader) == [_record(2), _record(3)]
    assert rotate(log, at_size=10) == tmp_path / "events-000002.jsonl"


def test_a_new_reader_goes_on_where_the_old_one_was_durable(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_bytes(_log_of(_record(0), _record(1)))
    reader = LogReader(log, Position(), chunk=len(_record(0)) + 5)
    chunk = reader.read()
    assert chunk is not None
    assert reader.read() == chunk, "not accepted yet"
    reader.accept(chunk)
    assert _drain(LogReader(log, reader.position)) == [_record(1)]


def test_a_record_torn_by_a_crash_costs_only_itself(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    for torn in range(1, len(_record(1))):
        log.write_bytes(_record(1)[:torn] + b"\n" + _log_of(MARK, _record(2)))
        events = [parse_record(record) for record in _drain(LogReader(log, Position()))]
        good = [event for event in events if event is not None]
        assert [(event.event or event.uniqueid) for event in good] == ["ENGINE_EXITED", "n1-2"], torn


def test_rubbish_is_no_event() -> None:
    assert parse_record(b"\x00\xff rubbish") is None
    assert parse_record(b"{not json}") is None
    assert parse_record(_record(1).replace(b"1001.5", b"soon")) is None


def test_an_endless_record_is_skipped_not_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_bytes(b"x" * 200_000 + b"\n" + _log_of(_record(7)))
    assert _drain(LogReader(log, Position(), chunk=70_000))[-1] == _record(7)


def test_the_events_of_a_call_are_found_across_segments(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_bytes(_log_of(_record(1), _record(2)))
    rotate(log, at_size=1)
    log.write_bytes(_log_of(_record(1), _record(3)))
    assert [event.uniqueid for event in events_with(log, [b'"n1-1"'], 1000, 1010)] == ["n1-1"] * 2
    assert list(events_with(log, [b'"n1-1"'], 5000, 5010)) == []
