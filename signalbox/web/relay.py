"""The one connection of this process to the exchange, and the board that it brings, handed on to every console."""

import asyncio
import logging
from collections import deque
from pathlib import Path

import msgspec

from signalbox.kernel.clock import Clock, SystemClock
from signalbox.kernel.link import LinkClient, LinkDownError, LinkError
from signalbox.kernel.tasks import TaskSet
from signalbox.live.model import Snapshot
from signalbox.web.boardview import Audience, BoardView, OutOfStepError

MAX_WAITING = 1024 * 1024
"""Characters of deltas that may wait for one console; the transport holds 64 KiB more."""

PROBE_S = 1.0
PROBE_ANSWER_S = 1.5
_MAX_EARLY = 1000
_log = logging.getLogger(__name__)


class _Subscribed(msgspec.Struct):
    snapshot: Snapshot


class Console:
    """What waits to be sent to one console. A snapshot is made when it is sent, so that it never waits as text."""

    def __init__(self, audience: Audience, session: str) -> None:
        self.audience = audience
        self.session = session
        self.is_slow = False
        self.is_following = False
        self.has_ended = False
        self._wants_snapshot = False
        self._waiting: deque[str] = deque()
        self._size = 0
        self._wake = asyncio.Event()

    def want_snapshot(self) -> None:
        """Start anew: what waits is in the snapshot."""
        self.is_following = self._wants_snapshot = True
        self._waiting.clear()
        self._size = 0
        self._wake.set()

    def offer(self, text: str) -> None:
        """Add a delta; a console that has ``MAX_WAITING`` unread is marked slow, gets no more, and will be closed."""
        if self._wants_snapshot or self.is_slow:
            return
        self.is_following = True
        self._waiting.append(text)
        self._size += len(text)
        if self._size > MAX_WAITING:
            self.is_slow = True
            self._waiting.clear()
        self._wake.set()

    def end(self) -> None:
        """Close this console: its session is over."""
        self.has_ended = True
        self._wake.set()

    async def next(self, view: "Relay") -> str:
        """Wait for the next message and take it; empty when the console is slow or has ended."""
        while not (self._wants_snapshot or self._waiting or self.has_ended or self.is_slow):
            self._wake.clear()
            await self._wake.wait()
        if self.has_ended or self.is_slow:
            return ""
        if self._wants_snapshot:
            self._wants_snapshot = False
            return view.board.snapshot(self.audience)
        text = self._waiting.popleft()
        self._size -= len(text)
        return text


class Relay:
    """Keep the link up, the board in step, and every console told; ``link`` is for everyone's requests."""

    def __init__(self, socket: Path, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self.link = LinkClient(socket, on_push=self._pushed, on_up=self._connected, on_down=self._lost)
        self.board = BoardView.unknown(self._clock)
        self.consoles: set[Console] = set()
        self._in_step = False
        self._is_away = True
        self._early: list[bytes] | None = None
        self._tasks = TaskSet()

    async def start(self) -> None:
        """Begin connecting and watching."""
        await self.link.start()
        self._tasks.start(self._watch(), "board watch")

    async def stop(self) -> None:
        """Close the link; consoles are the server's to close."""
        await self._tasks.stop()
        await self.link.stop()

    def now_ms(self) -> int:
        """The time as the board tells it."""
        return int(self._clock.now().timestamp() * 1000)

    def follow(self, console: Console, epoch: str = "", seq: int = -1) -> None:
        """Answer a console's ``subscribe`` or ``resume`` and keep it told."""
        missing = self.board.since(epoch, seq, console.audience) if self._in_step and epoch else None
        if missing is None:
            console.want_snapshot()
            return
        console.is_following = True
        for text in missing:
            console.offer(text)

    def tenant_of_call(self, call_id: str) -> int | None:
        """Whose call in progress it is; ``None`` when there is none. Raises ``LinkDownError`` while nobody knows."""
        if not self._in_step:
            raise LinkDownError("the board is not in step")
        return self.board.tenant_of_call(call_id)

    def end_session(self, session: str) -> None:
        """Close the consoles of a session that was signed out here; other processes find out when they check."""
        for console in self.consoles:
            if console.session == session:
                console.end()

    async def _watch(self) -> None:
        """Ask the exchange for a sign of life: one that hangs keeps its connection, and would look alive for ever."""
        while True:
            await asyncio.sleep(PROBE_S)
            if not self.link.is_up:
                continue
            try:
                await self.link.request("status", timeout_s=PROBE_ANSWER_S)
                if not self._in_step and self._early is None:
                    await self._subscribe()
            except LinkDownError:
                self._lost()
            except LinkError as error:
                _log.warning("exchange_status_refused error=%s", error)

    async def _connected(self) -> None:
        await self._subscribe()

    async def _subscribe(self) -> None:
        self._in_step = False
        early: list[bytes] = []
        self._early = early
        try:
            answer = await self.link.request("board.subscribe", {}, result=_Subscribed)
        except (LinkError, LinkDownError, msgspec.ValidationError) as error:
            _log.info("board_not_ready error=%s", error)  # the watch asks again
            return
        finally:
            self._early = None
        self.board = BoardView(answer.snapshot, self._clock)
        self._in_step = True
        self._is_away = False
        for raw in early:  # pushed while the answer was on its way: some are in the snapshot already
            self._fold(raw)
        for console in self.consoles:
            if console.is_following:
                console.want_snapshot()

    def _lost(self) -> None:
        self._in_step = False
        if self._is_away:
            return
        self._is_away = True
        _log.warning("exchange_away")
        self.board.lost("the exchange does not answer")
        for console in self.consoles:
            if console.is_following:
                console.want_snapshot()

    def _pushed(self, topic: str, body: msgspec.Raw) -> None:
        if topic != "board":
            return
        if self._early is not None:
            self._early.append(bytes(body))
            del self._early[_MAX_EARLY:]
        elif self._in_step:
            self._fold(bytes(body))

    def _fold(self, raw: bytes) -> None:
        if not self._in_step:
            return
        try:
            if not self.board.fold(raw):
                return
        except (OutOfStepError, msgspec.DecodeError) as error:
            _log.warning("board_out_of_step error=%r", error)
            self._in_step = False  # the watch subscribes again; consoles keep what they have until then
            return
        for console in self.consoles:
            if console.is_following:
                console.offer(self.board.latest(console.audience))
