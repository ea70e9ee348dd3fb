"""The durable event log: Asterisk's CEL events and our marks, read by offset over rotated segments.

Asterisk and the supervisor only append; nothing here writes events. A record cut short by a crash is skipped, never
fatal. The text form is in ``cel``.
"""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from signalbox.engine import cel

_log = logging.getLogger(__name__)
MAX_RECORD = 64 * 1024


class LoggedEvent(msgspec.Struct, frozen=True):
    """One CEL event in the order of ``cel.FIELDS``, or a mark of our supervisor (``event`` and ``at``, the rest empty).

    ``eventtime`` and ``at`` are seconds since the epoch. ``extra`` is JSON text whose keys depend on the event.
    """

    event: str = ""
    at: float = 0.0
    eventtype: str = ""
    eventtime: float = 0.0
    uniqueid: str = ""
    linkedid: str = ""
    channame: str = ""
    cidname: str = ""
    cidnum: str = ""
    exten: str = ""
    context: str = ""
    appname: str = ""
    appdata: str = ""
    peer: str = ""
    tenantid: str = ""
    extra: str = ""

    @property
    def when(self) -> float:
        return self.eventtime or self.at


_decode_mark = msgspec.json.Decoder(LoggedEvent).decode


def parse_record(record: bytes) -> LoggedEvent | None:
    """Read one record; one cut by a crash, or rubbish, is ``None``."""
    try:
        if record.startswith(b"{"):
            return _decode_mark(record)
        found = cel.values(record)
        return None if found is None else LoggedEvent("", 0.0, found[0], float(found[1]), *found[2:])
    except (msgspec.DecodeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader stands: the inode of a segment and the offset of the next unread record in it."""

    inode: int = 0
    offset: int = 0


def segments(log: Path) -> list[Path]:
    """List the log's files, oldest first: rotated ones (``events-000001.jsonl``), then the one being written."""
    rotated = sorted(log.parent.glob(f"{log.stem}-[0-9]*{log.suffix}"))
    return [*rotated, log] if log.exists() else rotated


Split = Callable[[bytes], tuple[list[bytes], int]]
"""Take the complete records from the front of a block; the second value is how many bytes they are."""


def split_lines(block: bytes) -> tuple[list[bytes], int]:
    """Split a log whose records are lines."""
    end = block.rfind(b"\n") + 1
    return [line for line in block[:end].split(b"\n") if line], end


@dataclass(frozen=True, slots=True)
class Chunk:
    """Complete records read in one go and the position after them."""

    records: list[bytes]
    after: Position


class LogReader:
    """Read complete records after a position, in order, across rotation."""

    def __init__(self, log: Path, position: Position, chunk: int = 1024 * 1024, split: Split = cel.split) -> None:
        self._log = log
        self._chunk = chunk
        self._split = split
        self.position = position
        self.is_level = False
        """Whether the last read came to the end of what had been written."""

    def read(self) -> Chunk | None:
        """Return the next records, or ``None`` when there is nothing new; ``accept`` moves the position."""
        files = segments(self._log)
        index = self._index(files)
        self.is_level = True
        while index < len(files):
            position = self.position if index == self._known(files) else Position(files[index].stat().st_ino, 0)
            chunk = self._read_file(files[index], position)
            if chunk is not None:
                return chunk
            index += 1
        return None

    def accept(self, chunk: Chunk) -> None:
        """Go on after ``chunk``: its records are dealt with and that fact is durable."""
        self.position = chunk.after

    def _known(self, files: list[Path]) -> int | None:
        for index, file in enumerate(files):
            if file.stat().st_ino == self.position.inode:
                return index
        return None

    def _index(self, files: list[Path]) -> int:
        known = self._known(files)
        if known is None and self.position.inode:
            _log.warning("event_log_segment_gone inode=%d", self.position.inode)
        return known or 0

    def _read_file(self, file: Path, position: Position) -> Chunk | None:
        with file.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            offset = position.offset if position.offset <= size else 0
            opened.seek(offset)
            block = opened.read(self._chunk)
        self.is_level = len(block) < self._chunk and offset + len(block) == size
        records, end = self._split(block)
        if end == 0 and len(block) >= MAX_RECORD:
            _log.warning("event_log_record_too_long file=%s offset=%d", file.name, offset)
            return Chunk([], Position(position.inode, offset + len(block)))
        if end == 0:
            return None
        return Chunk(records, Position(position.inode, offset + end))


def rotate(log: Path, at_size: int) -> Path | None:
    """Rename the log when it has grown past ``at_size`` bytes; Asterisk opens the new file with its next event."""
    if not log.exists() or log.stat().st_size < at_size:
        return None
    rotated = segments(log)[:-1]
    last = int(rotated[-1].stem.rpartition("-")[2]) if rotated else 0
    target = log.with_name(f"{log.stem}-{last + 1:06d}{log.suffix}")
    log.rename(target)
    return target


def events_with(log: Path, needles: list[bytes], since: float, until: float) -> Iterator[LoggedEvent]:
    """Scan for events that contain one of ``needles``, between two instants (seconds since the epoch), oldest first."""
    for file in segments(log):
        if file.stat().st_mtime < since - 1:
            continue
        for record in cel.split(file.read_bytes())[0]:
            if not any(needle in record for needle in needles):
                continue
            event = parse_record(record)
            if event is not None and since - 60 <= event.when <= until + 60:
                yield event
