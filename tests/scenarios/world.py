"""What both runners of the scenarios need beside the product: a published site, a forwarding kind, a held script."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from signalbox.calls.call import Call
from signalbox.calls.destinations import Context, Destination, Kind
from signalbox.calls.phones import Moment
from signalbox.features import CALL_FEATURES
from signalbox.features.extensions.model import ExtensionRoute
from signalbox.features.testcalls.model import TEST_NUMBERS
from signalbox.kernel.ids import EndpointId, Number
from tests.scenarios.model import SITE, Scenario


class ForwardRoute(msgspec.Struct, frozen=True):
    to: Number


async def _forward(_call: Call, route: ForwardRoute, _context: Context) -> Destination:
    return Destination(route.to)


FORWARD = Kind(
    "scenario_forward",
    "Forward",
    ForwardRoute,
    _forward,
    lambda route: f"a forward to {route.to}",
    references=lambda route: (Destination(route.to),),
)


def kinds_of(scenario: Scenario, reached: Callable[[], None] = lambda: None) -> tuple[Kind[Any], ...]:
    """The kinds to compose an exchange with: the product's and the forward.

    Where something happens before the decision, the extension's script tells ``reached`` and waits for ever.
    """
    if not any(happening.at is Moment.BEFORE_DECISION for happening in scenario.happens):
        return (*CALL_FEATURES, FORWARD)

    async def held(_call: Call, _value: Any, _context: Context) -> None:
        reached()
        await asyncio.Event().wait()

    return (*(replace(kind, run=held) if kind.name == "extension" else kind for kind in CALL_FEATURES), FORWARD)


def numbers_of(scenario: Scenario) -> list[tuple[str, str, bytes]]:
    """Rows of ``routing.db`` for the site, the test numbers and the scenario's forwards: number, kind, value."""
    rows = [
        (
            extension.number,
            "extension",
            msgspec.json.encode(
                ExtensionRoute(
                    number=Number(extension.number),
                    name=extension.name,
                    endpoints=(EndpointId(extension.number),),
                    ring_s=extension.ring_s,
                )
            ),
        )
        for extension in SITE
    ]
    rows += [(test.number, test.kind, b"{}") for test in TEST_NUMBERS]
    rows += [
        (number, FORWARD.name, msgspec.json.encode(ForwardRoute(Number(to))))
        for number, to in scenario.forwards.items()
    ]
    return rows


def write_routing(path: Path, rows: list[tuple[str, str, bytes]], version: int = 1) -> None:
    """Write a ``routing.db`` of the first tenant, in place, as publishing does (docs/design/runtime.md)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(
            """
            CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
            CREATE TABLE IF NOT EXISTS numbers (tenant INTEGER, number TEXT, kind TEXT NOT NULL, value BLOB NOT NULL,
                                                PRIMARY KEY (tenant, number)) WITHOUT ROWID;
            """
        )
        with connection:
            connection.execute("DELETE FROM numbers")
            connection.executemany("INSERT INTO numbers VALUES (1, ?, ?, ?)", rows)
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('version', ?)", (str(version),))
    finally:
        connection.close()
