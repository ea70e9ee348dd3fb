"""Asterisk as a supervised process: how it is started, asked, adopted and stopped, and the marks in the event log."""

import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from signalbox.engine.configure.control import USER
from signalbox.engine.health import EngineHealth
from signalbox.engine.install import Installation
from signalbox.kernel.operator import OperatorError
from signalbox.kernel.ports import Port, require_free
from signalbox.kernel.process import Identity, RunAs
from signalbox.kernel.supervisor import Service
from signalbox.settings import Settings

NAME = "asterisk"
ROOT = RunAs(0, 0)
READY_WITHIN_S = 90.0  # 20,000 extensions take about 20 s
# What root may do beyond owning its files, given up for good.
_POWERLESS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
_MOVE = "keep data and engine outside private folders such as /root, or start as an ordinary user"
MAX_OUTPUT = 4 * 1024 * 1024

# SIGTERM hangs up what is left and says goodbye to phones; Asterisk itself waits up to 15 s for its channels to end.
STAGES = ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0))


_log = logging.getLogger(__name__)


class Engine:
    """The Asterisk of one data directory. ``installation`` and ``config_mark`` are asked anew at each start."""

    def __init__(
        self,
        settings: Settings,
        ami_secret: str,
        installation: Callable[[], Installation],
        config_mark: Callable[[], str],
    ) -> None:
        self.health = EngineHealth(settings.engine.ami_port, USER, ami_secret)
        self._settings = settings
        self._paths = settings.paths
        self._installation = installation
        self._config_mark = config_mark
        self._pid_file = pid_file(settings)
        self.run_as = chosen_user(settings)

    def service(self) -> Service:
        """Describe it to the supervisor."""
        return Service(
            name=NAME,
            command=self._command,
            probe=self._probe,
            output=self._paths.log / "asterisk.out",
            cwd=self._paths.asterisk,
            run_as=self.run_as,
            pid_file=self._pid_file,
            mark=self._config_mark,
            ready_within_s=READY_WITHIN_S,
            probe_every_s=self._settings.engine.health_interval_s,
            stages=STAGES,
            before_start=self._before_start,
            on_started=lambda: self._mark_log("ENGINE_STARTED"),
            on_exited=self._on_exited,
            may_replace=self._has_no_calls,
        )

    def _command(self) -> list[str]:
        command = self._installation().command(self._paths.asterisk_etc / "asterisk.conf")
        return command if self.run_as != ROOT else [*_POWERLESS, *command]

    async def _probe(self) -> None:
        await self.health.wait_booted(READY_WITHIN_S)
        await self.health.ping()

    async def _has_no_calls(self) -> bool:
        return await self.health.calls() == 0

    async def _before_start(self) -> None:
        self.health.close()
        require_free(ports(self._settings))
        for folder in (self._paths.run, self._paths.log, self._paths.events, self._paths.asterisk):
            folder.mkdir(parents=True, exist_ok=True)
        output = self._paths.log / "asterisk.out"
        if output.exists() and output.stat().st_size > MAX_OUTPUT:
            output.replace(output.with_suffix(".old"))
        if self.run_as is not None:
            give(self._settings, self.run_as, self._installation())

    def _on_exited(self) -> None:
        self.health.close()
        self._mark_log("ENGINE_EXITED")

    def _mark_log(self, event: str) -> None:
        append_mark(self._paths.event_log, event, time.time())
        if self.run_as is not None:
            self.run_as.own(self._paths.events)


def pid_file(settings: Settings) -> Path:
    """Tell where the process that survives us is written down."""
    return settings.paths.run / "asterisk.pid"


def left_running(settings: Settings) -> bool:
    """Tell whether an Asterisk of ours that an earlier supervisor left is still running."""
    left = Identity.read(pid_file(settings))
    return left is not None and left.is_running


def append_mark(log: Path, event: str, at: float) -> None:
    """Append one mark; a record that a crash cut short is ended first."""
    mark = msgspec.json.encode({"event": event, "at": at}) + b"\n"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a+b") as stream:
        size = stream.seek(0, os.SEEK_END)
        if size:
            stream.seek(size - 1)
            mark = mark if stream.read(1) == b"\n" else b"\n" + mark
        stream.write(mark)


def ports(settings: Settings) -> list[Port]:
    """List what Asterisk listens on, without the RTP range."""
    sip, loopback = settings.sip, "127.0.0.1"
    return [
        Port("udp", sip.bind, sip.udp_port, "sip.udp_port"),
        Port("tcp", sip.bind, sip.tcp_port, "sip.tcp_port"),
        Port("tcp", sip.bind, sip.tls_port, "sip.tls_port"),
        Port("tcp", sip.bind, sip.wss_port, "sip.wss_port"),
        Port("tcp", loopback, sip.ws_port, "sip.ws_port"),
        Port("tcp", loopback, settings.engine.ami_port, "engine.ami_port"),
    ]


def chosen_user(settings: Settings) -> RunAs | None:
    """Choose whom Asterisk runs as: ourselves, or an unprivileged user when we are root.

    Where that user cannot enter the folders, as below a home directory, it is root without any of root's
    capabilities. Raises ``OperatorError`` when the user does not exist.
    """
    if os.geteuid() != 0:
        return None
    name, paths = settings.engine.run_as, settings.paths
    user = RunAs.named(name)
    if user is None:
        raise OperatorError(f"There is no user {name} for Asterisk to run as.", "set engine.run_as to one that exists")
    for folder in (paths.data, paths.engine_root):
        folder.mkdir(parents=True, exist_ok=True)
        if user != ROOT and not user.can_enter(folder.parent):
            _log.warning("engine_runs_as_root user=%s cannot_enter=%s cure=%s", name, folder.parent, _MOVE)
            return ROOT
    return user


def give(settings: Settings, user: RunAs, installation: Installation) -> None:
    """Give ``user`` what Asterisk reads and writes, and no more; the secrets, the store and the CA's key stay ours."""
    paths = settings.paths
    for folder in (paths.asterisk, paths.events, paths.publish):
        folder.mkdir(parents=True, exist_ok=True)
        user.own(folder)
    for folder in (paths.data, paths.run, paths.log):
        folder.chmod(folder.stat().st_mode | 0o011)
    if installation.is_private:
        for folder in (paths.engine_root, paths.engine_root / installation.label):
            folder.chmod(0o755)
