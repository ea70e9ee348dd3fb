"""Tiny real Debian packages that look like Asterisk's, and an engine root made of them."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from signalbox.engine.install import installation, installer, packages, probe

PARTS = {
    "asterisk": ("usr/sbin/asterisk",),
    "asterisk-modules": ("usr/lib/x86_64-linux-gnu/asterisk/modules/chan_pjsip.so",),
    "libc6": ("usr/lib64/ld-linux-x86-64.so.2",),
    "asterisk-core-sounds-en-gsm": ("usr/share/asterisk/sounds/en_US_f_Allison/hello.gsm",),
}


def make_deb(folder: Path, name: str, files: tuple[str, ...], version: str = "1.0") -> Path:
    tree = folder / f"{name}.tree"
    (tree / "DEBIAN").mkdir(parents=True)
    control = f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Nobody\nDescription: a test\n"
    (tree / "DEBIAN/control").write_text(control)
    for file in files:
        (tree / file).parent.mkdir(parents=True, exist_ok=True)
        (tree / file).write_text(f"{name} {version}")
    deb = folder / f"{name}_{version}_all.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, deb], check=True, capture_output=True)
    return deb


@pytest.fixture(scope="session")
def debs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("debs")
    return [make_deb(folder, name, files) for name, files in PARTS.items()]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Asterisk on the PATH, no mirror, and a probe that passes: what is left is the recorded root."""

    def no_network(*_: object) -> None:
        raise AssertionError("the network was asked")

    def passed(each: installation.Installation) -> probe.ProbeResult:
        return probe.ProbeResult(each.version, datetime.now(UTC), [])

    monkeypatch.setattr(installation, "on_path", lambda: None)
    monkeypatch.setattr(installer, "fetch", no_network)
    monkeypatch.setattr(probe, "run", passed)


@pytest.fixture
def build(tmp_path: Path, debs: list[Path]) -> Callable[[str], Path]:
    """Build a private root of the tiny packages, as a fetch would."""

    def make(label: str) -> Path:
        folder = tmp_path / label
        (folder / "debs").mkdir(parents=True)
        for deb in debs:
            (folder / "debs" / deb.name).write_bytes(deb.read_bytes())
        packages.extract(folder, lambda _text: None)
        packages.write_record(folder, "22.10.1", "1:22.10.1+dfsg-1", "amd64")
        return folder

    return make
