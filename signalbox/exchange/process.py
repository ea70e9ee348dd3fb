"""The exchange: the one process that speaks AMI and AGI, put together from the engine, calls, live and the features.

It may be killed at any moment: calls go on in Asterisk, and a new one rebuilds itself from a snapshot. A successor may
start while this one drains: both listen on the same AGI port.
"""

import asyncio
import gc
import logging
import signal
from datetime import datetime
from typing import TYPE_CHECKING

from signalbox.calls.agi_call import run_session
from signalbox.calls.boundary import CallScripts
from signalbox.calls.call import Step
from signalbox.calls.destinations import Context, Kinds
from signalbox.calls.routing import Routing, RoutingError
from signalbox.engine.agi.server import AgiServer, AgiSession
from signalbox.engine.ami.codec import AmiMessage
from signalbox.engine.ami.link import AmiLink, LinkState
from signalbox.engine.configure.control import SECRET, USER
from signalbox.exchange.boardlink import BoardLink
from signalbox.exchange.journal import Journal
from signalbox.exchange.memory import Memory
from signalbox.exchange.operations import TOPIC, Operations
from signalbox.exchange.publishing import Configuration, Publishing
from signalbox.features import CALL_FEATURES
from signalbox.kernel.clock import Clock, SystemClock
from signalbox.kernel.link import LinkServer
from signalbox.kernel.secrets import Secrets
from signalbox.kernel.tasks import TaskSet
from signalbox.live.feed import Feed
from signalbox.live.fold import Board
from signalbox.live.lines import published_lines
from signalbox.live.model import CallView, EngineView
from signalbox.settings import Settings

if TYPE_CHECKING:
    from signalbox.exchange.configuration import StoreConfiguration

DRAIN_S = 1.0
"""A script decides in milliseconds; one that waits in a verb loses nothing, since the dialplan resumes it."""

_log = logging.getLogger(__name__)


class _Readers:
    """The board's audience: whoever subscribed on our socket."""

    def __init__(self) -> None:
        self.server: LinkServer | None = None

    def is_empty(self) -> bool:
        return self.server is None or not self.server.has_readers(TOPIC)

    def send(self, delta: bytes) -> None:
        if self.server is not None:
            self.server.push(TOPIC, delta)


class Exchange:
    """The parts of one process; ``start`` does not wait for Asterisk, which may take as long as it likes."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        paths = settings.paths
        paths.run.mkdir(parents=True, exist_ok=True, mode=0o700)
        paths.events.mkdir(parents=True, exist_ok=True)
        self._secrets = Secrets.open(paths.secrets)
        self._board = Board()
        self._memory = Memory(paths.run / "calls.json")
        readers = _Readers()
        self._feed = Feed(self._board, self._clock, _epoch(self._clock.now()), readers)
        self._board_link = BoardLink(self._board, self._feed, self._clock)
        self._ami = AmiLink(
            "127.0.0.1",
            settings.engine.ami_port,
            USER,
            self._secrets.text(SECRET),
            self._received,
            on_sync=self._board_link.sync,
            on_state=self._turned,
        )
        self._publishing = Publishing(0, self._open_configuration, self._published)
        self._journal = Journal(paths.steps_log)
        self._scripts: CallScripts | None = None
        self._routing: Routing | None = None
        self._lines_version = -1
        self._agi = AgiServer(settings.engine.agi_port, self._run_script)
        operations = Operations(
            self._ami,
            self._board,
            self._board_link,
            self._feed,
            self._publishing,
            steps_of=self._steps_of,
            scripts=lambda: self._agi.sessions,
            problems=self._problems,
            journal_problem=lambda: self._journal.problem,
        )
        self._link = readers.server = LinkServer(paths.exchange_socket, operations.handlers())
        self._tasks = TaskSet()

    async def start(self) -> None:
        """Listen for calls and for our own processes. Raises ``OSError`` when a port or the socket cannot be had."""
        if self._open_routing():
            await self._read_lines()
        self._board.restore(self._memory.read())
        await self._agi.start()
        await self._link.start()
        await self._ami.start()
        self._tasks.start(self._publishing.run(), "publishing")
        self._tasks.start(self._journal.run(), "journal")
        self._tasks.start(self._memory.run(self._calls_now), "memory")
        # What exists now lives as long as the process: the collector need not look at it again.
        gc.collect()
        gc.freeze()

    async def stop(self) -> None:
        """Stop in stages: no new calls, a moment for scripts that decide, then everything else."""
        self._agi.stop_listening()
        left = await self._agi.drain(DRAIN_S)
        await self._agi.stop()
        _log.info("exchange_stops scripts_left=%d", left)
        await self._link.stop()
        self._feed.stop()
        await self._tasks.stop()
        await self._ami.stop()
        if self._routing is not None:
            self._routing.close()
        await self._publishing.close()

    # Calls

    async def _run_script(self, session: AgiSession) -> None:
        """Run a caller's script; without anything published the dialplan's fallback takes the call at once."""
        if self._scripts is not None:
            await run_session(session, self._scripts, self._clock)

    def _open_routing(self) -> bool:
        if self._routing is None:
            try:
                self._routing = Routing.open(self._settings.paths.routing_db)
            except RoutingError as error:
                _log.warning("routing_not_open error=%s", error)
                return False
            context = Context(self._routing, self._settings.calls)
            self._scripts = CallScripts(Kinds(CALL_FEATURES), context, self._journal.add)
        return True

    def _steps_of(self, call_id: str) -> list[Step]:
        records = self._scripts.steps_of(call_id) if self._scripts is not None else []
        return [step for record in records for step in record.steps]

    # What is published

    async def _open_configuration(self) -> Configuration:
        kind = await asyncio.to_thread(_load_configuration)
        return kind(self._settings, self._secrets, self._clock, self._ami)

    async def _published(self) -> None:
        if self._open_routing() and self._publishing.version != self._lines_version:
            await self._read_lines()
        self._tell_engine()

    async def _read_lines(self) -> None:
        assert self._routing is not None
        version = self._routing.version
        specs = await asyncio.to_thread(published_lines, self._settings.paths.routing_db)
        self._board.set_lines(specs, self._now_ms())
        self._lines_version = self._publishing.version = version

    # The live picture

    def _calls_now(self) -> tuple[CallView, ...]:
        self._feed.tell()
        return tuple(self._board.shown_calls.values())

    def _received(self, message: AmiMessage) -> None:
        self._board_link.received(message)
        if self._board_link.take_broken():
            self._ami.rebuild()

    def _turned(self, state: LinkState) -> None:
        is_news = state is LinkState.LIVE or self._feed.engine.up
        _log.log(logging.INFO if is_news else logging.DEBUG, "ami_state state=%s", state.value)
        if state is LinkState.LIVE:
            self._publishing.ask()
        self._tell_engine()

    def _tell_engine(self) -> None:
        """Show how the engine is; runs after whatever may have changed that."""
        is_up = self._ami.state is LinkState.LIVE
        away = "" if is_up else "Asterisk does not answer; calls in progress go on, and what is shown is the past."
        self._feed.set_engine(
            EngineView(
                up=is_up,
                version=self._board_link.version,
                published=self._publishing.version,
                problem=away or self._publishing.problem or self._journal.problem,
            )
        )

    def _problems(self) -> tuple[str, ...]:
        found = [self._publishing.problem, self._journal.problem]
        if self._scripts is None:
            found.append("Nothing is published yet: every call takes the dialplan's fallback.")
        if self._agi.refused:
            found.append(f"{self._agi.refused} calls came while too many were being decided, and took the fallback.")
        return tuple(problem for problem in found if problem)

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def _load_configuration() -> "type[StoreConfiguration]":
    from signalbox.exchange.configuration import StoreConfiguration  # slow, see there: calls must not wait for it

    return StoreConfiguration


def _epoch(started_at: datetime) -> str:
    return f"{started_at:%Y%m%dT%H%M%S.%f}"


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    exchange = Exchange(settings)
    try:
        await exchange.start()
        _log.info("exchange_started agi_port=%d", settings.engine.agi_port)
        await stopping.wait()
    finally:
        await exchange.stop()
