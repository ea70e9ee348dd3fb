"""What every test shares: the record of which requirements were proven, and nothing left behind."""

import json
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

RESULTS = Path(__file__).parent.parent / "test-results"
_outcomes: dict[str, dict[str, str]] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the shared browser last: its event loop holds the main thread until the session ends."""
    items.sort(key=lambda item: "chromium" in getattr(item, "fixturenames", ()))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    ids = [str(name) for mark in item.iter_markers("requirement") for name in mark.args]
    if report.when == "call" or report.outcome != "passed":
        for name in ids:
            _outcomes.setdefault(name, {})[item.nodeid] = report.outcome
    return report


def pytest_sessionfinish() -> None:
    """Add this run's outcomes to those of earlier stages; ``make requirements`` reads them."""
    if not _outcomes:
        return
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / "requirements.json"
    known: dict[str, dict[str, str]] = json.loads(file.read_text()) if file.exists() else {}
    for name, tests in _outcomes.items():
        known.setdefault(name, {}).update(tests)
    file.write_text(json.dumps(known, indent=1, sort_keys=True))


@pytest.fixture(autouse=True)
def _no_thread_left_behind() -> Iterator[None]:
    """Fail a test that leaves a non-daemon thread of its own running."""
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and t.is_alive() and not t.daemon]
    left = [t for t in left if not t.name.startswith(("ThreadPoolExecutor", "asyncio_"))]
    assert not left, f"threads left behind: {left}"
