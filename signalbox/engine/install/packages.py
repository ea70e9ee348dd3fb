"""Package files on disk: what was installed is recorded with checksums, checked, and rebuilt without a network."""

import hashlib
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from signalbox.engine.install.apt import Progress
from signalbox.engine.install.errors import InstallCode, InstallError

RECORD = "installed.json"
_PREFERRED_VOICE = "en_US_f_Allison"


class Package(msgspec.Struct, frozen=True):
    """One package file as it was installed."""

    file: str
    sha256: str


class Record(msgspec.Struct, frozen=True):
    """What one private root was made of; ``tree`` is a checksum of every file's path and size."""

    version: str
    package_version: str
    architecture: str
    installed_at: datetime
    packages: list[Package]
    tree: str


def read_record(folder: Path) -> Record | None:
    """Read the record of ``folder``, or nothing when there is none that can be used."""
    try:
        return msgspec.json.decode((folder / RECORD).read_bytes(), type=Record)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None


def sha256(file: Path) -> str:
    """Sum a file of any size."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def tree_sum(root: Path) -> str:
    """Sum the path and size of every file below ``root``: cheap enough for each start, and it sees a lost file."""
    entries = []
    for folder, _, files in os.walk(root):
        for name in files:
            path = os.path.join(folder, name)  # noqa: PTH118  ten thousand files at each start
            entries.append(f"{path.removeprefix(str(root))} {os.lstat(path).st_size}")
    return hashlib.sha256("\n".join(sorted(entries)).encode()).hexdigest()


def is_whole(folder: Path, record: Record) -> bool:
    """Tell whether the private root in ``folder`` is as it was recorded."""
    return (folder / "root").is_dir() and tree_sum(folder / "root") == record.tree


def debs_are_whole(folder: Path, record: Record) -> bool:
    """Tell whether the kept package files are all there and unchanged."""
    files = [(folder / "debs" / package.file, package.sha256) for package in record.packages]
    return all(path.is_file() and sha256(path) == wanted for path, wanted in files)


def extract(folder: Path, progress: Progress) -> None:
    """Build ``folder/root`` from ``folder/debs`` beside the old one and then take its place."""
    building, old = folder / "root.new", folder / "root.old"
    for leftover in (building, old):
        shutil.rmtree(leftover, ignore_errors=True)
    building.mkdir(parents=True)
    debs = sorted((folder / "debs").glob("*.deb"))
    progress(f"Asterisk: unpacking {len(debs)} packages")
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for _ in pool.map(lambda deb: _unpack(deb, building), debs):
            pass
    _link_voice(building)
    if (folder / "root").exists():
        (folder / "root").rename(old)
    building.rename(folder / "root")
    shutil.rmtree(old, ignore_errors=True)


def write_record(folder: Path, version: str, package_version: str, architecture: str) -> Record:
    """Record what ``folder`` holds now."""
    debs = sorted((folder / "debs").glob("*.deb"))
    record = Record(
        version=version,
        package_version=package_version,
        architecture=architecture,
        installed_at=datetime.now(UTC),
        packages=[Package(deb.name, sha256(deb)) for deb in debs],
        tree=tree_sum(folder / "root"),
    )
    temporary = folder / f"{RECORD}.new"
    temporary.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1))
    temporary.rename(folder / RECORD)
    return record


def _unpack(deb: Path, root: Path) -> None:
    run = subprocess.run(["dpkg-deb", "-x", str(deb), str(root)], capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return
    if "No space left" in run.stderr:
        problem = f"The disk is full: {deb.name} could not be unpacked."
        raise InstallError(InstallCode.DISK_FULL, problem, f"free about 400 MB below {root.parent}, then try again")
    problem = f"The package {deb.name} could not be unpacked: {run.stderr.strip()}"
    raise InstallError(InstallCode.PACKAGES, problem, f"remove {root.parent} and install again")


def _link_voice(root: Path) -> None:
    """Make ``sounds/en``, which the sound package's own installation would make; without it prompts are silent."""
    sounds = root / "usr/share/asterisk/sounds"
    voices = sorted(path.name for path in sounds.glob("en_*") if path.is_dir())
    if voices and not (sounds / "en").exists():
        voice = _PREFERRED_VOICE if _PREFERRED_VOICE in voices else voices[0]
        (sounds / "en").symlink_to(voice)
