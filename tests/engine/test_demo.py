"""The demo on a running system: its calls are real, end as their script says, and nothing of it is left behind."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench.platform import Platform
from signalbox.features.demo.model import Act, Kind, Person
from signalbox.features.demo.site import Site
from signalbox.features.demo.theatre import Theatre
from signalbox.kernel.link import connected
from signalbox.kernel.secrets import Secrets
from signalbox.store.database import Store
from tests.engine.phones import Phone, Place

pytestmark = pytest.mark.engine

SCRIPT = {
    "201": (Act(Kind.TALK, "201", "202", ring_s=0.5, talk_s=1.5), "answered"),
    "203": (Act(Kind.HOLD, "203", "204", ring_s=0.5, talk_s=2.0, hold_s=1.0, callee_ends=True), "answered"),
    "205": (Act(Kind.BUSY, "205", "206"), "busy"),
    "207": (Act(Kind.REJECTED, "207", "208", ring_s=0.5), "failed"),
    "209": (Act(Kind.NO_ANSWER, "209", "210", ring_s=1.5), "cancelled"),
    "211": (Act(Kind.ECHO, "211", "*43", talk_s=2.0), "answered"),
}
"""One act of each kind, all at once, and how the call records must tell of them."""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running = Platform(tmp_path_factory.mktemp("demo"))
    running.start()
    yield running
    running.stop()


def rows(platform: Platform, query: str) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(f"file:{platform.settings.paths.store_file}?mode=ro", uri=True)
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


async def until(happened: Callable[[], bool], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not happened():  # noqa: ASYNC110  asked of others' files and links
            await asyncio.sleep(0.05)


class Watched(Theatre):
    """A theatre that notes how much each side of each call heard."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.heard: dict[str, int] = {}

    async def play_all(self, acts: list[Act]) -> None:
        for act in acts:
            self._begin(act)
        while self.played < len(acts):
            for phone in self.phones.values():
                for dialog in phone.dialogs.values():
                    self.heard[phone.number] = max(self.heard.get(phone.number, 0), dialog.stream.received)
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def opened(platform: Platform, count: int) -> AsyncIterator[Watched]:
    """A theatre whose phones are registered and do nothing yet."""
    settings = platform.settings
    store = Store.open(settings)
    async with connected(settings.paths.exchange_socket, 10.0) as link:
        site = Site(store, Secrets.open(settings.paths.secrets).box, link, settings.paths.run / "demo.json")
        people: list[Person] = await site.make(count, "127.0.0.1")
        theatre = Watched(("127.0.0.1", settings.sip.udp_port), people, Random(0), count, lambda _: None)
        try:
            await theatre.open()
            assert theatre.registered == count, theatre.problem
            yield theatre
        finally:
            await theatre.close()
            await site.remove()
            await store.close()


async def test_every_kind_of_call_is_what_it_says(platform: Platform) -> None:
    async with opened(platform, 12) as theatre, asyncio.timeout(60):
        await theatre.play_all([act for act, _ in SCRIPT.values()])

    for number in ("201", "202", "203", "204", "211"):  # 50 packets a second and side
        assert theatre.heard[number] > 25, theatre.heard
    ended = "SELECT from_number, disposition FROM call_records"
    await until(lambda: len(rows(platform, ended)) == len(SCRIPT))
    assert dict(rows(platform, ended)) == {caller: disposition for caller, (_, disposition) in SCRIPT.items()}


async def test_a_visitor_is_answered_and_hears_a_voice(platform: Platform) -> None:
    place = Place(udp=platform.settings.sip.udp_port)
    async with opened(platform, 2), Phone(place, "100", platform.secret("100")) as visitor:
        call = await visitor.call("201")
        await call.answered(15.0)
        assert await call.audio.notices(lambda: call.audio.loudness() > 300, 10.0)
        await call.hang_up()


def start(platform: Platform, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "signalbox", "demo", "--data", str(platform.folder), *words]
    return subprocess.Popen(
        command,
        env={**os.environ, **platform._environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(process: subprocess.Popen[str], pattern: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if re.search(pattern, line):
            return line
    raise AssertionError(f"it ended without {pattern!r}")


def test_ctrl_c_leaves_nothing_behind(platform: Platform) -> None:
    before = rows(platform, "SELECT number FROM extensions ORDER BY number")
    process = start(platform, "--phones", "4", "--calls", "2")
    assert "4 of 4 sample phones are registered" in read_until(process, "registered")
    read_until(process, r"at once .* \(20\d\)")
    assert len(rows(platform, "SELECT number FROM extensions")) == len(before) + 4
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=30)
    assert process.returncode == 0, told
    assert "Removed 4 sample extensions." in told
    assert "Traceback" not in told
    assert rows(platform, "SELECT number FROM extensions ORDER BY number") == before


def test_a_killed_demo_is_taken_up_and_then_removed(platform: Platform) -> None:
    killed = start(platform, "--phones", "3")
    read_until(killed, "3 of 3 sample phones")
    killed.kill()
    killed.communicate()
    again = start(platform, "--minutes", "0.02")
    told, _ = again.communicate(timeout=30)
    assert "Using the 3 sample extensions of an earlier demo: 201 to 203." in told
    assert "3 of 3 sample phones are registered" in told
    assert "Removed 3 sample extensions." in told
    assert json.dumps(rows(platform, "SELECT number FROM extensions ORDER BY number")) == '[["100"], ["101"]]'


def test_without_a_running_system_it_says_what_to_start(tmp_path: Path, platform: Platform) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "signalbox", "demo", "--data", str(tmp_path)],
        env={**os.environ, **platform._environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.returncode == 78
    assert "is not running" in run.stderr
    assert "make run" in run.stderr
