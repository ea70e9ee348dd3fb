"""Our own processes as the supervisor sees them: how each is started and which round trip proves that it works."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

from signalbox.kernel import logs
from signalbox.kernel.link import LinkClient
from signalbox.kernel.ports import Port, require_free
from signalbox.kernel.process import with_parent
from signalbox.kernel.supervisor import Service
from signalbox.settings import Settings

HEALTH_PATH = "/healthz"


class LinkProbe:
    """Ask a process for its ``status`` over its socket, on one connection that is kept."""

    def __init__(self, path: Path) -> None:
        self._client = LinkClient(path)
        self._is_started = False

    async def ask(self) -> None:
        """One round trip; raises ``LinkDownError`` when there is no answer."""
        if not self._is_started:
            self._is_started = True
            await self._client.start()
        await self._client.request("status")

    async def stop(self) -> None:
        await self._client.stop()


class Ours:
    """The three processes that are written in Python, for one data directory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._probes = {
            "exchange": LinkProbe(settings.paths.exchange_socket),
            "worker": LinkProbe(settings.paths.worker_socket),
        }

    def services(self) -> list[Service]:
        """List them; they need Asterisk only, so they may start together."""
        engine = self._settings.engine
        return [
            self._service(
                "exchange", self._probes["exchange"].ask, [_loopback("tcp", engine.agi_port, "engine.agi_port")]
            ),
            self._service("worker", self._probes["worker"].ask, [_loopback("udp", engine.hep_port, "engine.hep_port")]),
            self._service("web", self._ask_web, ports(self._settings)),
        ]

    async def stop(self) -> None:
        """Drop the connections that the probes kept."""
        for probe in self._probes.values():
            await probe.stop()

    def _service(self, name: str, probe: Callable[[], Awaitable[None]], needed: list[Port]) -> Service:
        async def before_start() -> None:
            require_free(needed)

        return Service(
            name=name,
            command=lambda: [sys.executable, "-m", "signalbox", name, "--data", self._settings.data],
            probe=probe,
            environ={**with_parent(), logs.FOLDER: str(self._settings.paths.log)},
            before_start=before_start,
            probe_every_s=self._settings.engine.health_interval_s,
        )

    async def _ask_web(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._settings.web.http_port)
        try:
            writer.write(f"GET {HEALTH_PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            status = (await reader.readline()).split()
        finally:
            writer.close()
        if len(status) < 2 or int(status[1]) >= 500:
            raise ConnectionError(f"web answered {status!r}")


def _loopback(kind: Literal["tcp", "udp"], number: int, setting: str) -> Port:
    return Port(kind, "127.0.0.1", number, setting)


def ports(settings: Settings) -> list[Port]:
    """List what the web process listens on."""
    return [
        Port("tcp", settings.web.bind, settings.web.https_port, "web.https_port"),
        Port("tcp", "127.0.0.1", settings.web.http_port, "web.http_port"),
    ]
