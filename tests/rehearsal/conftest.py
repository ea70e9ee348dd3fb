"""A published site for tests of the parts that scripts run on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signalbox.calls.routing import Routing
from tests.scenarios.all import SCENARIOS
from tests.scenarios.world import numbers_of, write_routing

Publish = Callable[[list[tuple[str, str, bytes]], int], None]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    path = tmp_path / "routing.db"
    write_routing(path, numbers_of(SCENARIOS[0]))
    return path


@pytest.fixture
def routing(published: Path) -> Iterator[Routing]:
    opened = Routing.open(published)
    yield opened
    opened.close()
