"""Processes that are killed come back; Asterisk outlives its supervisor, and its ends stand in the event log."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.platform import Platform
from signalbox import upkeep
from signalbox.kernel.process import Identity

pytestmark = pytest.mark.fault
OURS = ("exchange", "worker", "web")


def until(predicate: Callable[[], bool], within_s: float = 30.0) -> float:
    """Ask often; gives the seconds it took."""
    began = time.monotonic()
    while not predicate():
        assert time.monotonic() - began < within_s, "it did not come true in time"
        time.sleep(0.01)
    return time.monotonic() - began


def state(platform: Platform, name: str) -> dict[str, object]:
    """Ask the supervisor how a process stands."""
    answer = asyncio.run(upkeep.asked(platform.settings, "status"))
    assert answer is not None
    found: dict[str, object] = answer["processes"][name]
    return found


def marks(platform: Platform) -> list[str]:
    lines = platform.settings.paths.event_log.read_bytes().splitlines()
    return [json.loads(line)["event"] for line in lines if line.startswith(b"{")]


def reaped(platform: Platform) -> None:
    """Take note of the supervisor's end, before another is started in its place."""
    assert platform._process is not None
    platform._process.wait(30)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    one = Platform(tmp_path_factory.mktemp("supervision"))
    one.start()
    yield one
    one.stop()


@pytest.mark.parametrize("name", OURS)
def test_a_killed_process_of_ours_is_started_again_at_once(platform: Platform, name: str) -> None:
    before = platform.pids
    os.kill(before[name], signal.SIGKILL)
    until(lambda: platform.pids.get(name) not in (None, before[name]), within_s=2.0)
    until(lambda: state(platform, name)["state"] == "ready")
    assert platform.pids["asterisk"] == before["asterisk"]


def test_a_killed_asterisk_is_started_again_and_the_log_says_so(platform: Platform) -> None:
    before = platform.pids["asterisk"]
    known = len(marks(platform))
    os.kill(before, signal.SIGKILL)
    until(lambda: state(platform, "asterisk")["pid"] not in (None, before), within_s=5.0)
    until(lambda: state(platform, "asterisk")["state"] == "ready")
    assert marks(platform)[known:] == ["ENGINE_EXITED", "ENGINE_STARTED"]


def test_a_frozen_asterisk_is_replaced(platform: Platform) -> None:
    before = platform.pids["asterisk"]
    os.kill(before, signal.SIGSTOP)
    until(lambda: state(platform, "asterisk")["pid"] not in (None, before), within_s=90.0)
    until(lambda: state(platform, "asterisk")["state"] == "ready")
    assert Identity.of(before) is None


def test_a_killed_supervisor_takes_ours_along_and_the_next_adopts_asterisk(platform: Platform) -> None:
    before = platform.pids
    known = marks(platform)
    os.kill(before["supervisor"], signal.SIGKILL)
    reaped(platform)
    until(lambda: not set(platform.pids) & set(OURS), within_s=5.0)
    asterisk = Identity.of(before["asterisk"])
    assert asterisk is not None
    platform.start()
    assert asterisk.is_running
    assert state(platform, "asterisk")["adopted"] is True
    assert state(platform, "asterisk")["pid"] == before["asterisk"]
    assert marks(platform) == known


def test_a_stop_leaves_nothing_running(platform: Platform) -> None:
    pids = platform.pids
    os.kill(pids["supervisor"], signal.SIGTERM)
    reaped(platform)
    until(lambda: not [pid for pid in pids.values() if Identity.of(pid) is not None])
    assert marks(platform)[-1] == "ENGINE_EXITED"
    assert not (platform.settings.paths.run / "asterisk.pid").exists()
    platform.start()


def test_a_taken_port_stops_the_start_with_its_name_and_cure(tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", platform.settings.sip.udp_port))
        run = subprocess.run(
            [sys.executable, "-m", "signalbox", "up", "--data", tmp_path],
            env={**os.environ, **platform._environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert run.returncode == 78
    assert f"udp port {platform.settings.sip.udp_port} is taken by" in run.stderr
    assert "sip.udp_port in signalbox.toml" in run.stderr
    assert "Traceback" not in run.stderr
    assert "Password" in run.stdout  # what is told once is told also when the start fails
