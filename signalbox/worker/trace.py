"""The SIP trace: raw HEP packets from Asterisk appended to segment files of bounded number and size.

Nothing is looked into here, so that a message costs microseconds. When the disk is short the trace stops first.
"""

import asyncio
import errno
import logging
import os
import shutil
import socket
from io import FileIO
from pathlib import Path

from signalbox.engine.hep import MAX_PACKET, framed, trace_segments
from signalbox.kernel.operator import explained

SEGMENTS = 8
_BURST = 256
_GATHER_S = 0.02  # what a default receive buffer holds at 200 calls a second
_RECEIVE_BUFFER = 8 * 1024 * 1024
_log = logging.getLogger(__name__)


class TraceCollector:
    """Receive on ``port`` of loopback and keep the newest ``limit`` bytes in ``folder``."""

    def __init__(self, folder: Path, port: int, limit: int, min_free: int) -> None:
        self._folder = folder
        self._port = port
        self._segment_size = max(limit // SEGMENTS, MAX_PACKET)
        self._min_free = min_free
        self._file: FileIO | None = None
        self._written = 0
        self._socket: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.is_paused = False

    def start(self) -> None:
        """Bind and begin; call within a running loop. Raises ``OperatorError`` when the port cannot be had."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        receiver.setblocking(False)
        try:
            receiver.bind(("127.0.0.1", self._port))
        except OSError as error:
            receiver.close()
            raise explained(error, f"worker, UDP port {self._port} of the SIP trace") from error
        self._socket = receiver
        asyncio.get_running_loop().add_reader(receiver, self._wake)

    def stop(self) -> None:
        """Stop receiving and close the segment."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        if self._file is not None:
            self._file.close()
            self._file = None

    def _wake(self) -> None:
        """Collect for a moment instead of waking for each message, then go back to sleep when nothing comes."""
        assert self._socket is not None
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._socket)
        self._timer = loop.call_later(_GATHER_S, self._drain)

    def _drain(self) -> None:
        assert self._socket is not None
        loop = asyncio.get_running_loop()
        received: list[bytes] = []
        try:
            for _ in range(_BURST):
                received.append(framed(self._socket.recv(MAX_PACKET)))  # noqa: PERF401  ends by BlockingIOError
        except BlockingIOError:
            pass
        if received:
            self._append(b"".join(received))
            self._timer = loop.call_later(0 if len(received) == _BURST else _GATHER_S, self._drain)
        else:
            self._timer = None
            loop.add_reader(self._socket, self._wake)

    def _append(self, block: bytes) -> None:
        try:
            if self._file is None:
                self._open_segment()
            self._write(block)
        except OSError as error:
            if not self.is_paused:
                _log.error("trace_write_failed error=%s", error)
            self.is_paused = True
            return
        self.is_paused = False
        if self._written >= self._segment_size:
            self._close_segment()  # the next packet opens another

    def _write(self, block: bytes) -> None:
        """Write all of ``block`` or nothing: behind half a packet nothing in the segment could be read."""
        assert self._file is not None
        done = 0
        try:
            done = self._file.write(block)
            if done < len(block):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            self._file.truncate(self._written)
            raise
        self._written += done

    def _close_segment(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open_segment(self) -> None:
        files = trace_segments(self._folder)
        for old in files[: max(0, len(files) - SEGMENTS + 1)]:
            old.unlink(missing_ok=True)
        number = int(files[-1].stem) + 1 if files else 1
        self._file = (self._folder / f"{number:08d}.hep").open("ab", buffering=0)
        self._written = 0

    def guard_disk(self) -> None:
        """Drop the oldest segments while free space is below the guard; called by the worker every few seconds."""
        for old in trace_segments(self._folder)[:-1]:
            if shutil.disk_usage(self._folder).free >= self._min_free:
                return
            old.unlink(missing_ok=True)
            _log.warning("trace_segment_dropped file=%s reason=disk_short", old.name)
