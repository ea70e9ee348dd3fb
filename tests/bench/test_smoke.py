"""The measurement kit still measures: each part once, too short for a figure to mean anything."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import board, memory, table
from bench.calls import Side, Window, figures, measure, platform_side
from bench.platform import Platform
from bench.sipp import SippResult

RAN = SippResult(calls=100, failed=0, retransmissions=0, seconds=10.0, ringing_ms=tuple(float(n) for n in range(100)))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Platform, Side]]:
    folder = tmp_path_factory.mktemp("bench")
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)
    with platform_side(folder, pinned=False) as found:
        yield found


@pytest.mark.engine
def test_calls_are_placed_and_their_cost_is_counted(running: tuple[Platform, Side]) -> None:
    window = running[1].window(5, 2)
    assert (window.result.calls, window.result.failed) == (10, 0)
    assert {"asterisk", "exchange", "web", "worker"} <= window.cpu_ms.keys()
    assert window.cpu_ms["asterisk"] > 0
    assert window.result.ringing(0.5) > 0


@pytest.mark.engine
def test_consoles_see_the_calls(running: tuple[Platform, Side]) -> None:
    found = board.measure(*running, consoles=2, rate=5, seconds=2)
    assert found["failed"] == 0
    # Two consoles, ten calls: a caller and a callee answered, and where the tick did not swallow it, ringing.
    assert isinstance(found["events_seen"], int)
    assert found["events_seen"] >= 2 * 10 * 2


@pytest.mark.engine
def test_memory_is_read(running: tuple[Platform, Side]) -> None:
    found = memory.reading(running[0].pids)
    assert found["asterisk"] > 10
    assert found["exchange"] > 10


class _Scripted:
    """A side that answers with prepared windows."""

    def __init__(self, name: str, *all_ms: float) -> None:
        self.name = name
        self._all_ms = iter([0.0, *all_ms])

    def window(self, _rate: float, _seconds: float) -> Window:
        return Window(RAN, {"asterisk": next(self._all_ms)})


@pytest.mark.parametrize(("bare", "is_void"), [((4.0, 4.1), False), ((4.0, 5.0), True)])
def test_a_run_is_void_when_the_bare_windows_differ(bare: tuple[float, float], is_void: bool) -> None:
    found = measure(_Scripted("platform", 8.0, 8.0), _Scripted("bare", *bare), 40, 1, 1)  # type: ignore[arg-type]
    assert found["void"] is is_void
    assert found["cpu_bare_over_platform"] == round(sum(bare) / 16.0, 3)


def test_slope_is_for_one_more() -> None:
    found = memory.slope_kb({0: {"asterisk": 60.0}, 100: {"asterisk": 100.0}, 200: {"asterisk": 140.0}})
    assert found == {"asterisk": pytest.approx(0.4 * 1024, abs=0.01)}


def test_a_missed_target_is_shown_as_missed() -> None:
    line = {"bench": "calls.sustained", "offered_per_s": 161, "seconds": 60}
    good = line | figures([Window(RAN, {"asterisk": 4.0, "exchange": 1.0})]) | {"calls_per_s": 161}
    failed = good | {"failed": 3}
    shown = table.markdown(table.rows(json.loads(json.dumps([good, failed]))))
    asked = [row for row in shown.splitlines() if "generator beside it" in row]
    assert [row.split("|")[-2].strip() for row in asked] == ["met", "**missed**"]
    assert "3 failed" in asked[1]


def test_lines_without_a_reader_are_left_out() -> None:
    assert table.rows([{"bench": "protocols", "name": "ami_parse", "value": 1, "unit": "events/s"}]) == []


def test_every_part_is_a_module(request: pytest.FixtureRequest) -> None:
    from bench.__main__ import PARTS, ROOT

    assert request.config.rootpath == ROOT
    for module, *_ in PARTS.values():
        assert (ROOT / Path(*module.split("."))).with_suffix(".py").exists()
