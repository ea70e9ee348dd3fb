"""Keep Asterisk's own logs bounded. A flood of refused registrations writes a line each."""

import logging
import os
import shutil
from pathlib import Path

MOST_BYTES = 16 * 1024 * 1024
FILES = ("messages.log", "security.log")

_log = logging.getLogger(__name__)


def bound(folder: Path, most_bytes: int = MOST_BYTES) -> None:
    """Keep each log and one older copy of it, of about ``most_bytes`` each. Blocking.

    Copied and emptied in place: Asterisk keeps its files open, and appends. What it writes between the copy and the
    cut, some microseconds, is lost.
    """
    for name in FILES:
        file = folder / name
        if file.exists() and file.stat().st_size > most_bytes:
            shutil.copyfile(file, folder / f"{name}.1")
            os.truncate(file, 0)
            _log.info("engine_log_cut file=%s", name)
