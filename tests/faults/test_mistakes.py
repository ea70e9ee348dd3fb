"""``signalbox up`` on a machine that is not as it should be: it names the thing and the cure, and ends at once."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.platform import Platform, free_ports
from tests.faults.disk import small_disk
from tests.faults.house import patience, tell

pytestmark = pytest.mark.fault
WITHIN_S = 10.0

Prepare = Callable[[Platform], contextlib.AbstractContextManager[object]]


@dataclass(frozen=True)
class Mistake:
    """What is wrong, and the words that an operator must read."""

    prepare: Prepare
    words: tuple[str, ...]
    environ: tuple[tuple[str, str], ...] = ()


def port(section: str, key: str) -> Mistake:
    """Let another program hold a port of ours."""

    @contextlib.contextmanager
    def held(platform: Platform) -> Iterator[None]:
        number = getattr(getattr(platform.settings, section), key)
        with socket.create_server(("127.0.0.1", number)):
            yield

    return Mistake(held, ("tcp port", "is taken by", f"process {os.getpid()}", f"{section}.{key}"))


def written(name: str, content: bytes, *words: str) -> Mistake:
    """Find ``content`` in a file of the data directory."""

    @contextlib.contextmanager
    def write(platform: Platform) -> Iterator[None]:
        platform.folder.mkdir(exist_ok=True)
        (platform.folder / name).write_bytes(content)
        yield

    return Mistake(write, words)


def database(url: str, *words: str) -> Mistake:
    return Mistake(lambda _: contextlib.nullcontext(), words, (("SIGNALBOX__STORE__URL", url),))


@contextlib.contextmanager
def folder_for_settings(platform: Platform) -> Iterator[None]:
    (platform.folder / "signalbox.toml").mkdir(parents=True)
    yield


@contextlib.contextmanager
def damaged_pages(platform: Platform) -> Iterator[None]:
    platform.seed(["200"])
    with platform.settings.paths.store_file.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        for page in range(4096, size, 4096):
            file.seek(page)
            file.write(b"\xa5" * 512)
    yield


@contextlib.contextmanager
def damaged_keys(platform: Platform) -> Iterator[None]:
    platform.seed(["200"])
    (platform.settings.paths.secrets / "box.keys").write_bytes(b"\xff\xfe\x00")
    yield


def disk_of(size: str, *words: str) -> Mistake:
    """Keep the data directory on a disk of that size."""
    return Mistake(lambda platform: small_disk(platform.folder, size), words)


SILENT = free_ports(1)[0]


@contextlib.contextmanager
def silent_server(_: Platform) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", SILENT)):  # accepts and says nothing
        yield


MISTAKES = {
    "https port": port("web", "https_port"),
    "ami port": port("engine", "ami_port"),
    "agi port": port("engine", "agi_port"),
    "no database server": database("postgresql+asyncpg://sb@127.0.0.1:1/sb", "store.url", "Start the database server"),
    "silent database server": Mistake(
        silent_server,
        ("store.url", "Start the database server"),
        (("SIGNALBOX__STORE__URL", f"postgresql+asyncpg://sb@127.0.0.1:{SILENT}/sb"),),
    ),
    "no database address": database("nonsense", "store.url"),
    "no database": written("store.db", b"rubbish" * 1000, "store.db", "Restore it from a backup"),
    "damaged database": Mistake(damaged_pages, ("store.db", "Restore it from a backup")),
    "no toml": written("signalbox.toml", b"[sip\nudp_port = 5060", "signalbox.toml"),
    "not text": written("signalbox.toml", b"\xff\xfe\x00[sip]", "signalbox.toml"),
    "unknown keys": written("signalbox.toml", b"[sip]\nudp_prot = 1\n[wbe]\nx = 1\n", "sip.udp_prot", "wbe"),
    "bad values": written(
        "signalbox.toml", b"[sip]\nrtp_start = 70000\n[calls]\nring_s = 0\n", "sip.rtp_start", "calls.ring_s"
    ),
    "settings out of reach": Mistake(folder_for_settings, ("signalbox.toml",)),
    "damaged secrets": Mistake(damaged_keys, ("box.keys", "restore it from a backup")),
    "full disk": disk_of("256k", "store.db", "disk is full", "Free some space"),
    "disk too small to publish": disk_of("512k", "published files", "disk is full", "free space"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_thing_and_its_cure_are_named(tmp_path: Path, name: str) -> None:
    mistake = MISTAKES[name]
    platform = Platform(tmp_path / "data", None, **dict(mistake.environ))
    with mistake.prepare(platform):
        began = time.monotonic()
        run = subprocess.run(
            [sys.executable, "-m", "signalbox", "up", "--data", platform.folder],
            env={**os.environ, **platform._environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        took_s = time.monotonic() - began
    tell(f"up with {name}", took_s=round(took_s, 1))
    print(run.stdout[-2000:], run.stderr[-4000:])
    assert run.returncode == 78
    for word in mistake.words:
        assert word in run.stderr
    assert "What to do:" in run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    assert len(run.stderr) < 1500
    assert took_s < patience(WITHIN_S)
