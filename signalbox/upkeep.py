"""What the supervisor does besides keeping processes alive.

On its own socket it tells how things stand and changes Asterisk's version; and Asterisk gets renewed certificates.
"""

import asyncio
import os
import time
from pathlib import Path
from typing import Any, Protocol

import msgspec

from signalbox.engine import install
from signalbox.engine.certificate import EngineCertificate
from signalbox.engine.errors import EngineError
from signalbox.engine.process import NAME, READY_WITHIN_S, STAGES, Engine
from signalbox.kernel.link import LinkDownError, LinkError, LinkPeer, LinkServer, connected
from signalbox.kernel.operator import OperatorError
from signalbox.kernel.supervisor import Supervisor
from signalbox.kernel.tasks import TaskSet
from signalbox.settings import Settings

_ASK_EVERY_S = 1.0
_CONNECT_WITHIN_S = 2.0
_RESTART_WITHIN_S = READY_WITHIN_S + sum(seconds for _, seconds in STAGES)


class SwitchAsked(msgspec.Struct, frozen=True):
    """Change to the installation ``label`` when no call is left, or after ``drain_s`` seconds all the same."""

    label: str
    drain_s: float


class Chosen(Protocol):
    """The Asterisk that the next start uses."""

    @property
    def installation(self) -> install.Installation: ...

    def renew(self, installation: install.Installation) -> None: ...


def socket_path(settings: Settings) -> Path:
    """Tell where the supervisor answers."""
    return settings.paths.run / "supervisor.sock"


class Upkeep:
    """The supervisor's side of ``signalbox engine status|upgrade|rollback``."""

    def __init__(self, settings: Settings, supervisor: Supervisor, engine: Engine, version: Chosen) -> None:
        self._root = settings.paths.engine_root
        self._supervisor = supervisor
        self._engine = engine
        self._version = version
        self._switching = asyncio.Lock()
        self._tasks = TaskSet()
        self._certificate = EngineCertificate(settings, engine.health, engine.run_as)
        self._link = LinkServer(socket_path(settings), {"status": self._status, "engine.switch": self._switch})

    async def start(self) -> None:
        await self._link.start()
        self._tasks.start(self._certificate.run(), "engine certificate")

    async def stop(self) -> None:
        await self._link.stop()
        await self._tasks.stop()

    async def _status(self, _args: msgspec.Raw, _peer: LinkPeer) -> dict[str, object]:
        processes = {
            name: {"pid": keeper.pid, "state": keeper.state, "restarts": keeper.restarts, "adopted": keeper.adopted}
            for name, keeper in self._supervisor.keepers.items()
        }
        installation = self._version.installation
        engine = {"version": installation.version, "label": installation.label, "calls": await self._calls()}
        return {"pid": os.getpid(), "processes": processes, "engine": engine}

    async def _switch(self, args: msgspec.Raw, _peer: LinkPeer) -> dict[str, str]:
        asked = msgspec.json.decode(args, type=SwitchAsked)
        async with self._switching:
            before = self._version.installation
            await self._drained(asked.drain_s)
            self._version.renew(await asyncio.to_thread(install.switch_to, self._root, asked.label))
            try:
                await self._supervisor.keepers[NAME].restart(_RESTART_WITHIN_S)
            except TimeoutError as error:
                self._version.renew(await asyncio.to_thread(install.switch_to, self._root, before.label))
                await self._supervisor.keepers[NAME].restart(_RESTART_WITHIN_S)
                detail = f"Asterisk {asked.label} gave no answer; {before.label} runs again"
                raise LinkError("engine_not_ready", detail) from error
        return {"label": asked.label}

    async def _drained(self, within_s: float) -> None:
        """Wait until no call is left, at most ``within_s`` seconds. New calls are taken meanwhile."""
        until = time.monotonic() + within_s
        while time.monotonic() < until and await self._calls():  # noqa: ASYNC110  Asterisk tells no end
            await asyncio.sleep(_ASK_EVERY_S)

    async def _calls(self) -> int | None:
        try:
            return await self._engine.health.calls()
        except EngineError:
            return None


async def asked(settings: Settings, op: str, args: object = None, within_s: float = 10.0) -> Any:
    """Ask the running supervisor; nothing when none runs here. Raises ``OperatorError`` when it refuses."""
    path = socket_path(settings)
    if not path.is_socket():
        return None
    try:
        async with connected(path, _CONNECT_WITHIN_S) as client:
            try:
                return await client.request(op, args, timeout_s=within_s)
            except (LinkError, LinkDownError) as error:
                raise OperatorError(str(error), "see data/log/signalbox.log and data/log/asterisk.out") from error
    except LinkDownError:
        return None
