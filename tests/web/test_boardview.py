"""The folded board: an old snapshot and the deltas equal a fresh one, and nobody sees another tenant."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.kernel.clock import SystemClock
from signalbox.live.model import Delta, EngineView, LineState, Snapshot
from signalbox.web import boardview
from signalbox.web.boardview import Audience, BoardView, OutOfStepError
from tests.web.exchange import call, line

EMPTY = Snapshot(epoch="e", seq=0, at_ms=0, engine=EngineView(up=True), lines=(), calls=())
ALL = Audience()
AUDIENCES = (ALL, *(Audience(frozenset(tenants)) for tenants in ({1}, {2}, {1, 2}, ())))

LINES = st.builds(line, st.sampled_from("abc"), st.sampled_from(LineState), st.integers(1, 3))
CALLS = st.builds(lambda key, tenant: call(f"{key}{tenant}", tenant), st.sampled_from("xyz"), st.integers(1, 3))
CHANGES = st.fixed_dictionaries(
    {
        "lines": st.lists(LINES, max_size=3).map(tuple),
        "lines_gone": st.lists(st.sampled_from(["1/a", "2/b", "3/c"]), max_size=2).map(tuple),
        "calls": st.lists(CALLS, max_size=3).map(tuple),
        "calls_gone": st.lists(st.sampled_from(["x1", "y2", "z3"]), max_size=2).map(tuple),
        "engine": st.none() | st.builds(EngineView, up=st.booleans()),
    }
)


def folded(changes: list[dict[str, Any]]) -> BoardView:
    view = BoardView(EMPTY, SystemClock())
    for seq, change in enumerate(changes, 1):
        assert view.fold(msgspec.json.encode(Delta(epoch="e", seq=seq, at_ms=0, **change)))
    return view


def state(snapshot: str) -> dict[str, Any]:
    """A snapshot without its time, its rows in an order of their own."""
    found = msgspec.json.decode(snapshot)
    found.pop("at_ms")
    found["lines"].sort(key=str)
    found["calls"].sort(key=str)
    return found  # type: ignore[no-any-return]


@given(st.lists(CHANGES, max_size=8), st.data())
def test_an_old_snapshot_with_the_deltas_equals_a_fresh_one(changes: list[dict[str, Any]], data: st.DataObject) -> None:
    middle = data.draw(st.integers(0, len(changes)))
    late = folded(changes)
    for audience in AUDIENCES:
        early = msgspec.json.decode(folded(changes[:middle]).snapshot(audience), type=Snapshot)
        missed = late.since("e", middle, audience)
        assert missed is not None
        caught_up = BoardView(early, SystemClock())
        for delta in missed:
            caught_up.fold(delta.encode())
        assert state(caught_up.snapshot(ALL)) == state(late.snapshot(audience))


@given(st.lists(CHANGES, max_size=8))
def test_nobody_is_told_of_another_tenant(changes: list[dict[str, Any]]) -> None:
    view = folded(changes)
    told = view.since("e", 0, Audience(frozenset({2})))
    assert told is not None
    for text in [*told, view.snapshot(Audience(frozenset({2})))]:
        found = msgspec.json.decode(text)
        rows = [*found.get("lines", ()), *found.get("calls", ())]
        assert {row["tenant"] for row in rows} <= {2}
        assert all(key.startswith("2/") for key in found.get("lines_gone", ()))
        assert all(key.endswith("2") for key in found.get("calls_gone", ()))


def test_what_is_forwarded_to_everyone_is_what_came() -> None:
    view = BoardView(EMPTY, SystemClock())
    raw = b'{"type":"delta","epoch":"e","seq":1,"at_ms":5,"from_a_later_version":true}'
    view.fold(raw)
    assert view.latest(ALL) == raw.decode()


@pytest.mark.parametrize(("epoch", "seq"), [("e", 2), ("other", 1), ("e", 50)])
def test_a_gap_is_not_folded(epoch: str, seq: int) -> None:
    view = BoardView(EMPTY, SystemClock())
    with pytest.raises(OutOfStepError):
        view.fold(msgspec.json.encode(Delta(epoch=epoch, seq=seq, at_ms=0)))
    assert view.seq == 0


def test_the_same_delta_twice_changes_nothing() -> None:
    view = folded([{"lines": (line("100"),)}])
    assert not view.fold(msgspec.json.encode(Delta(epoch="e", seq=1, at_ms=0, lines_gone=("1/100",))))
    assert len(msgspec.json.decode(view.snapshot(ALL))["lines"]) == 1


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boardview, "KEPT_DELTAS", 3)
    view = folded([{"lines": (line(str(number)),)} for number in range(10)])
    assert view.since("e", 6, ALL) is None
    assert len(view.since("e", 7, ALL) or ()) == 3
    monkeypatch.setattr(boardview, "KEPT_BYTES", 10)
    view = folded([{"lines": (line(str(number)),)} for number in range(10)])
    assert view.since("e", 8, ALL) is None
    assert len(view.since("e", 9, ALL) or ()) == 1
