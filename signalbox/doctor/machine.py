"""Checks of the machine: Python, disk, limits, time zone, ports."""

import os
import resource
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zoneinfo import ZoneInfo

from signalbox.doctor.model import Check, note, ok, problem, warning
from signalbox.engine import process as engine_process
from signalbox.engine.configure.core import WANTED_FILES
from signalbox.kernel.ports import Port, holders, trouble
from signalbox.services import ports as our_ports
from signalbox.settings import Settings

OLDEST_PYTHON = (3, 11)
FEW_FILES = 4096
_PACKAGES = ("litestar", "sqlalchemy", "alembic", "cryptography", "uvloop", "uvicorn", "websockets")


def python() -> Iterator[Check]:
    """Is this Python new enough, and are the packages there?"""
    found = sys.version.split()[0]
    if sys.version_info < OLDEST_PYTHON:
        yield problem("python", f"Python {found} is too old.", "install Python 3.11 or newer")
        return
    lacking = [name for name in _PACKAGES if not _is_installed(name)]
    if lacking:
        cure = "run `make run`, which installs what requirements.lock names"
        yield problem("python", f"Python {found} lacks {', '.join(lacking)}.", cure)
    else:
        yield ok("python", f"Python {found}")


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def data_directory(settings: Settings) -> Iterator[Check]:
    """Is there a data directory that we may write?"""
    data = settings.paths.data
    if not data.exists():
        yield note("data", f"{data} is not there yet.", "the first `signalbox up` makes it")
    elif not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield problem("data", f"{data} cannot be written.", "let the user who runs Signalbox own it and all in it")
    else:
        yield ok("data", str(data))


def disk(settings: Settings) -> Iterator[Check]:
    """Is there room for what is kept, and for what must never stop being written?"""
    folder = next(each for each in (settings.paths.data, *settings.paths.data.parents) if each.exists())
    free_mb = shutil.disk_usage(folder).free // 2**20
    kept = settings.retention
    cure = "free space on that disk, or move the data directory (--data) to another"
    if free_mb < kept.min_free_mb:
        found = (
            f"{free_mb} MB free; below retention.min_free_mb ({kept.min_free_mb}) traces stop and old logs are dropped."
        )
        yield problem("disk", found, cure)
    elif free_mb < kept.min_free_mb + kept.events_mb + kept.trace_mb:
        found = f"{free_mb} MB free, which the event log and the trace may fill up (retention.*)."
        yield warning("disk", found, cure)
    else:
        yield ok("disk", f"{free_mb / 1024:.1f} GB free")


def file_limit() -> Iterator[Check]:
    """May a process open enough files? A call takes 2 to 4 of Asterisk, a console one of ours."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= WANTED_FILES:
        yield ok("files", f"up to {'any number of' if hard == resource.RLIM_INFINITY else hard} open files a process")
        return
    cure = f"raise the limit to {WANTED_FILES} (LimitNOFILE= of the service, or ulimit -Hn)"
    found = f"A process may open {hard} files: about {hard // 5} calls at a time."
    yield problem("files", found, cure) if hard < FEW_FILES else warning("files", found, cure)


def time_zone(settings: Settings, now: datetime, localtime: Path = Path("/etc/localtime")) -> Iterator[Check]:
    """Is the time that callers hear and schedules follow the one that people here expect?"""
    zone = settings.calls.timezone
    told = f"{now.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} in {zone}"
    machine = _zone_of(localtime)
    if machine and machine != zone and machine not in ("Etc/UTC", "UTC"):
        yield warning(
            "time", f"Callers hear {told}; this machine lives in {machine}.", "set calls.timezone to your zone"
        )
    elif zone == "UTC":
        yield note("time", f"Callers hear {told}.", "set calls.timezone to your zone, such as Europe/Berlin")
    else:
        yield ok("time", told)


def _zone_of(localtime: Path) -> str:
    """The zone's name, empty when the machine does not say."""
    _, found, name = str(localtime.resolve()).partition("/zoneinfo/")
    return name if found else ""


def ports(settings: Settings, running: Mapping[str, int] | None) -> Iterator[Check]:
    """Are the ports free, or held by our own processes (``running``: their ids by name)?"""
    wanted = list(dict.fromkeys((*engine_process.ports(settings), *our_ports(settings))))
    ours = set((running or {}).values())
    troubles = {port: told for port in wanted if (told := trouble(port))}
    foreign = {port: told for port, told in troubles.items() if not _is_ours(port, ours)}
    for port, told in foreign.items():
        cure = f"stop the program that uses it, or set another number for {port.setting} in signalbox.toml"
        yield problem("ports", told, cure)
    unused = [port for port in wanted if ours and port not in troubles]
    if unused:
        cure = "if it was started with settings in its environment, look with the same; else see log/ of the data"
        yield problem("ports", f"Signalbox runs, but nobody listens on {_listed(unused)}.", cure)
    if not foreign and not unused:
        yield ok("ports", f"{_listed(wanted)}: {'ours' if ours else 'free'}")


def _is_ours(port: Port, ours: set[int]) -> bool:
    held_by = holders(port)
    # Of other users' processes nobody may know who holds what: a running system without a complaint holds its ports.
    return bool(ours) and (not held_by or bool(ours & held_by.keys()))


def _listed(wanted: Sequence[Port]) -> str:
    return ", ".join(f"{port.number}/{port.kind}" for port in wanted)
