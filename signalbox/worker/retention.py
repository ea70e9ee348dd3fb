"""Keep the logs bounded: rotate what grows, drop the oldest that is imported, stop short of a full disk."""

import logging
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
