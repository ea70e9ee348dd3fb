"""The worker process: importer, SIP trace, retention; answers ``status`` on its own socket."""

import asyncio
import logging
import os
import signal

import msgspec

from signalbox.engine import logs
from signalbox.features.callrecords.jobs import EVENTS, STEPS, Importer
from signalbox.kernel.link import LinkPeer, LinkServer
from signalbox.kernel.tasks import TaskSet
from signalbox.settings import Settings
from signalbox.store.database import Store
from signalbox.worker.retention import LogGuard, TornEnd
from signalbox.worker.trace import TraceCollector

_MB = 1024 * 1024
_GUARD_S = 5.0
_LOOK_S = 0.25
_log = logging.getLogger(__name__)


class Worker:
    """Compose the worker's jobs over one store."""

    def __init__(self, settings: Settings) -> None:
        paths, keep = settings.paths, settings.retention
        paths.run.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._store = Store.open(settings)
        self._tasks = TaskSet()
        self._importer = Importer(self._store, paths)
        self._trace = TraceCollector(paths.trace, settings.engine.hep_port, keep.trace_mb * _MB, keep.min_free_mb * _MB)
        self._guards = {
            EVENTS: LogGuard(paths.event_log, keep.events_mb * _MB, keep.min_free_mb * _MB),
            STEPS: LogGuard(paths.steps_log, keep.events_mb * _MB // 4, keep.min_free_mb * _MB),
        }
        self._torn_end = TornEnd(paths.event_log)
        self._engine_log = paths.asterisk / "log"
        self._link = LinkServer(paths.worker_socket, {"status": self._status})

    async def start(self) -> None:
        """Begin everything. Raises ``OSError`` when the trace port or the socket cannot be had."""
        self._trace.start()
        await self._link.start()
        self._tasks.start(self._importer.run(), "importer")
        self._tasks.start(self._guard(), "retention")
        self._tasks.start(self._end_torn_records(), "torn records")

    async def stop(self) -> None:
        """Stop in stages; what was not imported waits in the log."""
        await self._link.stop()
        await self._tasks.stop()
        self._trace.stop()
        await self._store.close()

    async def _guard(self) -> None:
        while True:
            try:
                for log, guard in self._guards.items():
                    guard.run(self._importer.positions[log])
                self._trace.guard_disk()
                await asyncio.to_thread(logs.bound, self._engine_log)
            except OSError as error:
                _log.warning("retention_failed error=%s", error)
            await asyncio.sleep(_GUARD_S)

    async def _end_torn_records(self) -> None:
        while True:
            self._torn_end.look()
            await asyncio.sleep(_LOOK_S)

    async def _status(self, _args: msgspec.Raw, _peer: LinkPeer) -> dict[str, object]:
        return {
            "pid": os.getpid(),
            "open_calls": self._importer.open_calls,
            "imported": self._importer.imported,
            "disk_short": any(guard.is_disk_short for guard in self._guards.values()),
            "trace_paused": self._trace.is_paused,
        }


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    worker = Worker(settings)
    await worker.start()
    _log.info("worker_ready")
    try:
        await stopped.wait()
    finally:
        await worker.stop()
