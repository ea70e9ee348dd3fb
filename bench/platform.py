"""The whole of Signalbox on free ports and a temporary data directory, as the product under measurement."""

import asyncio
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from signalbox.features.extensions import edit
from signalbox.features.extensions.model import Draft
from signalbox.kernel.ids import FIRST_TENANT
from signalbox.kernel.secrets import Secrets
from signalbox.settings import Settings, load
from signalbox.store import migrate
from signalbox.store.database import Store
from signalbox.store.scope import Scope

PROCESSES = ("asterisk", "exchange", "web", "worker")
_PORTS = ("SIP__UDP_PORT", "SIP__TLS_PORT", "SIP__WSS_PORT", "SIP__WS_PORT", "ENGINE__AMI_PORT", "ENGINE__AGI_PORT",
          "ENGINE__HEP_PORT", "WEB__HTTPS_PORT", "WEB__HTTP_PORT")  # fmt: skip


def free_ports(count: int) -> list[int]:
    """Find ``count`` different ports that nothing uses, below those that the system gives to clients."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20_002, 32_000, 2)
        if port not in found and all(_is_free(kind, port) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)):
            found.append(port)
    return found


def _is_free(kind: socket.SocketKind, port: int) -> bool:
    with socket.socket(type=kind) as trying:
        try:
            trying.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Platform:
    """Start, seed and stop one system; ``core`` pins all of its processes."""

    def __init__(self, folder: Path, core: int | None = None, **more: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
        self._environ = {f"SIGNALBOX__{name}": str(port) for name, port in ports.items()}
        self._environ |= {"SIGNALBOX__SIP__TCP_PORT": str(ports["SIP__UDP_PORT"])}
        self._environ |= {"SIGNALBOX__SIP__BIND": "127.0.0.1", "SIGNALBOX__WEB__BIND": "127.0.0.1", **more}
        root = os.environ.get("SIGNALBOX__ENGINE__ROOT", str(Path(__file__).parent.parent / ".cache" / "engine"))
        self._environ |= {"SIGNALBOX__ENGINE__ROOT": root}
        self._prefix = [] if core is None else ["taskset", "-c", str(core)]
        self._process: subprocess.Popen[bytes] | None = None
        self.settings: Settings = load(folder, self._environ)

    @property
    def sip(self) -> str:
        """Host and port for SIP over UDP."""
        return f"127.0.0.1:{self.settings.sip.udp_port}"

    @property
    def console(self) -> str:
        """Address of the console on plain loopback HTTP."""
        return f"http://localhost:{self.settings.web.http_port}"

    @property
    def password(self) -> str:
        """The administrator's, as the first start printed it."""
        return self._printed(r"Password\s+(\S+)")

    def secret(self, number: str) -> str:
        """The SIP secret of a sample extension, as the first start printed it."""
        return self._printed(rf"{number} \([^)]*\), secret (\S+)")

    def _printed(self, pattern: str) -> str:
        found = re.search(pattern, (self.folder / "up.out").read_text())
        assert found is not None, pattern
        return found.group(1)

    @property
    def pids(self) -> dict[str, int]:
        """The running processes by name, and the supervisor's own as ``supervisor``."""
        assert self._process is not None
        pids = {"supervisor": self._process.pid}
        for line in subprocess.run(
            ["ps", "-ww", "-eo", "pid=,args="], capture_output=True, text=True, check=True
        ).stdout.splitlines():
            pid, _, command = line.strip().partition(" ")
            if str(self.folder) not in command or int(pid) == self._process.pid or command.startswith("taskset"):
                continue
            for name in PROCESSES:
                if f"signalbox {name} " in command or (name == "asterisk" and "/asterisk.conf" in command):
                    pids[name] = int(pid)
        return pids

    def seed(self, numbers: list[str], **options: object) -> dict[str, str]:
        """Create extensions before the start; returns the secret of each."""
        return asyncio.run(self._seed(numbers, options))

    async def _seed(self, numbers: list[str], options: dict[str, object]) -> dict[str, str]:
        await migrate.upgrade(self.settings)
        store = Store.open(self.settings)
        try:
            box = Secrets.open(self.settings.paths.secrets).box
            drafts = [Draft(number=number, name=f"Bench {number}", **options) for number in numbers]  # type: ignore[arg-type]
            async with store.change(Scope.only(FIRST_TENANT), "bench", "Extensions for a measurement") as change:
                created = await edit.create_many(change, box, drafts)
            return {each.row.number: each.secret for each in created}
        finally:
            await store.close()

    def start(self, within_s: float = 60.0) -> None:
        """Run ``signalbox up`` and wait until all is ready."""
        with (self.folder / "up.out").open("wb") as log:
            self._process = subprocess.Popen(
                [*self._prefix, sys.executable, "-m", "signalbox", "up", "--data", str(self.folder)],
                env={**os.environ, **self._environ},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + within_s
        while not self._has_welcomed() or set(PROCESSES) - set(self.pids) or not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"did not start:\n{(self.folder / 'up.out').read_text()[-3000:]}")
            time.sleep(0.2)

    def _has_welcomed(self) -> bool:
        """Whether ``up`` has told the newcomer everything, the password too."""
        return "Signalbox is running" in (self.folder / "up.out").read_text()

    def is_ready(self) -> bool:
        """Ask ``/readyz``."""
        with socket.socket() as asking:
            asking.settimeout(2)
            try:
                asking.connect(("127.0.0.1", self.settings.web.http_port))
                asking.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return b" 200 " in asking.recv(200)
            except OSError:
                return False

    def stop(self) -> None:
        """End it in order; by force after half a minute."""
        if self._process is None:
            return
        pids = self.pids
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            for pid in pids.values():
                os.kill(pid, signal.SIGKILL)
            self._process.wait()


def environment() -> dict[str, str]:
    """What a figure depends on beside the code: when, how busy the machine was, kernel, processor, versions."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "",
    )
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "load": f"{os.getloadavg()[0]:.1f}",
        "kernel": os.uname().release,
        "cpu": model,
        "cores": str(os.cpu_count()),
        "python": sys.version.split()[0],
    }


def report(name: str, figures: dict[str, object], layout: str) -> None:
    """Print one measurement as a line of JSON and keep it in ``test-results/bench.jsonl``."""
    line = json.dumps({"bench": name, "layout": layout, **figures, "environment": environment()})
    print(line, flush=True)
    folder = Path(__file__).parent.parent / "test-results"
    folder.mkdir(exist_ok=True)
    with (folder / "bench.jsonl").open("a") as opened:
        opened.write(line + "\n")
