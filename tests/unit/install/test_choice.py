"""Which Asterisk and which mirror are chosen."""

from pathlib import Path

import pytest

from signalbox.engine.install.installation import on_path
from signalbox.engine.install.mirror import called_debian, guessed
from signalbox.engine.install.versions import AsteriskVersion, folder_name


@pytest.mark.parametrize(
    ("text", "version", "is_supported"),
    [
        ("Asterisk 22.10.1~dfsg+~cs6.17", "22.10.1", True),
        ("1:22.10.1+dfsg+~cs6.17.60671434-1", "22.10.1", True),
        ("Asterisk 22.10.0", "22.10.0", False),
        ("Asterisk 22.11.3", "22.11.3", True),
        ("Asterisk 23.0.0", "23.0.0", False),
        ("Asterisk 20.15.2", "20.15.2", False),
    ],
)
def test_supported_versions(text: str, version: str, is_supported: bool) -> None:
    found = AsteriskVersion.found_in(text)
    assert found is not None
    assert (str(found), found.is_supported) == (version, is_supported)


def test_a_branch_build_has_no_version() -> None:
    assert AsteriskVersion.found_in("Asterisk GIT-master-abc") is None


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("1:22.10.1+dfsg+~cs6.17.60671434-1", "22.10.1-1"),
        ("1:22.10.1~dfsg-2+b1", "22.10.1-2+b1"),
        ("22.11.0", "22.11.0"),
        ("odd/..version", "odd_..version"),
    ],
)
def test_folder_names(package: str, name: str) -> None:
    assert folder_name(package) == name


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    (tmp_path / "usr/lib/x86_64-linux-gnu/asterisk/modules").mkdir(parents=True)
    (tmp_path / "usr/lib/x86_64-linux-gnu/asterisk/modules/chan_pjsip.so").touch()
    (tmp_path / "usr/share/asterisk").mkdir(parents=True)
    (tmp_path / "usr/sbin").mkdir()
    return tmp_path


def _program(machine: Path, says: str) -> str:
    program = machine / "usr/sbin/asterisk"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return str(program.parent)


def test_a_supported_asterisk_of_the_machine_is_used(machine: Path) -> None:
    found = on_path(_program(machine, "Asterisk 22.10.1"), machine)
    assert found is not None
    assert (found.version, found.label, found.is_private) == ("22.10.1", "system-22.10.1", False)
    assert found.modules == machine / "usr/lib/x86_64-linux-gnu/asterisk/modules"
    assert found.command(Path("/a.conf"))[1:] == ["-f", "-C", "/a.conf"]


@pytest.mark.parametrize("says", ["Asterisk 20.5.0", "Asterisk 23.1.0", "something else 22.10.1", ""])
def test_an_unsupported_asterisk_of_the_machine_is_left_alone(machine: Path, says: str) -> None:
    assert on_path(_program(machine, says), machine) is None


def test_an_asterisk_without_its_modules_is_left_alone(machine: Path) -> None:
    folder = _program(machine, "Asterisk 22.10.1")
    (machine / "usr/lib/x86_64-linux-gnu/asterisk/modules/chan_pjsip.so").unlink()
    assert on_path(folder, machine) is None


def test_the_repository_that_calls_itself_debian_is_the_mirror() -> None:
    lines = [
        "https://vendor.example/apt/|Vendor|Vendor|main",
        "http://mirror.example/debian-security/|Debian|Debian-Security|main",
        "http://mirror.example/debian/|Debian|Debian|contrib",
        "http://mirror.example/debian/|Debian|Debian|main",
    ]
    assert called_debian(lines) == "http://mirror.example/debian/"
    assert called_debian(lines[:3]) is None


def test_before_the_first_update_the_mirror_is_known_by_its_suites() -> None:
    lines = [
        "'https://vendor.example/linux/debian/dists/bookworm/InRelease' vendor_InRelease 0 ",
        "'http://mirror.example/debian-security/dists/bookworm-security/InRelease' security_InRelease 0 ",
        "'http://mirror.example/debian/dists/bookworm/InRelease' mirror_InRelease 0 ",
        "'http://mirror.example/debian/dists/bookworm-updates/InRelease' updates_InRelease 0 ",
        "'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' packages 0 ",
    ]
    assert guessed(lines, "bookworm") == "http://mirror.example/debian/"
    assert guessed(lines[1:2], "bookworm") is None
    assert guessed([], "bookworm") is None
