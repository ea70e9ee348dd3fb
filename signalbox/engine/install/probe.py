"""The probe that gates a version: started once with a throwaway configuration, it is asked for what we need."""

import asyncio
import contextlib
import secrets
import socket
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from signalbox.engine.configure.modules import ESSENTIAL, WANTED
from signalbox.engine.errors import EngineError
from signalbox.engine.health import EngineHealth
from signalbox.engine.install.apt import Progress
from signalbox.engine.install.errors import InstallCode, InstallError
from signalbox.engine.install.installation import Installation
from signalbox.engine.install.versions import SUPPORTED, AsteriskVersion

RECORD = "probe.json"
BOOT_WITHIN_S = 30.0
_LOADED = (
    *("res_timing_timerfd", "res_pjproject", "res_sorcery_memory", "res_sorcery_realtime", "res_rtp_asterisk"),
    *("res_speech", "res_agi", "app_dial", "app_stack", "bridge_simple", "codec_resample", "codec_ulaw"),
)
"""Loaded by the probe: what works without a configuration of its own, and pulls in the large libraries."""


class ProbeResult(msgspec.Struct, frozen=True):
    """What one version proved; ``missing`` are modules whose absence harms one feature only."""

    version: str
    probed_at: datetime
    missing: list[str]


def once(installation: Installation, record: Path, progress: Progress) -> ProbeResult:
    """Probe ``installation`` unless ``record`` says that it passed; raises ``InstallError`` when it fails."""
    with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
        known = msgspec.json.decode(record.read_bytes(), type=ProbeResult)
        if AsteriskVersion.found_in(known.version) == AsteriskVersion.found_in(installation.version):
            return known
    progress(f"Asterisk: probing {installation.version}")
    result = run(installation)
    draft = record.with_name(f"{record.name}.new")
    draft.write_bytes(msgspec.json.encode(result))
    draft.rename(record)
    if result.missing:
        progress(f"Asterisk: warning: this build lacks {', '.join(result.missing)}")
    return result


def run(installation: Installation) -> ProbeResult:
    """Start ``installation`` on loopback, ask it, and stop it."""
    _require_modules(installation)
    with tempfile.TemporaryDirectory(prefix="signalbox-probe-") as name:
        home = Path(name)
        port, secret = _free_port(), secrets.token_hex(16)
        config = _write_configuration(home, installation, port, secret)
        with (home / "output").open("wb") as output:
            process = subprocess.Popen(
                installation.command(config), stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=home
            )
        try:
            version = asyncio.run(_questioned(port, secret, process))
        except EngineError as error:
            raise _failed(installation, f"{error}{_tail(home)}") from error
        finally:
            _stop(process)
    found = AsteriskVersion.found_in(version)
    if found is None or not found.is_supported:
        raise _failed(installation, f"it calls itself {version}; Signalbox supports {SUPPORTED}")
    missing = [module for module in WANTED if not (installation.modules / f"{module}.so").exists()]
    return ProbeResult(str(found), datetime.now(UTC), missing)


async def _questioned(port: int, secret: str, process: subprocess.Popen[bytes]) -> str:
    health = EngineHealth(port, "probe", secret)
    try:
        await _answering(health, process)
        await health.wait_booted(BOOT_WITHIN_S)
        for module in _LOADED:
            if not await health.has_module(module):
                raise EngineError(f"the module {module} does not load")
        return await health.version()
    finally:
        health.close()


async def _answering(health: EngineHealth, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + BOOT_WITHIN_S
    while True:
        try:
            return await health.ping()
        except EngineError:
            if process.poll() is not None:
                raise EngineError(f"it ended at once with status {process.returncode}") from None
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.05)


def _require_modules(installation: Installation) -> None:
    lacking = [module for module in ESSENTIAL if not (installation.modules / f"{module}.so").exists()]
    if lacking:
        raise _failed(installation, f"it lacks the modules {', '.join(lacking)}")


def _write_configuration(home: Path, installation: Installation, port: int, secret: str) -> Path:
    folders = {name: home / name for name in ("varlib", "db", "key", "agi", "spool", "run", "log", "cache")}
    for folder in folders.values():
        folder.mkdir()
    directories = {f"ast{name}dir": folder for name, folder in folders.items()}
    directories |= {"astetcdir": home, "astmoddir": installation.modules, "astdatadir": installation.data}
    files = {
        "asterisk.conf": ["[directories]", *(f"{key} = {path}" for key, path in directories.items())],
        "modules.conf": ["[modules]", "autoload = no", *(f"load = {module}.so" for module in _LOADED)],
        "logger.conf": ["[general]", "[logfiles]", "console = error"],
        "manager.conf": [
            "[general]", "enabled = yes", "webenabled = no", "bindaddr = 127.0.0.1", f"port = {port}",
            "[probe]", f"secret = {secret}", "read = system,command", "write = system,command,reporting",
        ],
    }  # fmt: skip
    for name, lines in files.items():
        (home / name).write_text("\n".join([*lines, ""]))
    return home / "asterisk.conf"


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _tail(home: Path) -> str:
    lines = (home / "output").read_text(errors="replace").splitlines()[-4:]
    return "".join(f"\n    {line}" for line in lines)


def _failed(installation: Installation, reason: str) -> InstallError:
    where = "the private root" if installation.is_private else installation.program[0]
    problem = f"Asterisk {installation.version} ({where}) did not pass its start-up probe: {reason}"
    cure = "run `signalbox engine rollback`, or remove that version's folder below the engine root and install again"
    if not installation.is_private:
        cure = "mend or remove the Asterisk on the PATH; Signalbox then fetches one of its own"
    return InstallError(InstallCode.PROBE, problem, cure)
