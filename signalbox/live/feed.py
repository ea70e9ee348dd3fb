"""Tell subscribers of the board what changed: numbered deltas on a tick, encoded once, with a bounded memory.

Nobody listening costs nothing: changes gather in the board, and the next subscriber's snapshot has them. A resume that
is older than the memory, or of another epoch, gets a snapshot.
"""

import asyncio
from collections import deque
from typing import Protocol

import msgspec

from signalbox.kernel.clock import Clock
from signalbox.live.fold import Board, Changes
from signalbox.live.model import Delta, EngineView, Snapshot

TICK_S = 0.025
KEPT_DELTAS = 2400  # a minute of a busy board
KEPT_BYTES = 16 * 1024 * 1024

_encode = msgspec.json.Encoder().encode
_NOTHING = Changes((), (), (), ())


class Audience(Protocol):
    """Who receives: whether anybody does, and how a delta gets there."""

    def is_empty(self) -> bool: ...

    def send(self, delta: bytes) -> None: ...


class Subscription(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to a subscriber: the deltas it missed, or everything."""

    resumed: bool
    snapshot: Snapshot | None = None
    deltas: tuple[msgspec.Raw, ...] = ()


class Feed:
    """Number the board's changes within one ``epoch``, which begins with each start of the process."""

    def __init__(self, board: Board, clock: Clock, epoch: str, audience: Audience) -> None:
        self.engine = EngineView()
        self._board = board
        self._clock = clock
        self._epoch = epoch
        self._audience = audience
        self._seq = 0
        self._told_engine = self.engine
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._next_at = 0.0

    def touch(self) -> None:
        """Say that something may have changed; it is told in this turn of the loop, or a tick after the last time."""
        if self._timer is None and not self._audience.is_empty():
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(self._next_at - loop.time(), 0.0), self._tick)

    def set_engine(self, engine: EngineView) -> None:
        """Say how the engine is."""
        self.engine = engine
        self.touch()

    def subscribe(self, epoch: str = "", seq: int = -1) -> Subscription:
        """Give what a subscriber at ``seq`` of ``epoch`` needs to be where the board is now.

        Deltas sent from the next moment on continue it: nothing may be awaited before the answer is written.
        """
        self.tell()
        missing = self._seq - seq
        if epoch == self._epoch and 0 <= missing <= len(self._kept):
            late = list(self._kept)[len(self._kept) - missing :]
            return Subscription(resumed=True, deltas=tuple([msgspec.Raw(delta) for delta in late]))
        return Subscription(resumed=False, snapshot=self.snapshot())

    def snapshot(self) -> Snapshot:
        """Show everything as of the last delta."""
        return Snapshot(
            epoch=self._epoch,
            seq=self._seq,
            at_ms=self._now_ms(),
            engine=self._told_engine,
            lines=tuple(self._board.shown_lines.values()),
            calls=tuple(self._board.shown_calls.values()),
        )

    def stop(self) -> None:
        """Send nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        self._next_at = asyncio.get_running_loop().time() + TICK_S
        self.tell()

    def tell(self) -> None:
        """Number and send what changed up to now, without waiting for the tick."""
        changes = self._board.changes()
        engine = self.engine if self.engine != self._told_engine else None
        if changes is None and engine is None:
            return
        changes = changes or _NOTHING
        self._told_engine = self.engine
        self._seq += 1
        delta = Delta(
            epoch=self._epoch,
            seq=self._seq,
            at_ms=self._now_ms(),
            lines=changes.lines,
            lines_gone=changes.lines_gone,
            calls=changes.calls,
            calls_gone=changes.calls_gone,
            engine=engine,
        )
        encoded = _encode(delta)
        self._keep(encoded)
        self._audience.send(encoded)

    def _keep(self, delta: bytes) -> None:
        self._kept.append(delta)
        self._kept_bytes += len(delta)
        while len(self._kept) > KEPT_DELTAS or self._kept_bytes > KEPT_BYTES:
            self._kept_bytes -= len(self._kept.popleft())

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)
