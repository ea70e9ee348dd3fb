"""What an extension and a held call cost in memory: ``python -m bench.memory``.

Proportional set size of each process. Extensions are made by the REST interface on the running system; calls are held
without media. The slope is a linear fit; the bare Asterisk holds as many calls for comparison.
"""

import argparse
import asyncio
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import httpx

from bench.calls import Side, bare_side, platform_side
from bench.cpu import pss_mb
from bench.platform import Platform, report
from bench.sipp import caller

LAYOUT = "nothing pinned; signalling only, no media; SQLite; PSS of each process"
HOLD_MS = 25_000
BATCH = 250
Reading = dict[str, float]


def reading(pids: dict[str, int]) -> Reading:
    """Give each process's memory in MB."""
    return {name: pss_mb(pid) for name, pid in pids.items()}


def slope_kb(readings: dict[int, Reading]) -> Reading:
    """Fit a line through the readings at each count: kB for one more."""
    counts = list(readings)
    return {
        name: round(statistics.linear_regression(counts, [readings[count][name] for count in counts]).slope * 1024, 2)
        for name in readings[counts[0]]
    }


def rounded(of: Reading) -> Reading:
    return {name: round(value, 1) for name, value in of.items()}


async def create(platform: Platform, count: int, first: int = 4000) -> None:
    """Make extensions by the REST interface, each with a desk and a browser phone."""
    async with httpx.AsyncClient(base_url=platform.console + "/api/v1", timeout=60) as client:
        answer = await client.post("/session", json={"username": "admin", "password": platform.password})
        answer.raise_for_status()
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        for start in range(0, count, BATCH):
            body = {"start": str(first + start), "count": min(BATCH, count - start)}
            (await client.post("/extensions/bulk", json=body)).raise_for_status()


def settled(pids: dict[str, int]) -> Reading:
    """Read once no process has grown by 0.2 MB in half a second, after 5 s at the latest."""
    before = reading(pids)
    for _ in range(10):
        time.sleep(0.5)
        now = reading(pids)
        if all(abs(now[name] - before[name]) < 0.2 for name in now):
            return now
        before = now
    return before


def held(side: Side, counts: list[int]) -> dict[int, Reading]:
    """Hold calls, more each time, and read with each number of them; all are over when this returns."""
    readings = {0: settled(side.pids())}
    runs: list[subprocess.Popen[bytes]] = []
    calls = 0
    for count in counts:
        more = ["-inf", str(side.users), "-r", "25", "-m", str(count - calls), "-l", "3000"]
        port = side.port + 2 * len(runs) + 20
        began = time.monotonic()
        runs.append(side.sipp.start(f"hold{count}", caller(HOLD_MS), port, *more, side.target))
        time.sleep((count - calls) / 25 + 1 - (time.monotonic() - began))
        calls = count
        readings[count] = reading(side.pids())
    for run in runs:
        if run.wait(HOLD_MS / 1000 + 40) != 0:
            raise RuntimeError(f"a held call failed, see {side.sipp.folder}")
    return readings


def main() -> None:
    """Measure the platform with extensions and calls, then the bare Asterisk with calls."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extensions", type=int, default=1000)
    parser.add_argument("--calls", type=int, nargs="+", default=[100, 200])
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sb-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with platform_side(folder, pinned=False) as (platform, side):
            side.window(10, 3)
            calls = held(side, chosen.calls)
            figures = {"at_rest_mb": rounded(calls[0]), "kb_per_call": slope_kb(calls)}
            extensions = {0: settled(side.pids())}
            asyncio.run(create(platform, chosen.extensions))
            extensions[chosen.extensions] = settled(side.pids())
            figures["kb_per_extension"] = slope_kb(extensions)
        with bare_side(folder, pinned=False) as side:
            side.window(10, 3)
            figures["bare_kb_per_call"] = slope_kb(held(side, chosen.calls))
    report("memory", {"extensions": chosen.extensions, "calls": chosen.calls, **figures}, LAYOUT)


if __name__ == "__main__":
    main()
