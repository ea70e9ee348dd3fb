"""A process that dies in the middle of a commit leaves whole changes only, and loses none it acknowledged."""

import asyncio
import random
import sys

import pytest
from sqlalchemy import func, select

from signalbox.features.extensions.tables import ExtensionRow
from signalbox.kernel.ids import FIRST_TENANT
from signalbox.settings import Settings
from signalbox.store import Scope, Store
from signalbox.store.tables import ChangeEntry, ChangeSet

ROUNDS = 5


async def _acknowledged(settings: Settings, start: int, chance: random.Random) -> list[int]:
    command = [sys.executable, "-m", "tests.store.writer", settings.data, settings.store.url, str(start)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    told = [int(await process.stdout.readline()) for _ in range(chance.randint(1, 6))]
    await asyncio.sleep(chance.uniform(0, 0.02))  # anywhere in the next change
    process.kill()
    told += [int(line) async for line in process.stdout if line.endswith(b"\n")]
    await process.wait()
    return told


@pytest.mark.fault
async def test_kill_in_the_middle_of_commits(settings: Settings, store: Store) -> None:
    chance = random.Random(2207)
    told: list[int] = []
    for round_ in range(ROUNDS):
        told += await _acknowledged(settings, 1000 + round_ * 1000, chance)
    async with store.session(Scope.only(FIRST_TENANT)) as session:
        sizes = {row.id: row.size for row in await session.scalars(select(ChangeSet))}
        counted = select(ChangeEntry.change_id, func.count()).group_by(ChangeEntry.change_id)
        entries = {row[0]: row[1] for row in await session.execute(counted)}
        rows = await session.scalar(select(func.count(ExtensionRow.id)))
    assert len(told) >= ROUNDS
    assert set(told) <= set(sizes)
    assert sizes == entries == dict.fromkeys(sizes, 2)
    assert rows == 2 * len(sizes)
