"""Keep processes running: start in order, wait until ready, probe, restart with back-off, stop in reverse order.

What the processes are and how they are asked is the caller's.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from signalbox.kernel.clock import Clock, SystemClock
from signalbox.kernel.operator import OperatorError, explained
from signalbox.kernel.process import Identity, Process, RunAs, adopt, spawn
from signalbox.kernel.tasks import TaskSet

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 10.0
STEADY_S = 30.0
"""After this long without an exit a process counts as steady again, and the next restart is quick."""
SILENT_STAGES = ((signal.SIGTERM, 1.0), (signal.SIGKILL, 5.0))
"""How a process that no longer answers is stopped: it will hardly hear a signal, and callers wait."""
EARLY_EXITS = 3
"""A process that ends so often by itself before it ever answered is given up."""
OPERATOR_EXIT = 78
"""Exit status of a process that has told the operator what to mend (``EX_CONFIG``): trying again would not help."""

_log = logging.getLogger(__name__)


class State(StrEnum):
    """Where a supervised process stands."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    SICK = "sick"
    BACKING_OFF = "backing_off"


async def _nothing() -> None:
    return


@dataclass(frozen=True, slots=True)
class Service:
    """One process to keep running.

    ``command`` is asked at each start. ``probe`` is one round trip and raises when there is no answer; it serves for
    readiness and health. With a ``pid_file`` the process survives us, and one found there with the same ``mark`` that
    passes the probe is adopted.
    """

    name: str
    command: Callable[[], Sequence[str]]
    probe: Callable[[], Awaitable[None]]
    environ: Mapping[str, str] | None = None
    output: Path | None = None
    cwd: Path | None = None
    run_as: RunAs | None = None
    pid_file: Path | None = None
    mark: Callable[[], str] = str
    ready_within_s: float = 30.0
    probe_every_s: float = 2.0
    probe_within_s: float = 5.0
    failures: int = 3
    """So many probes in a row must fail before a running process is replaced."""
    stages: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))
    before_start: Callable[[], Awaitable[None]] = _nothing
    on_started: Callable[[], None] = field(default=lambda: None)
    on_exited: Callable[[], None] = field(default=lambda: None)
    may_replace: Callable[[], Awaitable[bool]] | None = None
    """Asked of an adoptable process with another ``mark``: false keeps it running as it is."""


class Backoff:
    """How long to wait before the next start: short at first, doubled by each quick exit, short again when steady."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._delay_s = 0.0
        self._started = clock.monotonic()

    def started(self) -> None:
        self._started = self._clock.monotonic()

    def next_s(self) -> float:
        """Give the seconds to wait after an exit."""
        steady = self._clock.monotonic() - self._started >= STEADY_S
        self._delay_s = FIRST_DELAY_S if steady or not self._delay_s else min(self._delay_s * 2, LONGEST_DELAY_S)
        return self._delay_s


class Keeper:
    """Keep one service running until told to stop."""

    def __init__(self, service: Service, clock: Clock) -> None:
        self.service = service
        self.state = State.STOPPED
        self.restarts = 0
        self.adopted = False
        self._clock = clock
        self._process: Process | None = None
        self._ready = asyncio.Event()
        self._broken: OperatorError | None = None
        self._was_ready = False
        self._early_exits = 0
        self._failed = asyncio.Event()
        self._restart = asyncio.Event()
        self._tasks = TaskSet()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.is_running else None

    async def start(self) -> None:
        """Start the service and wait until it answers.

        Raises ``OperatorError`` when it cannot be started or does not answer in time; it is stopped then.
        """
        self._tasks.start(self._run(), f"keeper {self.service.name}")
        answered = await _first_of(self.service.ready_within_s, self._ready.wait(), self._failed.wait())
        if self._broken is None and not answered:
            log = f"see {self.service.output}" if self.service.output else "see its messages above"
            seconds = self.service.ready_within_s
            self._broken = OperatorError(f"{self.service.name} gave no answer within {seconds:g} s of its start.", log)
        if self._broken is not None:
            await self.stop()
            raise self._broken

    async def stop(self) -> None:
        """Stop the service in its stages."""
        await self._tasks.stop()
        if self._process is not None:
            was_running = self._process.is_running
            await self._process.stop(self.service.stages)
            if was_running:
                self._exited()
        if self.service.pid_file is not None:
            self.service.pid_file.unlink(missing_ok=True)
        self.state = State.STOPPED

    async def leave(self) -> None:
        """Stop watching; the process lives on."""
        await self._tasks.stop()
        if self._process is not None:
            self._process.release()

    async def restart(self, within_s: float) -> None:
        """Stop the process in its stages and wait until its successor answers; raises ``TimeoutError``."""
        self._ready.clear()
        self._restart.set()
        async with asyncio.timeout(within_s):
            await self._ready.wait()

    async def _run(self) -> None:
        backoff = Backoff(self._clock)
        self._process = await self._adopted()
        while True:
            try:
                if self._process is None:
                    self._process = await self._started()
                backoff.started()
                asked = await self._watch(self._process)
            except (OSError, OperatorError) as error:
                self._give_up_or_log(error)
                asked = False
            if self._process is not None:
                if self._process.is_running:
                    await self._process.stop(self.service.stages if asked else SILENT_STAGES)
                self._exited()
                self._give_up_if_told(self._process)
            self._process = None
            self._ready.clear()
            self.restarts += 1
            delay_s = 0.0 if asked else backoff.next_s()
            self.state = State.BACKING_OFF
            await asyncio.sleep(delay_s)

    async def _adopted(self) -> Process | None:
        """Take over the process that an earlier supervisor left, or stop it when it is of no use."""
        file = self.service.pid_file
        known = Identity.read(file) if file is not None else None
        process = adopt(known) if known is not None else None
        if process is None or known is None:
            return None
        if await self._answers():
            replace = self.service.may_replace
            if known.mark == self.service.mark() or (replace is not None and not await replace()):
                _log.info("process_adopted name=%s pid=%d", self.service.name, process.pid)
                self.adopted = True
                return process
        _log.info("process_not_adopted name=%s pid=%d", self.service.name, process.pid)
        await process.stop(self.service.stages)
        self.service.on_exited()
        return None

    async def _started(self) -> Process:
        service = self.service
        self.state = State.STARTING
        await service.before_start()
        mark = service.mark()
        process = spawn(
            service.command(), environ=service.environ, output=service.output, cwd=service.cwd, run_as=service.run_as
        )
        if service.pid_file is not None and (identity := Identity.of(process.pid, mark)) is not None:
            identity.write(service.pid_file)
        service.on_started()
        _log.info("process_started name=%s pid=%d", service.name, process.pid)
        return process

    async def _watch(self, process: Process) -> bool:
        """Probe until the process ends, fails its probes or is to be restarted; tells whether it was the last."""
        failures = 0
        started = self._clock.monotonic()
        self._restart.clear()
        while process.is_running and not self._restart.is_set():
            if await self._answers():
                failures = 0
                self.state = State.READY
                self._was_ready = True
                self._ready.set()
                pause_s = self.service.probe_every_s
            elif not self._ready.is_set() and self._clock.monotonic() - started < self.service.ready_within_s:
                pause_s = 0.05
            else:
                failures += 1
                self.state = State.SICK
                _log.warning("process_silent name=%s failures=%d", self.service.name, failures)
                if failures >= self.service.failures:
                    return False
                pause_s = 0.5
            await self._pause(process, pause_s)
        return self._restart.is_set()

    async def _pause(self, process: Process, seconds: float) -> None:
        """Sleep, but not past the process's end or a wish to restart it."""
        await _first_of(seconds, process.wait(), self._restart.wait())

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(self.service.probe_within_s):
                await self.service.probe()
        except Exception as error:  # the supervisor outlives whatever a probe meets
            _log.debug("probe_failed name=%s error=%s", self.service.name, error)
            return False
        return True

    def _exited(self) -> None:
        status = self._process.status if self._process is not None else None
        _log.warning("process_exited name=%s status=%s", self.service.name, status)
        self.service.on_exited()

    def _give_up_if_told(self, process: Process) -> None:
        if self._was_ready or process.status is None or process.status < 0:
            return
        self._early_exits += 1
        if process.status == OPERATOR_EXIT or self._early_exits >= EARLY_EXITS:
            cure = "do what its message above says, then start again"
            self._broken = OperatorError(f"{self.service.name} could not start.", cure)
            self._failed.set()

    def _give_up_or_log(self, error: OSError | OperatorError) -> None:
        told = error if isinstance(error, OperatorError) else explained(error, f"{self.service.name} could not start")
        level = logging.ERROR if self.restarts else logging.INFO  # the first time it is raised, and told by others
        _log.log(level, "process_not_started name=%s error=%s", self.service.name, told.problem)
        self._broken = self._broken or told
        self._failed.set()


async def _first_of(within_s: float, *waits: Coroutine[Any, Any, object]) -> bool:
    """Wait until one of ``waits`` is over; tells whether one was in time."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(wait) for wait in waits]
        done, _ = await asyncio.wait(tasks, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
    return bool(done)


class Supervisor:
    """Keep the services of several stages: a stage starts together when the one before is ready, and stops after it."""

    def __init__(self, stages: Sequence[Sequence[Service]], clock: Clock | None = None) -> None:
        self._stages = [[Keeper(service, clock or SystemClock()) for service in stage] for stage in stages]
        self.keepers = {keeper.service.name: keeper for stage in self._stages for keeper in stage}

    async def start(self, on_ready: Callable[[str], None] = lambda _name: None) -> None:
        """Start every service; when one fails the others are stopped. Raises ``OperatorError``."""

        async def start_one(keeper: Keeper) -> None:
            await keeper.start()
            on_ready(keeper.service.name)

        try:
            for stage in self._stages:
                await asyncio.gather(*map(start_one, stage))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop every service, the last stage first."""
        for stage in reversed(self._stages):
            await asyncio.gather(*(keeper.stop() for keeper in stage))
