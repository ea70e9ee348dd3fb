"""A whole running system with phones, and what a test asks of it: who runs, who rings, what was recorded."""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from bench.platform import Platform
from signalbox import upkeep
from signalbox.features.demo.sip import SipError
from tests.engine.conversation import Conversation
from tests.engine.phones import Phone, Place

NUMBERS = ("102", "103", "104", "105")
TONES = {"100": 440.0, "101": 600.0, "102": 800.0, "104": 1000.0, "105": 1200.0}
BUSY = "103"
"""The extension whose phone is always busy: a call to it ends at once, by the script as by the fallback."""
FIGURES = Path(__file__).parent.parent.parent / "test-results" / "faults.jsonl"


Running = tuple[Platform, str, dict[str, str]]
"""A system that runs, its administrator's password and the secrets of its extensions."""


@contextlib.contextmanager
def started(platform: Platform) -> Iterator[Running]:
    """Run a system with the extensions of these tests."""
    secrets = platform.seed(list(NUMBERS))
    try:
        platform.start()
        # Told once: a later start in the same place would not say them again.
        samples = {number: platform.secret(number) for number in ("100", "101")}
        yield platform, platform.password, secrets | samples
    finally:
        platform.stop()


def patience(seconds: float) -> float:
    """Allow what a quiet machine needs in ``seconds`` more time on a busy one, four times as much at most."""
    return seconds * min(max(os.getloadavg()[0] / (os.cpu_count() or 1), 1.0), 4.0)


def tell(what: str, **figures: object) -> None:
    """Print a measurement and keep it in ``test-results/faults.jsonl``."""
    line = json.dumps({"fault": what, **figures, "load": round(os.getloadavg()[0], 1)})
    print(line)
    FIGURES.parent.mkdir(exist_ok=True)
    with FIGURES.open("a") as opened:
        opened.write(line + "\n")


async def until(predicate: Callable[[], Awaitable[bool]], what: str, within_s: float = 30.0) -> float:
    """Ask often; gives the seconds it took, raises ``AssertionError`` naming ``what``."""
    began = time.monotonic()
    while not await predicate():
        assert time.monotonic() - began < within_s, f"{what} did not come within {within_s:.1f} s"
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def hear_each_other(caller: Conversation, called: Conversation) -> None:
    """Both hear the other's tone, in what arrives from now on."""
    caller.audio.forget()
    called.audio.forget()
    assert await caller.audio.hears(called.audio.hertz, patience(5)), f"{caller.phone.user} hears nothing"
    assert await called.audio.hears(caller.audio.hertz, patience(5)), f"{called.phone.user} hears nothing"


class House:
    """The system of one test; ``close`` hangs up and takes the phones away."""

    def __init__(self, platform: Platform, password: str, secrets: dict[str, str]) -> None:
        self.platform = platform
        self.settings = platform.settings
        self.phones: list[Phone] = []
        self._password = password
        self._secrets = secrets
        self._known: set[str] = set()
        self.client = httpx.AsyncClient(base_url=platform.console + "/api/v1", timeout=patience(5))

    async def open(self) -> None:
        """Sign in, and take the records there are already as known."""
        await self.sign_in()
        await until(self._is_imported, "the import of earlier calls")
        self._known = {record["call_id"] for record in await self.all_records()}

    async def sign_in(self) -> None:
        """Sign in as the administrator."""
        answer = await self.client.post("/session", json={"username": "admin", "password": self._password})
        assert answer.status_code == 201, answer.text
        self.client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]

    async def close(self) -> None:
        for phone in self.phones:
            for call in phone.calls.values():
                if not call.ended_by:
                    with contextlib.suppress(AssertionError, SipError):
                        await call.hang_up()
            with contextlib.suppress(SipError):  # else it would ring for nobody in the next test
                await phone.register(0)
            await phone.__aexit__()
        await self.client.aclose()

    # Phones

    async def phone(self, number: str, **options: Any) -> Phone:
        """Open and register the phone of an extension; it sends its extension's tone."""
        sip = self.settings.sip
        place = Place(udp=sip.udp_port, tcp=sip.tcp_port, tls=sip.tls_port, ws=sip.ws_port, wss=sip.wss_port)
        phone = Phone(place, number, self._secrets[number], hears_hz=TONES.get(number, 0.0), **options)
        await phone.__aenter__()
        self.phones.append(phone)
        phone.is_busy = number == BUSY
        response = await phone.register(1800, contact=f"<{phone.contact}>")
        assert response.status == 200, response.start
        return phone

    async def are_kept(self, *phones: Phone) -> None:
        """Wait until Asterisk has the registrations on disk: it commits once a second, by a clock of its own."""
        file = self.settings.paths.asterisk / "lib" / "astdb.sqlite3"

        async def written() -> bool:
            with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
                values = str(database.execute("SELECT value FROM astdb WHERE key LIKE '/registrar/%'").fetchall())
            return all(f"{phone.user}@127.0.0.1:{phone.address[1]}" in values for phone in phones)

        await until(written, "the registrations on disk", patience(5))

    async def talk(self, caller: Phone, called: Phone) -> tuple[Conversation, Conversation]:
        """Connect two phones; both hear each other."""
        call = await caller.call(called.user)
        rung = await called.rings(patience(5))
        await rung.answer()
        await call.answered()
        await hear_each_other(call, rung)
        return call, rung

    # Processes

    async def pid(self, name: str) -> int | None:
        """Ask the supervisor for the process that runs now."""
        answer = await upkeep.asked(self.settings, "status")
        assert answer is not None
        found: int | None = answer["processes"][name]["pid"]
        return found

    async def restarts(self, name: str) -> int:
        """Ask the supervisor how often it has started a process again."""
        answer = await upkeep.asked(self.settings, "status")
        assert answer is not None
        found: int = answer["processes"][name]["restarts"]
        return found

    async def kill(self, name: str) -> float:
        """``kill -9``; gives the instant, in seconds since the epoch."""
        pid = await self.pid(name)
        assert pid is not None
        at = time.time()
        os.kill(pid, signal.SIGKILL)
        return at

    async def is_back(self, name: str, before: int | None) -> bool:
        """Whether another process than ``before`` answers."""
        answer = await upkeep.asked(self.settings, "status")
        assert answer is not None
        process = answer["processes"][name]
        return process["pid"] not in (None, before) and process["state"] == "ready"

    async def restart(self) -> None:
        """Start a supervisor in the place of one that was killed; phones and their calls go on meanwhile."""
        process = self.platform._process
        assert process is not None
        await asyncio.to_thread(process.wait, 30)
        await asyncio.to_thread(self.platform.start)

    # What was written down

    def steps(self, since: float) -> list[dict[str, Any]]:
        """The scripts that began after ``since`` and have ended."""
        file = self.settings.paths.steps_log
        lines = file.read_text().splitlines(keepends=True) if file.exists() else []
        found = [json.loads(line) for line in lines if line.endswith("\n")]
        return [each for each in found if each["started_ms"] >= since * 1000]

    async def status(self) -> dict[str, Any]:
        answer = await self.client.get("/status")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def all_records(self) -> list[dict[str, Any]]:
        """Every call record there is, newest first."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            answer = await self.client.get("/call-records", params={"limit": "100", **cursor})
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    async def _is_imported(self) -> bool:
        worker = (await self.status())["worker"]
        return bool(worker["up"] and worker["open_calls"] == 0)

    async def records(self, count: int) -> list[dict[str, Any]]:
        """Wait until no call is open and ``count`` new records are there, no more and no less; oldest first."""
        found: list[dict[str, Any]] = []

        async def are_there() -> bool:
            found[:] = [record for record in await self.all_records() if record["call_id"] not in self._known]
            return len(found) >= count and await self._is_imported()

        try:
            await until(are_there, f"{count} call records", patience(10))
        finally:
            shown = Counter((r["from_number"], r["dialled"], r["disposition"]) for r in found)
            print(f"records: {dict(shown)}")
        assert len(found) == count
        assert len({record["call_id"] for record in found}) == count
        self._known |= {record["call_id"] for record in found}
        return sorted(found, key=lambda record: str(record["started_at"]))


async def scripted_again(house: House, caller: Phone, since: float) -> tuple[float, int]:
    """Call the busy extension until a script decides again; gives the seconds since ``since``, and how many calls.

    Every call on the way must end as busy, by whoever decides.
    """
    calls = 0
    deadline = time.monotonic() + patience(10)
    while time.monotonic() < deadline:
        call = await caller.call(BUSY)
        assert await call.ended(patience(3)) == "486"
        calls += 1
        if found := house.steps(since):
            return found[0]["started_ms"] / 1000 - since, calls
        await asyncio.sleep(0.05)
    raise AssertionError(f"no script decided any of {calls} calls")
