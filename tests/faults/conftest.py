"""What the fault tests share: one running system a module, and fresh phones a test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bench.platform import Platform
from tests.faults.house import NUMBERS, House

Running = tuple[Platform, str, dict[str, str]]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the whole of Signalbox on free ports, as ``make run`` does."""
    platform = Platform(tmp_path_factory.mktemp("faults") / "data")
    secrets = platform.seed(list(NUMBERS))
    try:
        platform.start()
        # Told once: a later start in the same place would not say them again.
        samples = {number: platform.secret(number) for number in ("100", "101")}
        yield platform, platform.password, secrets | samples
    finally:
        platform.stop()


@pytest.fixture
async def house(running: Running) -> AsyncIterator[House]:
    house = House(*running)
    await house.open()
    yield house
    await house.close()
