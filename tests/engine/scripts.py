"""Call scripts on a test Asterisk: in this process, or in one that can be killed and frozen.

As a program (``python -m tests.engine.scripts SETTINGS.json ROUTING.db``) it is an exchange of call scripts alone.
"""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, Self

import msgspec

from signalbox.calls.agi_call import run_session
from signalbox.calls.boundary import CallScripts, ScriptRecord
from signalbox.calls.destinations import Context, Kind, Kinds
from signalbox.calls.routing import Routing
from signalbox.engine.agi.server import AgiServer, AgiSession
from signalbox.features import CALL_FEATURES
from signalbox.kernel.clock import SystemClock
from signalbox.settings import Settings
from tests.engine.asterisk import until

ROOT = Path(__file__).parent.parent.parent


class Scripts:
    """The call scripts of a published site. While ``hold`` is set callers wait before their script."""

    def __init__(
        self, settings: Settings, kinds: Iterable[Kind[Any]] = CALL_FEATURES, routing: Path | None = None
    ) -> None:
        self.records: list[ScriptRecord] = []
        self.held = 0
        self.hold: asyncio.Event | None = None
        self.handler: Callable[[AgiSession], Awaitable[None]] | None = None
        self._routing = Routing.open(routing or settings.paths.routing_db)
        self._clock = SystemClock()
        context = Context(self._routing, settings.calls)
        self.scripts = CallScripts(Kinds(kinds), context, lambda record: self.ended(record))
        self.server = AgiServer(settings.engine.agi_port, self._run)

    def ended(self, record: ScriptRecord) -> None:
        self.records.append(record)

    async def __aenter__(self) -> Self:
        await self.server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop()
        self._routing.close()

    async def _run(self, session: AgiSession) -> None:
        if self.hold is not None:
            self.held += 1
            await self.hold.wait()
        if self.handler is not None:
            await self.handler(session)
        else:
            await run_session(session, self.scripts, self._clock)


class ScriptProcess:
    """The same in a process of its own."""

    def __init__(self, settings: Settings, routing: Path | None = None) -> None:
        self._settings = settings
        self._routing = routing or settings.paths.routing_db
        self._file = settings.paths.run / "test-settings.json"
        self._held = settings.paths.run / "test-held"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self, *, hold: bool = False) -> Self:
        """Start and wait until it listens; with ``hold`` callers wait before their script for ever."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_bytes(msgspec.json.encode(self._settings))
        self._held.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.engine.scripts", str(self._file), str(self._routing)]
        command += ["hold"] if hold else []
        self._process = subprocess.Popen(command, cwd=ROOT)  # noqa: ASYNC220  returns at once
        await until(self._listens, "the script process", 15)
        return self

    async def _listens(self) -> bool:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self._settings.engine.agi_port)
            writer.close()
            await writer.wait_closed()
            return True
        return False

    async def holds_a_caller(self) -> None:
        await until(self._held.exists, "a caller before his script")

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()


async def _main(settings: Settings, routing: Path, *, hold: bool) -> None:
    scripts = Scripts(settings, routing=routing)
    steps = settings.paths.steps_log

    def ended(record: ScriptRecord) -> None:
        with steps.open("ab") as file:
            file.write(msgspec.json.encode(record) + b"\n")

    async def held(_session: AgiSession) -> None:
        (settings.paths.run / "test-held").touch()
        await asyncio.Event().wait()

    scripts.ended = ended  # type: ignore[method-assign]
    scripts.handler = held if hold else None
    async with scripts:
        await asyncio.Event().wait()


if __name__ == "__main__":
    loaded = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Settings)
    asyncio.run(_main(loaded, Path(sys.argv[2]), hold="hold" in sys.argv[3:]))
