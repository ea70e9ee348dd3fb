"""What was installed is recorded and used again without a network, also when the private root was damaged."""

import multiprocessing
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from signalbox.engine.install import (
    InstallCode,
    InstallError,
    apt,
    current,
    install,
    installation,
    installer,
    packages,
    previous,
    probe,
    switch_to,
)

PROGRAM = "root/usr/sbin/asterisk"
Build = Callable[[str], Path]


@pytest.fixture
def root(build: Build, tmp_path: Path) -> Path:
    build("22.10.1-1")
    installer.point(tmp_path, installer.CURRENT, "22.10.1-1")
    return tmp_path


@pytest.mark.usefixtures("offline")
def test_a_recorded_root_is_used_again_without_a_network(root: Path, said: list[str]) -> None:
    first = install(root, said.append)
    assert (first.version, first.label, first.is_private) == ("22.10.1", "22.10.1-1", True)
    assert said == ["Asterisk: probing 22.10.1"]
    said.clear()
    assert install(root, said.append) == first
    assert said == []
    assert current(root) == first


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("damage", ["removed", "cut", "gone"])
def test_a_damaged_root_is_rebuilt_from_its_packages(root: Path, said: list[str], damage: str) -> None:
    file = root / "22.10.1-1" / PROGRAM
    match damage:
        case "removed":
            file.unlink()
        case "cut":
            file.write_bytes(b"")
        case _:
            shutil.rmtree(root / "22.10.1-1" / "root")
    install(root, said.append)
    assert file.read_text() == "asterisk 1.0"
    assert any("rebuilding it from the kept packages" in line for line in said)
    assert said[-1] == "Asterisk: probing 22.10.1"  # what was rebuilt is probed anew


@pytest.mark.usefixtures("offline")
def test_damaged_packages_are_never_unpacked(root: Path, said: list[str]) -> None:
    (root / "22.10.1-1" / PROGRAM).unlink()
    deb = next((root / "22.10.1-1/debs").glob("asterisk_*.deb"))
    deb.write_bytes(deb.read_bytes() + b"more")
    with pytest.raises(AssertionError, match="the network was asked"):
        install(root, said.append)
    assert "fetching again" in said[-1]
    assert not (root / "22.10.1-1" / PROGRAM).exists()


def test_the_voice_link_is_made(root: Path) -> None:
    found = current_private(root)
    assert (found.sounds / "en").readlink() == Path("en_US_f_Allison")
    assert (found.sounds / "en/hello.gsm").exists()


def test_a_private_root_runs_by_its_own_loader(root: Path) -> None:
    found = current_private(root)
    home = root / "22.10.1-1/root/usr"
    assert found.command(Path("/etc/a.conf")) == [
        str(home / "lib64/ld-linux-x86-64.so.2"),
        *("--inhibit-cache", "--library-path", str(home / "lib/x86_64-linux-gnu")),
        str(home / "sbin/asterisk"),
        *("-f", "-C", "/etc/a.conf"),
    ]
    assert found.console(Path("/etc/a.conf"), "core show uptime")[-2:] == ["-rx", "core show uptime"]


def test_an_interrupted_unpacking_leaves_the_old_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = root / "22.10.1-1"

    def full(*_: object) -> None:
        raise InstallError(InstallCode.DISK_FULL, "full", "free some")

    monkeypatch.setattr(packages, "_unpack", full)
    with pytest.raises(InstallError):
        packages.extract(folder, lambda _text: None)
    record = packages.read_record(folder)
    assert record is not None
    assert packages.is_whole(folder, record)


@pytest.mark.usefixtures("offline")
def test_an_upgrade_is_gone_back_from_and_to(root: Path, build: Build) -> None:
    build("22.10.1-2")
    with pytest.raises(InstallError) as caught:
        previous(root)
    assert caught.value.code is InstallCode.NOTHING_TO_ROLL_BACK
    assert switch_to(root, "22.10.1-2").label == "22.10.1-2"
    assert previous(root).label == "22.10.1-1"
    switch_to(root, previous(root).label)
    assert install(root, lambda _text: None).label == "22.10.1-1"
    assert previous(root).label == "22.10.1-2"


def test_other_libraries_make_another_root(root: Path) -> None:
    files = [path.name for path in (root / "22.10.1-1/debs").iterdir()]
    assert installer._label(root, "22.10.1-1", files) == "22.10.1-1"
    assert installer._label(root, "22.10.1-1", [*files, "libssl3_3.6.6_amd64.deb"]) == "22.10.1-1.1"


def _hold(root: Path, has_it: "multiprocessing.synchronize.Event", may_go: "multiprocessing.synchronize.Event") -> None:
    with installer.exclusive(root):
        has_it.set()
        may_go.wait(10)
        (root / "done").touch()


def test_two_installations_do_not_run_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    has_it, may_go = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path, has_it, may_go))
    other.start()
    assert has_it.wait(20)
    may_go.set()
    with installer.exclusive(tmp_path):
        assert (tmp_path / "done").exists()
    other.join()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InstallError, match="cannot be written: Not a directory") as caught:
        install(tmp_path / "file" / "engine", lambda _text: None)
    assert caught.value.code is InstallCode.NOT_PERMITTED


def test_a_build_that_lacks_modules_does_not_pass(root: Path) -> None:
    with pytest.raises(InstallError, match=r"lacks the modules .*res_pjsip") as caught:
        probe.run(current_private(root))
    assert caught.value.code is InstallCode.PROBE


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ("E: Failed to fetch x  Could not resolve 'mirror'", InstallCode.UNREACHABLE),
        ("W: GPG error: http://mirror sid InRelease: NO_PUBKEY 12\nE: is not signed.", InstallCode.SIGNATURE),
        ("E: Write error - write (28: No space left on device)", InstallCode.DISK_FULL),
        ("E: You don't have enough free space in /x/archives/.", InstallCode.DISK_FULL),
        ("E: Unable to locate package asterisk", InstallCode.PACKAGES),
        ("E: Could not open lock file - open (13: Permission denied)", InstallCode.NOT_PERMITTED),
    ],
)
def test_what_apt_says_gets_a_name_and_a_cure(tmp_path: Path, output: str, code: InstallCode) -> None:
    error = apt.PrivateApt(tmp_path, "http://mirror.example/debian/")._error(f"Reading...\n{output}\n")
    assert error.code is code
    assert output.splitlines()[-1] in error.problem
    assert error.cure


def current_private(root: Path) -> installation.Installation:
    found = installer.recorded(root, installer.CURRENT)
    assert found is not None
    return found
