"""What the fault tests share: one running system a module, and fresh phones a test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bench.platform import Platform
from tests.faults.house import House, Running, started


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the whole of Signalbox on free ports, as ``make run`` does."""
    with started(Platform(tmp_path_factory.mktemp("faults") / "data")) as running:
        yield running


@pytest.fixture
async def house(running: Running) -> AsyncIterator[House]:
    house = House(*running)
    await house.open()
    yield house
    await house.close()
