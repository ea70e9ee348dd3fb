"""One frozen settings tree, read once from ``signalbox.toml`` and the environment.

A key ``sip.udp_port`` is overridden by ``SIGNALBOX__SIP__UDP_PORT``. Unknown keys and bad values stop the start with
the whole list of what is wrong. The reference page lists every key; a test compares the two.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]

ENV_PREFIX = "SIGNALBOX__"
_EMERGENCY = re.compile(r"[0-9]{2,11}", re.ASCII)


class SettingsError(Exception):
    """The settings cannot be used; ``problems`` names every one of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Sip(_Section, frozen=True, kw_only=True):
    """SIP and media toward phones."""

    bind: str = "0.0.0.0"  # noqa: S104  phones on the network must reach it
    udp_port: Port = 5060
    tcp_port: Port = 5060
    tls_port: Port = 5061
    wss_port: Port = 8089
    ws_port: Port = 8088
    rtp_start: Port = 10000
    rtp_end: Port = 20000
    external_address: str = ""
    local_networks: tuple[str, ...] = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")
    digest_algorithms: tuple[str, ...] = ("MD5",)
    realm: str = "signalbox"


class Engine(_Section, frozen=True, kw_only=True):
    """Asterisk as a component."""

    root: str = ""
    ami_port: Port = 5038
    agi_port: Port = 4573
    hep_port: Port = 9060
    think_s: Seconds = 5.0
    health_interval_s: Seconds = 2.0
    run_as: str = "nobody"
    systemname: str = "n1"


class Web(_Section, frozen=True, kw_only=True):
    """REST, WebSocket and the console. Plain HTTP listens on loopback only."""

    bind: str = "0.0.0.0"  # noqa: S104  the console is used from other machines
    https_port: Port = 8443
    http_port: Port = 8080
    session_hours: Seconds = 12.0
    hostname: str = ""


class Store(_Section, frozen=True, kw_only=True):
    """The database. Empty means SQLite in the data directory."""

    url: str = ""


class Calls(_Section, frozen=True, kw_only=True):
    """What a call may take."""

    ring_s: Annotated[int, msgspec.Meta(ge=1, le=600)] = 30
    max_hops: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    timezone: str = "UTC"
    emergency_numbers: tuple[str, ...] = ("112", "911")
    emergency_trunk_s: Annotated[int, msgspec.Meta(ge=1, le=120)] = 15

    def __post_init__(self) -> None:
        if any(not _EMERGENCY.fullmatch(number) for number in self.emergency_numbers):
            raise ValueError("emergency_numbers: each has 2 to 11 digits and nothing else")
        try:
            ZoneInfo(self.timezone)
        except (LookupError, OSError, ValueError) as error:
            raise ValueError(
                f"timezone: {self.timezone!r} is no time zone known here; use a name such as Europe/Berlin"
            ) from error


class Retention(_Section, frozen=True, kw_only=True):
    """How much of what grows is kept."""

    events_mb: Annotated[int, msgspec.Meta(ge=1)] = 512
    trace_mb: Annotated[int, msgspec.Meta(ge=1)] = 256
    min_free_mb: Annotated[int, msgspec.Meta(ge=1)] = 200


class Paths:
    """Every file and folder of one installation, derived from its data directory."""

    def __init__(self, data: Path, engine_root: str = "") -> None:
        self.data = data
        self.config_file = data / "signalbox.toml"
        self.secrets = data / "secrets"
        self.store_file = data / "store.db"
        self.engine_root = Path(engine_root) if engine_root else data / "engine"
        self.asterisk = data / "asterisk"
        self.asterisk_etc = self.asterisk / "etc"
        self.publish = data / "publish"
        self.engine_db = self.publish / "engine.db"
        self.routing_db = self.publish / "routing.db"
        self.events = data / "events"
        self.event_log = self.events / "events.log"
        self.steps_log = self.events / "steps.jsonl"
        self.trace = data / "trace"
        self.tls = data / "tls"
        self.ca_cert = self.tls / "ca.pem"
        self.ca_key = self.tls / "ca.key"
        self.server_cert = self.tls / "server.pem"
        self.server_key = self.tls / "server.key"
        self.run = data / "run"
        self.exchange_socket = self.run / "exchange.sock"
        self.worker_socket = self.run / "worker.sock"
        self.log = data / "log"


class Settings(_Section, frozen=True, kw_only=True):
    """The whole tree."""

    data: str
    sip: Sip = Sip()
    engine: Engine = Engine()
    web: Web = Web()
    store: Store = Store()
    calls: Calls = Calls()
    retention: Retention = Retention()

    @property
    def paths(self) -> Paths:
        return Paths(Path(self.data), self.engine.root)

    @property
    def store_url(self) -> str:
        """SQLAlchemy's URL, with the async driver."""
        return self.store.url or f"sqlite+aiosqlite:///{self.paths.store_file}"


def load(data: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read ``data/signalbox.toml`` and the environment.

    Raises ``SettingsError`` with every problem found, each naming its key.
    """
    file = Paths(data).config_file
    try:
        tree = msgspec.toml.decode(file.read_bytes(), type=dict[str, Any]) if file.exists() else {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"{file}: {error}"]) from error
    for name, text in sorted(environ.items()):
        if name.startswith(ENV_PREFIX):
            section, _, key = name.removeprefix(ENV_PREFIX).lower().partition("__")
            tree.setdefault(section, {})[key] = text
    tree["data"] = str(data.resolve())
    return _decode(tree)


def _decode(tree: dict[str, Any]) -> Settings:
    known = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    problems: list[str] = [f"unknown section: {name}" for name in tree if name not in known]
    sections: dict[str, Any] = {}
    for name, content in tree.items():
        if name not in known:
            continue
        if not isinstance(content, dict):
            sections[name] = content
            continue
        sections[name] = _section(name, known[name], content, problems)
    if problems:
        raise SettingsError(problems)
    return Settings(**sections)


def _section(name: str, kind: type[_Section], content: dict[str, Any], problems: list[str]) -> _Section | None:
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    for key, raw in content.items():
        if key not in fields:
            problems.append(f"unknown key: {name}.{key}")
            continue
        try:
            values[key] = msgspec.convert(_listed(raw, fields[key]), fields[key], strict=False)
        except msgspec.ValidationError as error:
            problems.append(f"{name}.{key}: {error}")
    try:
        return kind(**values)
    except ValueError as error:
        problems.append(f"{name}.{error}")
        return None


def _listed(raw: Any, kind: Any) -> Any:  # environment text for a tuple is comma separated
    if isinstance(raw, str) and str(kind).startswith("tuple"):
        return [part.strip() for part in raw.split(",") if part.strip()]
    return raw
