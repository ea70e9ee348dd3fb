"""How soon a change is in force: commit, publish, and Asterisk acting on it. ``python -m bench.publish``.

Layout: one Asterisk and one publisher on the machine, SQLite, extensions with a desk and a browser phone each. A change
begins with the opening of its change set and ends when ``publish`` returned; each new secret is then proven by a
REGISTER that is accepted and one with the old secret that is refused.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.platform import report
from signalbox.engine import install
from signalbox.features.extensions.model import Draft
from tests.engine.publish_fixture import Site, running, site

Change = Callable[[int], Awaitable[None]]


async def timed(exchange: Site, changes: int, change: Change) -> list[float]:
    """Milliseconds from the opening of each change set to its being in force."""
    took = []
    for number in range(changes):
        began = time.perf_counter()
        await change(number)
        await exchange.publisher.publish()
        took.append((time.perf_counter() - began) * 1000)
    return took


def summary(took: list[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    return {
        "p50_ms": round(statistics.median(took), 1),
        "p95_ms": round(sorted(took)[int(len(took) * 0.95) - 1], 1),
        "max_ms": round(max(took), 1),
    }


async def measure(exchange: Site, extensions: int, changes: int) -> dict[str, object]:
    """Fill the site, then change it one extension at a time."""
    first = 10000
    began = time.perf_counter()
    for start in range(0, extensions, 500):
        numbers = range(first + start, first + min(start + 500, extensions))
        await exchange.add(*(Draft(number=str(each), name=f"Bench {each}") for each in numbers))
    added = time.perf_counter()
    await exchange.publisher.publish()
    figures: dict[str, object] = {
        "extensions": extensions,
        "changes": changes,
        "create_all_ms": round((added - began) * 1000),
        "publish_all_ms": round((time.perf_counter() - added) * 1000),
    }

    async def rename(number: int) -> None:
        await exchange.set(str(first + number), name=f"Renamed {number}")

    async def new_secret(number: int) -> None:
        await exchange.new_secret(str(first + number))

    async def add(number: int) -> None:
        await exchange.add(Draft(number=str(80000 + number), name="New"))

    async def remove(number: int) -> None:
        await exchange.remove(str(80000 + number))

    for name, change in {"rename": rename, "new_secret": new_secret, "add": add, "remove": remove}.items():
        figures[name] = summary(await timed(exchange, changes, change))
    await prove(exchange, str(first))
    return figures


async def prove(exchange: Site, number: str) -> None:
    """Stop the bench when what was published is not in force."""
    old = await exchange.new_secret(number)
    await exchange.publisher.publish()
    before = await exchange.registers(number, old)
    new = await exchange.new_secret(number)
    await exchange.publisher.publish()
    statuses = before, await exchange.registers(number, old), await exchange.registers(number, new)
    if statuses != (200, 401, 200):
        raise RuntimeError(f"published but not in force: {statuses}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extensions", type=int, default=1000)
    parser.add_argument("--changes", type=int, default=50)
    chosen = parser.parse_args()
    root = Path(os.environ.get("SIGNALBOX__ENGINE__ROOT") or ".cache/engine")
    installation = install.install(root, print)
    with tempfile.TemporaryDirectory(prefix="sb-") as folder, running(installation, Path(folder)) as asterisk:

        async def all_of_it() -> dict[str, object]:
            async with site(asterisk) as exchange:
                return await measure(exchange, chosen.extensions, chosen.changes)

        figures = asyncio.run(all_of_it())
    report(
        "publish", figures, "one Asterisk, publisher in its own process, SQLite; phones answer from the same machine"
    )


if __name__ == "__main__":
    main()
