"""``signalbox up``: prepare a data directory, run the whole system in the foreground, stop it in order.

The order is that of ``docs/design/runtime.md``. What is prepared and how belongs to the parts themselves.
"""

import asyncio
import contextlib
import fcntl
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from signalbox import newcomer
from signalbox.engine import configure, install
from signalbox.engine.configure import control
from signalbox.engine.process import Engine, left_running
from signalbox.engine.publish import Publisher
from signalbox.features.first_start import FirstStart, first_start
from signalbox.features.publish import StoreSource
from signalbox.kernel.operator import OperatorError
from signalbox.kernel.process import raise_file_limit
from signalbox.kernel.secrets import Secrets
from signalbox.kernel.supervisor import Supervisor
from signalbox.services import Ours
from signalbox.settings import Settings
from signalbox.store import migrate
from signalbox.store.database import Store
from signalbox.upkeep import Upkeep
from signalbox.web import certificates

Say = Callable[[str], None]


class Version:
    """The Asterisk and its configuration that the next start uses."""

    def __init__(self, settings: Settings, secrets: Secrets, installation: install.Installation) -> None:
        self._settings = settings
        self._secrets = secrets
        self.ami_secret = secrets.text(control.SECRET)
        self.renew(installation)

    def renew(self, installation: install.Installation) -> None:
        """Let the next start use ``installation``."""
        self.installation = installation
        self.checksum = configure.write(self._settings, installation, self._secrets).checksum


async def up(settings: Settings, say: Say) -> None:
    """Run everything until SIGTERM or Ctrl-C. Raises ``OperatorError`` when something must be mended first."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    raise_file_limit()
    with _alone(settings.paths.run):
        start = _Start(settings, say, stopped)
        try:
            await _until(stopped, start.prepare())
            await start.run()
        finally:
            start.tell_secrets()


class _Start:
    """One start of the system; keeps what only the first start knows until it was told."""

    def __init__(self, settings: Settings, say: Say, stopped: asyncio.Event) -> None:
        self._settings = settings
        self._say = say
        self._stopped = stopped
        self._version: Version | None = None
        self._first: FirstStart | None = None

    async def prepare(self) -> None:
        """Bring the data directory to where the processes can start."""
        settings = self._settings
        installing = asyncio.to_thread(install.install, settings.paths.engine_root, self._say)
        installation, secrets = await asyncio.gather(installing, _prepare_store(settings))
        version = Version(settings, secrets, installation)
        self._first = await first_start(settings)
        if not left_running(settings):  # an Asterisk that runs must be told of changes, which the exchange does
            await _publish(settings, secrets)
        self._version = version

    async def run(self) -> None:
        """Run the processes until told to stop."""
        settings, version = self._settings, self._version
        if version is None:
            return
        engine = Engine(
            settings,
            version.ami_secret,
            installation=lambda: version.installation,
            config_mark=lambda: version.checksum,
        )
        ours = Ours(settings)
        supervisor = Supervisor([[engine.service()], ours.services()])
        upkeep = Upkeep(settings, supervisor, engine, version)
        try:
            await _until(self._stopped, supervisor.start(lambda name: self._say(f"Ready: {name}")))
            if not self._stopped.is_set():
                await upkeep.start()
                self._say(newcomer.welcome(settings, self._first, version.installation.version))
                self._first = None
            await self._stopped.wait()
        finally:
            self._say("Stopping.")
            await upkeep.stop()
            await ours.stop()
            await supervisor.stop()
            engine.health.close()

    def tell_secrets(self) -> None:
        """Tell what is told once, when the start did not come far enough to tell it."""
        if self._first is not None:
            self._say(newcomer.credentials(self._first))


async def _prepare_store(settings: Settings) -> Secrets:
    secrets = Secrets.open(settings.paths.secrets)
    await asyncio.to_thread(certificates.ensure, settings)
    await migrate.upgrade(settings)
    return secrets


async def _publish(settings: Settings, secrets: Secrets) -> None:
    """Write what Asterisk reads when it starts."""
    store = Store.open(settings)
    try:
        await Publisher(settings, StoreSource(settings, store, secrets.box), None).publish()
    finally:
        await store.close()


async def _until(stopped: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Run ``work``, but drop it when the operator wants to stop; raises what it raises."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work), group.create_task(_wait(stopped))]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
    except ExceptionGroup as several:
        raise several.exceptions[0] from several


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


@contextlib.contextmanager
def _alone(run: Path) -> Iterator[None]:
    """Hold the data directory; raises ``OperatorError`` when another ``signalbox up`` holds it."""
    run.mkdir(parents=True, exist_ok=True)
    with (run / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            problem = f"Signalbox is already running on {run.parent} (process {lock.read().strip()})."
            raise OperatorError(problem, "stop it first, or start with another data directory (--data)") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
