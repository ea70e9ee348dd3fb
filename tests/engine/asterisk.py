"""A real Asterisk of the tests' own: temporary folder, free ports, our configuration, a small published site."""

import asyncio
import contextlib
import hashlib
import os
import random
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from signalbox import settings as tree
from signalbox.engine import configure, dialplan
from signalbox.engine.dialplan import Lifeline
from signalbox.engine.install import Installation
from signalbox.engine.publish.files import PublishedFiles
from signalbox.engine.publish.model import Batch, Route, SipKind, SipObject, Unit
from signalbox.kernel.ids import FIRST_TENANT, TenantId
from signalbox.kernel.secrets import Secrets
from signalbox.settings import Settings
from tests.engine.phones import Place

SHAPE = "tests"


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that the system has just found free on loopback."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_in(data: Path, *, think_s: float = 2.0, ring_s: int = 2, digests: tuple[str, ...] = ("MD5",)) -> Settings:
    """Settings of an installation in ``data`` that listens on loopback, on free ports."""
    rtp = random.randrange(20000, 55000, 200)
    return Settings(
        data=str(data),
        sip=tree.Sip(
            bind="127.0.0.1",
            udp_port=free_port(socket.SOCK_DGRAM),
            tcp_port=free_port(),
            tls_port=free_port(),
            ws_port=free_port(),
            wss_port=free_port(),
            rtp_start=rtp,
            rtp_end=rtp + 199,
            digest_algorithms=digests,
        ),
        engine=tree.Engine(
            ami_port=free_port(),
            agi_port=free_port(),
            hep_port=free_port(socket.SOCK_DGRAM),
            think_s=think_s,
            run_as="",
        ),
        calls=tree.Calls(ring_s=ring_s, emergency_trunk_s=2),
    )


def place_of(settings: Settings) -> Place:
    """Where test phones find the exchange."""
    sip = settings.sip
    return Place("127.0.0.1", sip.udp_port, sip.tcp_port, sip.tls_port, sip.ws_port, sip.wss_port)


@dataclass(frozen=True)
class Extension:
    """An extension of a test site. ``endpoint`` and ``aor`` add to or replace published columns."""

    number: str
    name: str
    tenant: TenantId = FIRST_TENANT
    ring_s: int = 2
    web: bool = False
    endpoint: Mapping[str, str] = field(default_factory=dict)
    aor: Mapping[str, str] = field(default_factory=dict)
    algorithms: tuple[str, ...] = ("MD5",)

    @property
    def id(self) -> str:
        return dialplan.prefix(self.tenant) + self.number

    @property
    def password(self) -> str:
        return f"secret-{self.number}"

    @property
    def endpoints(self) -> list[str]:
        return [self.id, f"{self.id}-web"] if self.web else [self.id]

    def unit(self, realm: str) -> Unit:
        """What is published of it."""
        objects = [thing for each in self.endpoints for thing in self._objects(each, realm)]
        route = (
            f'{{"number":"{self.number}","name":"{self.name}","endpoints":{_json(self.endpoints)},'
            f'"ring_s":{self.ring_s},"music_on_hold":"default"}}'
        )
        return Unit(tuple(objects), (Route(self.tenant, self.number, "extension", route.encode()),))

    def _objects(self, each: str, realm: str) -> Iterable[SipObject]:
        context = dialplan.context(self.tenant)
        columns = {
            "aors": each,
            "auth": each,
            "context": context,
            "subscribe_context": context,
            "tenantid": str(self.tenant),
            "callerid": f'"{self.name}" <{self.number}>',
            "allow": "opus,g722,alaw,ulaw",
        }
        if each.endswith("-web"):
            columns["webrtc"] = "yes"
        digests = ",".join(f"{name}:{_digest(name, each, realm, self.password)}" for name in self.algorithms)
        names = ",".join(self.algorithms)
        auth = {
            "username": each,
            "realm": realm,
            "password_digest": digests,
            "supported_algorithms_uas": names,
            "supported_algorithms_uac": names,
        }
        yield SipObject(SipKind.AOR, each, {"minimum_expiration": "5", "qualify_frequency": "0", **self.aor})
        yield SipObject(SipKind.AUTH, each, auth)
        yield SipObject(SipKind.ENDPOINT, each, {**columns, **self.endpoint})


def _json(texts: list[str]) -> str:
    return "[" + ",".join(f'"{text}"' for text in texts) + "]"


def _digest(algorithm: str, user: str, realm: str, password: str) -> str:
    name = {"MD5": "md5", "SHA-256": "sha256"}[algorithm]
    return hashlib.new(name, f"{user}:{realm}:{password}".encode()).hexdigest()


def publish(settings: Settings, extensions: Iterable[Extension], routes: Iterable[Route] = ()) -> None:
    """Write ``engine.db`` and ``routing.db`` with nothing but these."""
    files = PublishedFiles(settings.paths.engine_db, settings.paths.routing_db)
    files.prepare()
    units: dict[str, Unit | None] = {f"extensions:{each.id}": each.unit(settings.sip.realm) for each in extensions}
    units["routes"] = Unit((), tuple(routes))
    files.write(Batch(1, units, is_full=True), SHAPE)


def certify(settings: Settings) -> None:
    """Make a self-signed certificate for TLS and WSS."""
    paths = settings.paths
    paths.tls.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signalbox.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .sign(key, hashes.SHA256())
    )
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    paths.server_cert.write_bytes(certificate.public_bytes(encoding))
    paths.server_key.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))


class Asterisk:
    """One Asterisk process. ``start`` returns when it has booted, ``stop`` when it is gone."""

    def __init__(
        self,
        settings: Settings,
        installation: Installation,
        tenants: tuple[TenantId, ...],
        lifelines: Mapping[TenantId, Lifeline] | None = None,
    ) -> None:
        self.settings = settings
        self.place = place_of(settings)
        self._installation = installation
        self._tenants = tenants
        self._lifelines = dict(lifelines or {})
        self._config = settings.paths.asterisk_etc / "asterisk.conf"
        self._process: subprocess.Popen[bytes] | None = None
        self._verbose_log = settings.paths.asterisk / "log/tests.log"
        self._log_from = 0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def configure(self) -> None:
        """Write the whole configuration."""
        paths = self.settings.paths
        paths.secrets.mkdir(parents=True, exist_ok=True)
        certify(self.settings)
        secrets = Secrets(paths.secrets)
        self.ami_secret = secrets.text(configure.control.SECRET)
        configure.write(self.settings, self._installation, secrets, self._tenants, self._lifelines)
        with (paths.asterisk_etc / "logger.conf").open("a") as file:
            file.write("\n[logfiles](+)\ntests.log = verbose(3)\n")
        # The event log's dial status is that of the last phone, not the variable that the dialplan goes by.
        with (paths.asterisk_etc / "extensions.conf").open("a") as file:
            for context in self._contexts():
                file.write(f"\n[{context}](+)\nexten => h,1,NoOp(DIALSTATUS=${{DIALSTATUS}})\n")

    def _contexts(self) -> Iterable[str]:
        """Those in which a call may end."""
        yield from ("sb-after", "sb-next", "sb-fallback", "sb-no-trunk")
        for tenant in self._tenants:
            yield dialplan.context(tenant)
            yield from dialplan.fallback_contexts(tenant, self._lifelines.get(tenant, Lifeline()))

    def start(self) -> None:
        """Start and wait until it answers on its console."""
        paths = self.settings.paths
        self._log_from = self._verbose_log.stat().st_size if self._verbose_log.exists() else 0
        for folder in (paths.run, paths.log, paths.events):
            folder.mkdir(parents=True, exist_ok=True)
        with (paths.log / "asterisk.out").open("ab") as output:
            self._process = subprocess.Popen(
                self._installation.command(self._config),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=paths.asterisk,
            )
        deadline = time.monotonic() + 30
        while "fully booted" not in self.console("core waitfullybooted").lower():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"Asterisk did not start: {self.output()[-3000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGCONT)
        self.console("core stop now")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def console(self, line: str) -> str:
        """Run one console command; its answer, or an empty text when nobody answers."""
        command = self._installation.console(self._config, line)
        run = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, errors="replace")
        return run.stdout

    async def ask(self, line: str) -> str:
        """``console`` without blocking the loop."""
        return await asyncio.to_thread(self.console, line)

    def output(self) -> str:
        return (self.settings.paths.log / "asterisk.out").read_text(errors="replace")

    def log(self) -> str:
        file = self.settings.paths.asterisk / "log/messages.log"
        return file.read_text(errors="replace") if file.exists() else ""

    async def redirect(self, channel: str, number: str, context: str = "tenant-1") -> None:
        """Send a channel's caller elsewhere, as a dispatcher's command does."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.settings.engine.ami_port)
        for name, fields in (
            ("Login", {"Username": configure.control.USER, "Secret": self.ami_secret, "Events": "off"}),
            ("Redirect", {"Channel": channel, "Context": context, "Exten": number, "Priority": "1"}),
        ):
            lines = [f"Action: {name}", *(f"{key}: {value}" for key, value in fields.items())]
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            assert b"Response: Success" in answer, answer
        writer.close()
        await writer.wait_closed()

    def executed(self, channel: str) -> list[tuple[str, str]]:
        """Applications that a channel has run, in order, with what they were given.

        Only since the last start: a new Asterisk gives its channels the old names again.
        """
        log = self._verbose_log.read_bytes()[self._log_from :].decode(errors="replace")
        found = re.findall(r'Executing \[[^\]]*\] (\w+)\("([^"]*)", "(.*)"\)', log)
        return [(application, text) for application, name, text in found if name == channel]

    def last_dial_status(self, channel: str) -> str | None:
        """``DIALSTATUS`` at the end of a channel; ``None`` while the log has not come so far."""
        said = [text for application, text in self.executed(channel) if application == "NoOp"]
        return said[-1].removeprefix("DIALSTATUS=") if said else None

    async def channels(self) -> list[str]:
        """The concise lines of all channels: ``name!context!exten!priority!state!...``."""
        return [line for line in (await self.ask("core show channels concise")).splitlines() if "!" in line]

    async def quiet(self, within_s: float = 5.0) -> None:
        """Hang up whatever is left and wait until no channel is there."""
        if await self.channels():
            await self.ask("channel request hangup all")
        await until(self.is_quiet, "no channels", within_s)

    async def is_quiet(self) -> bool:
        return not await self.channels()

    def thread_spins(self, seconds: float = 0.5) -> bool:
        """Whether a thread of it takes more than 80 % of a core for ``seconds``."""
        before = self._thread_ticks()
        time.sleep(seconds)
        after = self._thread_ticks()
        limit = 0.8 * seconds * os.sysconf("SC_CLK_TCK")
        return any(ticks - before.get(thread, 0) > limit for thread, ticks in after.items())

    def _thread_ticks(self) -> dict[str, int]:
        ticks = {}
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = (task / "stat").read_text().rpartition(")")[2].split()
                ticks[task.name] = int(fields[11]) + int(fields[12])
        return ticks


async def until(predicate: Callable[[], object], what: str, within_s: float = 5.0) -> None:
    """Ask ``predicate`` (plain or async) until it holds; raises ``AssertionError`` naming ``what``."""
    deadline = time.monotonic() + within_s
    while True:
        holds = predicate()
        if asyncio.iscoroutine(holds):
            holds = await holds
        if holds:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come within {within_s} s")
        await asyncio.sleep(0.02)
