"""What Asterisk does not remember of a running call: since when, what was dialled, when it was answered.

The calls on the board are kept in a small file, so that an exchange that was killed shows them as before when it is
back. It is a convenience: a file that is missing, old, damaged or cannot be written costs exact instants, no more.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from signalbox.live.model import CallView

EVERY_S = 0.5

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[CallView, ...]).decode


class Memory:
    """Read the calls of a predecessor, and write those of this process each second while they change."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._written = b""

    def read(self) -> tuple[CallView, ...]:
        """Give the calls as they were when last written."""
        try:
            return _decode(self._file.read_bytes())
        except (OSError, msgspec.DecodeError):
            return ()

    async def run(self, calls: Callable[[], tuple[CallView, ...]]) -> None:
        """Write what ``calls`` gives, for ever."""
        while True:
            await asyncio.sleep(EVERY_S)
            content = _encode(calls())
            if content == self._written:
                continue
            self._written = content
            try:
                await asyncio.to_thread(self._write, content)
            except OSError as error:
                _log.debug("memory_not_written file=%s error=%s", self._file, error)

    def _write(self, content: bytes) -> None:
        draft = self._file.with_suffix(".new")
        draft.write_bytes(content)
        draft.replace(self._file)
