"""What the fault tests share: one running system a module, and fresh phones a test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bench.platform import Platform
from tests.faults.house import NUMBERS, House


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Platform, dict[str, str]]]:
    """Run the whole of Signalbox on free ports, as ``make run`` does; with the secrets of its extensions."""
    platform = Platform(tmp_path_factory.mktemp("faults") / "data")
    secrets = platform.seed(list(NUMBERS))
    try:
        platform.start()
        yield platform, secrets
    finally:
        platform.stop()


@pytest.fixture
async def house(running: tuple[Platform, dict[str, str]]) -> AsyncIterator[House]:
    house = House(*running)
    await house.open()
    yield house
    await house.close()
