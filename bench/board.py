"""How soon a console sees what happened: ``python -m bench.board``, at 1 and at 50 consoles under a load of calls.

Layout B: the system on core 0; SIPp and the consoles on core 1. A console is a WebSocket client that signed in over
REST. From Asterisk's own time of an event (ringing, answered: the ``since_ms`` of a leg) to the frame's arrival in the
client; both clocks are the machine's. The clients' own queueing counts: fifty share one process.
"""

import argparse
import asyncio
import os
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from bench.calls import Side, platform_side
from bench.platform import Platform, report
from bench.sipp import SippResult
from signalbox.live.model import Delta, LegState, Snapshot

LAYOUT = "B: system on core 0, SIPp and consoles on core 1; signalling only; SQLite; event time is Asterisk's"
_TOLD = (LegState.RINGING, LegState.UP)


class _Beat(msgspec.Struct, tag_field="type", tag="beat"):
    at_ms: int


_decoder: "msgspec.json.Decoder[Snapshot | Delta | _Beat]" = msgspec.json.Decoder(Snapshot | Delta | _Beat)
_decode = lru_cache(maxsize=64)(_decoder.decode)
"""Consoles of one tenant get the same text: it is decoded for the first and not again for the others."""


class Console:
    """One console: ``late_ms`` has a value for each leg that began to ring or was answered."""

    def __init__(self, socket: ClientConnection) -> None:
        self.late_ms: list[float] = []
        self.frames = 0
        self.bytes = 0
        self.is_ready = asyncio.Event()
        self._socket = socket
        self._seen: set[tuple[str, int]] = set()

    async def read(self) -> None:
        """Read until the connection is closed."""
        await self._socket.send('{"type":"subscribe"}')
        async for text in self._socket:
            now_ms = time.time() * 1000
            assert isinstance(text, str)
            message = _decode(text)
            if isinstance(message, Delta):
                self.frames += 1
                self.bytes += len(text)
                self._take(message, now_ms)
            else:
                self.is_ready.set()

    def _take(self, delta: Delta, now_ms: float) -> None:
        for call in delta.calls:
            for leg in call.legs:
                key = leg.channel_id, leg.since_ms
                if leg.state in _TOLD and key not in self._seen:
                    self._seen.add(key)
                    self.late_ms.append(now_ms - leg.since_ms)


async def cookie_of(platform: Platform) -> str:
    """Sign the administrator in."""
    async with httpx.AsyncClient(base_url=platform.console + "/api/v1", timeout=20) as client:
        answer = await client.post("/session", json={"username": "admin", "password": platform.password})
        answer.raise_for_status()
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)


async def watch(platform: Platform, consoles: int, calls: "Future[SippResult]") -> list[Console]:
    """Open consoles and let them read until the calls are over; ``calls`` may begin once all are ready."""
    cookie = await cookie_of(platform)
    address = platform.console.replace("http", "ws") + "/api/v1/board"
    sockets = [
        await connect(
            address,
            origin=platform.console,  # type: ignore[arg-type]
            additional_headers={"Cookie": cookie},
            max_size=None,
        )
        for _ in range(consoles)
    ]
    watching = [Console(socket) for socket in sockets]
    async with asyncio.TaskGroup() as group:
        for console in watching:
            group.create_task(console.read())
        for console in watching:
            await console.is_ready.wait()
        calls.set_running_or_notify_cancel()
        await asyncio.wrap_future(calls)
        for socket in sockets:
            await socket.close()
    return watching


def measure(platform: Platform, side: Side, consoles: int, rate: float, seconds: float) -> dict[str, object]:
    """Place calls while consoles watch."""
    ready: Future[SippResult] = Future()

    def place() -> None:
        while not ready.running():
            time.sleep(0.01)
        try:
            ready.set_result(side.window(rate, seconds).result)
        except Exception as error:
            ready.set_exception(error)

    with ThreadPoolExecutor(1) as threads:
        threads.submit(place)
        watching = asyncio.run(watch(platform, consoles, ready))
    late = sorted(each for console in watching for each in console.late_ms)
    result = ready.result()
    return {
        "consoles": consoles,
        "offered_per_s": rate,
        "calls": result.calls,
        "failed": result.failed,
        "events_seen": len(late),
        "event_to_console_ms": {
            f"p{round(q * 100)}": round(late[min(int(len(late) * q), len(late) - 1)], 1) for q in (0.5, 0.95, 0.99)
        },
        "deltas_per_console": round(sum(each.frames for each in watching) / consoles),
        "bytes_per_delta": round(sum(each.bytes for each in watching) / max(sum(each.frames for each in watching), 1)),
    }


def main() -> None:
    """Measure with each number of consoles in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--consoles", type=int, nargs="+", default=[1, 50])
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=15)
    chosen = parser.parse_args()
    os.sched_setaffinity(0, {0, 1} & os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="sb-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with platform_side(folder) as (platform, side):
            os.sched_setaffinity(0, {1} & os.sched_getaffinity(0) or {0})
            side.window(5, 2)
            for consoles in chosen.consoles:
                report("board.latency", measure(platform, side, consoles, chosen.rate, chosen.seconds), LAYOUT)


if __name__ == "__main__":
    main()
