"""The reader of the event log: every line once, in order, whatever is cut, rotated or torn."""

import json
from pathlib import Path

import pytest

from signalbox.engine.eventlog import LogReader, Position, lines_with, parse_line, rotate


def _line(number: int) -> bytes:
    return (
        json.dumps({"eventtype": "ANSWER", "eventtime": 1000.0 + number, "uniqueid": f"n1-{number}"}).encode() + b"\n"
    )


def _drain(reader: LogReader) -> list[bytes]:
    lines: list[bytes] = []
    while (chunk := reader.read()) is not None:
        lines += chunk.lines
        reader.accept(chunk)
    return lines


def test_lines_arrive_once_whatever_the_cut(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    content = b"".join(_line(n) for n in range(4))
    for cut in range(len(content) + 1):
        log.write_bytes(content[:cut])
        reader = LogReader(log, Position())
        first = _drain(reader)
        with log.open("ab") as appended:
            appended.write(content[cut:])
        assert first + _drain(reader) == content.splitlines()


def test_reading_goes_on_over_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    reader = LogReader(log, Position())
    log.write_bytes(_line(0) + _line(1))
    assert len(_drain(reader)) == 2
    with log.open("ab") as appended:
        appended.write(_line(2))
    assert rotate(log, at_size=10) == tmp_path / "events-000001.jsonl"
    log.write_bytes(_line(3))
    assert _drain(reader) == [_line(2).strip(), _line(3).strip()]
    assert rotate(log, at_size=10) == tmp_path / "events-000002.jsonl"


def test_a_new_reader_goes_on_where_the_old_one_was_durable(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_bytes(_line(0) + _line(1))
    reader = LogReader(log, Position(), chunk=len(_line(0)) + 5)
    chunk = reader.read()
    assert chunk is not None
    assert reader.read() == chunk, "not accepted yet"
    reader.accept(chunk)
    assert _drain(LogReader(log, reader.position)) == [_line(1).strip()]


@pytest.mark.parametrize("torn", [1, 10, 30])
def test_a_line_after_a_torn_one_is_salvaged(torn: int) -> None:
    mark = b'{"event": "ENGINE_EXITED", "at": 5.5}'
    event = parse_line(_line(1)[:torn] + mark)
    assert event is not None
    assert (event.event, event.when) == ("ENGINE_EXITED", 5.5)


def test_rubbish_is_no_event() -> None:
    assert parse_line(b"\x00\xff rubbish") is None
    assert parse_line(b"[1,2]") is None


def test_an_endless_line_is_skipped_not_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_bytes(b"x" * 200_000 + b"\n" + _line(7))
    reader = LogReader(log, Position(), chunk=70_000)
    assert _drain(reader)[-1] == _line(7).strip()


def test_the_lines_of_a_call_are_found_across_segments(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_bytes(_line(1) + _line(2))
    rotate(log, at_size=1)
    log.write_bytes(_line(1) + _line(3))
    assert list(lines_with(log, [b'"n1-1"'], 1000, 1010)) == [_line(1).strip()] * 2
    assert list(lines_with(log, [b'"n1-1"'], 5000, 5010)) == []
