"""The journal of call scripts: one line in ``steps.jsonl`` for each that ended. Importing and rotating is the worker's.

Lines are written in a thread, a few at a time, so that a slow disk delays no call. When the disk takes no more, the
newest ``MAX_WAITING`` wait in memory and older ones are lost, counted, and named in the exchange's status.
"""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import msgspec

MAX_WAITING = 10_000
PAUSE_S = 0.1
RETRY_S = 1.0

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class Journal:
    """Take records without blocking; ``run`` writes them until it is cancelled, then the rest."""

    def __init__(self, file: Path) -> None:
        self.problem = ""
        self.lost = 0
        self._file = file
        self._waiting: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._is_torn = False

    def add(self, record: msgspec.Struct) -> None:
        """Keep one record to be written soon."""
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(_encode(record))
        self._wake.set()

    async def run(self) -> None:
        """Write what was added, for ever."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                await asyncio.sleep(RETRY_S if self.problem else PAUSE_S)  # lines gather: a burst is one write
                await self._flush()
        finally:
            self._write_rest()

    async def _flush(self) -> None:
        lines = tuple(self._waiting)
        if not lines:
            return
        try:
            done = await asyncio.to_thread(self._write, lines)
        except OSError as error:
            if not self.problem:
                _log.error("journal_not_written file=%s error=%s", self._file, error)
            self.problem = f"{self._file.name} cannot be written: {error.strerror}; {self.lost} entries lost so far"
            self._wake.set()
            return
        for line in lines[:done]:  # some may have been dropped meanwhile to make room
            if self._waiting and self._waiting[0] is line:
                self._waiting.popleft()
        if done < len(lines):
            self._wake.set()
        else:
            self.problem = ""

    def _write_rest(self) -> None:
        try:
            self._write(tuple(self._waiting))
        except OSError as error:
            _log.error("journal_lost entries=%d error=%s", len(self._waiting), error)

    def _write(self, lines: Sequence[bytes]) -> int:
        """Append lines and give how many are whole in the file: a full disk takes a part.

        The file is opened anew each time: the worker rotates it by renaming.
        """
        if not lines:
            return 0
        content = b"\n".join(lines) + b"\n"
        if self._is_torn:
            content = b"\n" + content
        handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        try:
            written = content[: os.write(handle, content)]
        finally:
            os.close(handle)
        whole = written.count(b"\n") - self._is_torn
        self._is_torn = not written.endswith(b"\n")
        return max(whole, 0)
