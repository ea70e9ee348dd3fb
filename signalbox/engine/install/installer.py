"""Install Asterisk: choose the machine's own, reuse a recorded private root, or fetch one; then gate it by a probe."""

import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from signalbox.engine.install import installation as places
from signalbox.engine.install import packages, probe
from signalbox.engine.install.apt import SUITE, PrivateApt, Progress
from signalbox.engine.install.errors import InstallCode, InstallError
from signalbox.engine.install.installation import Installation
from signalbox.engine.install.mirror import debian_mirror
from signalbox.engine.install.versions import SUPPORTED, AsteriskVersion, folder_name

CURRENT = "current"
PREVIOUS = "previous"
_NEEDED_BYTES = 700 * 1024 * 1024


def current(engine_root: Path) -> Installation | None:
    """Tell which Asterisk would run, without a network and without changing anything."""
    return places.on_path() or recorded(engine_root, CURRENT)


def install(engine_root: Path, progress: Progress) -> Installation:
    """Make sure that a supported and probed Asterisk is there, and tell which.

    A second run needs no network: a damaged private root is rebuilt from its kept packages. Raises ``InstallError``.
    """
    with exclusive(engine_root):
        if (found := places.on_path()) is not None:
            try:
                probe.once(found, engine_root / f"{found.label}.probe.json", progress)
            except InstallError as error:
                progress(f"Asterisk: the one on the PATH is not used: {error.problem}")
            else:
                return found
        ready = _mended(engine_root, progress) or fetch(engine_root, progress)
        probe.once(ready, engine_root / ready.label / probe.RECORD, progress)
        if not (engine_root / CURRENT).exists():
            point(engine_root, CURRENT, ready.label)
        return ready


def recorded(engine_root: Path, link: str) -> Installation | None:
    """Give the private root that ``link`` points to."""
    folder = (engine_root / link).resolve()
    record = packages.read_record(folder)
    return None if record is None else places.private(folder, record.version)


def point(engine_root: Path, link: str, label: str) -> None:
    """Let ``link`` name the private root ``label``, in one step."""
    temporary = engine_root / f".{link}.new"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(label)
    temporary.rename(engine_root / link)


def fetch(engine_root: Path, progress: Progress) -> Installation:
    """Fetch Debian's Asterisk into a folder of its own; one that is there already and whole is given as it is."""
    _require_space(engine_root)
    apt = PrivateApt(engine_root / "apt", debian_mirror())
    apt.update(progress)
    candidate = apt.candidate()
    version = AsteriskVersion.found_in(candidate)
    if version is None or not version.is_supported:
        problem = f"Debian's suite {SUITE} carries Asterisk {candidate}; Signalbox supports {SUPPORTED}."
        cure = "update Signalbox, or install a supported Asterisk yourself so that `asterisk` is on the PATH"
        raise InstallError(InstallCode.VERSION, problem, cure)
    debs = apt.download(progress)
    label = _label(engine_root, folder_name(candidate), [deb.name for deb in debs])
    folder = engine_root / label
    record = packages.read_record(folder)
    if record is None or not packages.is_whole(folder, record):
        _build(folder, debs, str(version), candidate, progress)
    ready = places.private(folder, str(version))
    if ready is None:
        problem = f"Debian's Asterisk {candidate} lacks its program, loader or modules."
        raise InstallError(InstallCode.PACKAGES, problem, "try again later, or install Asterisk 22 yourself")
    return ready


@contextlib.contextmanager
def exclusive(engine_root: Path) -> Iterator[None]:
    """Let one process at a time change the engine root; the others wait for it to end."""
    try:
        engine_root.mkdir(parents=True, exist_ok=True)
        lock = (engine_root / ".lock").open("w")
    except OSError as error:
        cure = "make it belong to the user who runs Signalbox, or set engine.root to a folder that does"
        problem = f"The folder {engine_root} for Asterisk cannot be written: {error.strerror}."
        raise InstallError(InstallCode.NOT_PERMITTED, problem, cure) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _mended(engine_root: Path, progress: Progress) -> Installation | None:
    folder = (engine_root / CURRENT).resolve()
    record = packages.read_record(folder)
    if record is None:
        return None
    if not packages.is_whole(folder, record):
        if not packages.debs_are_whole(folder, record):
            progress("Asterisk: the private root and its packages are damaged; fetching again")
            return None
        progress("Asterisk: the private root is damaged; rebuilding it from the kept packages")
        packages.extract(folder, progress)
        packages.write_record(folder, record.version, record.package_version, record.architecture)
        (folder / probe.RECORD).unlink(missing_ok=True)
    return places.private(folder, record.version)


def _label(engine_root: Path, name: str, files: list[str]) -> str:
    """Name the folder: the same Asterisk with other libraries is another root, so that it can be rolled back."""
    for label in (name, *(f"{name}.{number}" for number in range(1, 100))):
        record = packages.read_record(engine_root / label)
        if record is None or {package.file for package in record.packages} == set(files):
            return label
    raise AssertionError(name)


def _build(folder: Path, debs: list[Path], version: str, package_version: str, progress: Progress) -> None:
    building = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(building, ignore_errors=True)
    (building / "debs").mkdir(parents=True)
    for deb in debs:
        _link_or_copy(deb, building / "debs" / deb.name)
    packages.extract(building, progress)
    packages.write_record(building, version, package_version, _architecture())
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _architecture() -> str:
    run = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def _require_space(engine_root: Path) -> None:
    free = shutil.disk_usage(engine_root).free
    if free < _NEEDED_BYTES:
        problem = f"The disk is full: {free // 2**20} MB are free below {engine_root}, Asterisk needs 700 MB."
        raise InstallError(InstallCode.DISK_FULL, problem, "free space there, or set engine.root to another disk")
