"""The command line as a person meets it: mistakes are told in one message, never as a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def signalbox(data: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "signalbox", *words, "--data", data],
        env={**os.environ, "SIGNALBOX__ENGINE__ROOT": "", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", ["up", "exchange", "web", "worker"])
def test_bad_settings_are_listed_and_stop_the_start(tmp_path: Path, command: str) -> None:
    (tmp_path / "signalbox.toml").write_text("[sip]\nudp_port = 70000\nport = 1\n[fax]\n")
    run = signalbox(tmp_path, command)
    assert run.returncode == 78
    for problem in ("unknown section: fax", "unknown key: sip.port", "sip.udp_port: "):
        assert problem in run.stderr
    assert "What to do:" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = signalbox(tmp_path / "file" / "data", "up")
    assert run.returncode == 78
    assert "Not a directory" in run.stderr
    assert "Traceback" not in run.stderr


def test_two_systems_cannot_share_a_data_directory(tmp_path: Path) -> None:
    import fcntl

    (tmp_path / "run").mkdir()
    with (tmp_path / "run/up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()
        run = signalbox(tmp_path, "up")
    assert run.returncode == 78
    assert f"already running on {tmp_path} (process 4711)" in run.stderr


def test_the_password_of_an_unknown_user_is_not_reset(tmp_path: Path) -> None:
    import asyncio

    from signalbox.settings import Settings
    from signalbox.store.migrate import upgrade

    asyncio.run(upgrade(Settings(data=str(tmp_path))))
    run = signalbox(tmp_path, "admin", "reset-password", "nobody")
    assert run.returncode == 78
    assert "There is no user nobody." in run.stderr


def test_without_anything_installed_the_status_says_so(tmp_path: Path) -> None:
    run = signalbox(tmp_path, "engine", "status", PATH="/nowhere")
    assert run.returncode == 0
    assert run.stdout.splitlines()[-1] == "Signalbox is not running here."


def test_output_that_nobody_reads_to_its_end_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m signalbox doctor --json --data {tmp_path} | true"
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert run.stderr == ""


def test_the_doctor_ends_with_1_when_something_is_to_be_mended(tmp_path: Path) -> None:
    (tmp_path / "signalbox.toml").write_text("[fax]\n")
    run = signalbox(tmp_path, "doctor")
    assert run.returncode == 1
    assert "problem  settings     unknown section: fax" in run.stdout
    assert "What to do: correct signalbox.toml" in run.stdout


def test_a_demo_of_nothing_is_refused(tmp_path: Path) -> None:
    run = signalbox(tmp_path, "demo", "--phones", "1")
    assert run.returncode == 78
    assert "2 to 24 phones" in run.stderr
