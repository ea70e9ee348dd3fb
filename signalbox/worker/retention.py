"""Keep the logs bounded and readable: rotate what grows, drop the oldest that is imported, end torn records."""

import contextlib
import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from signalbox.engine.eventlog import Position, rotate, segments

SEGMENTS = 8
_log = logging.getLogger(__name__)


class LogGuard:
    """Watch one log of at most ``limit`` bytes, on a disk that must keep ``min_free`` bytes free."""

    def __init__(self, log: Path, limit: int, min_free: int) -> None:
        self._log = log
        self._limit = limit
        self._min_free = min_free

    def run(self, position: Position) -> None:
        """Rotate and drop; a segment that is not imported up to its end is never dropped."""
        rotate(self._log, self._limit // SEGMENTS)
        files = segments(self._log)
        sizes: Mapping[Path, int] = {file: file.stat().st_size for file in files}
        total = sum(sizes.values())
        for file in files[:-1]:
            if file.stat().st_ino == position.inode:
                return
            if total <= self._limit and not self.is_disk_short:
                return
            file.unlink(missing_ok=True)
            total -= sizes[file]
            _log.info("log_segment_dropped file=%s", file.name)

    @property
    def is_disk_short(self) -> bool:
        """Tell whether less than ``min_free`` is left, which the status page shows as an alarm."""
        return shutil.disk_usage(self._log.parent).free < self._min_free


class TornEnd:
    """End the record that a full disk cut short: the next one would be joined to it, and both lost."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._size = 0
        self._whole = 0

    def look(self) -> None:
        """Write the line feed that is missing, once nothing was added since the last look."""
        with contextlib.suppress(OSError):  # no log yet, or still no room: the next look tries again
            size = self._log.stat().st_size
            is_quiet, self._size = size == self._size, size
            if is_quiet and size not in (0, self._whole):
                self._end()

    def _end(self) -> None:
        handle = os.open(self._log, os.O_RDWR | os.O_APPEND)
        try:
            last = os.pread(handle, 2, max(self._size - 2, 0))
            if not last.endswith(b"\n"):
                # A quote alone does not look like a record's start, and would be taken for the end of the one before.
                os.write(handle, b"TORN\n" if last == b'\n"' else b"\n")
                _log.warning("torn_record_ended file=%s offset=%d", self._log.name, self._size)
            else:
                self._whole = self._size
        finally:
            os.close(handle)
