"""The board converges: old snapshot and deltas give the fresh snapshot, and what was lost is mended by a new one."""

import random

import msgspec
import pytest

from signalbox.engine.ami.events import board_event, listed_channel, listed_contact
from signalbox.kernel.clock import SystemClock
from signalbox.live.feed import Feed
from signalbox.live.fold import Board
from signalbox.live.lines import LineSpec
from signalbox.live.model import CallView, Delta, Leg, Line, Snapshot
from tests.unit.live.world import World

SPECS = (
    LineSpec(1, "100", "Anna", ("100", "100-web")),
    LineSpec(1, "101", "Ben", ("101",)),
    LineSpec(7, "100", "Carla", ("t7-100",)),
)
SEEDS = range(60)


class Collected:
    """An audience that keeps every delta."""

    def __init__(self) -> None:
        self.deltas: list[bytes] = []

    def is_empty(self) -> bool:
        return False

    def send(self, delta: bytes) -> None:
        self.deltas.append(delta)


class Client:
    """A console: a snapshot and deltas, some of which come twice."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.seq = snapshot.seq
        self.engine = snapshot.engine
        self.lines = {f"{line.tenant}/{line.extension}": line for line in snapshot.lines}
        self.calls = {call.call_id: call for call in snapshot.calls}

    def apply(self, delta: Delta) -> None:
        self.seq = max(self.seq, delta.seq)
        self.engine = delta.engine or self.engine
        self.lines |= {f"{line.tenant}/{line.extension}": line for line in delta.lines}
        self.calls |= {call.call_id: call for call in delta.calls}
        for key in delta.lines_gone:
            self.lines.pop(key, None)
        for call_id in delta.calls_gone:
            self.calls.pop(call_id, None)


class Site:
    """A world with the board that follows it."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.random = random.Random(seed)
        self.board = Board()
        self.audience = Collected()
        self.feed = Feed(self.board, SystemClock(), "e1", self.audience)
        self.board.set_lines(SPECS, 0)
        self._heard = 0

    def live(self, steps: int) -> None:
        for _ in range(steps):
            self.world.step()
            self.hear()
            if self.random.random() < 0.4:
                self.feed.tell()

    def hear(self) -> None:
        for message in self.world.events[self._heard :]:
            if (event := board_event(message)) is not None:
                self.board.apply(event)
        self._heard = len(self.world.events)

    def miss(self, steps: int) -> None:
        """Let things happen while the link is away."""
        for _ in range(steps):
            self.world.step()
        self._heard = len(self.world.events)

    def take_snapshot(self, steps_meanwhile: int = 0) -> None:
        """Replace the board by what Asterisk's lists say, while life goes on."""
        self.board.begin_snapshot()
        for _ in range(steps_meanwhile):
            self.world.step()
        at_ms = int(self.world.now * 1000)
        channels = [seen for each in self.world.core_show_channels() if (seen := listed_channel(each, at_ms))]
        contacts = [listed_contact(each, at_ms) for each in self.world.contact_list()]
        holders = self.world.holders()
        for _ in range(steps_meanwhile):
            self.world.step()
        self.hear()
        self.board.replace(channels, contacts, holders, at_ms)

    def deltas(self) -> list[Delta]:
        return [msgspec.json.decode(delta, type=Delta) for delta in self.audience.deltas]


def timeless_call(call: CallView) -> CallView:
    """Without what a snapshot cannot know: instants, and what was dialled."""
    legs = tuple(msgspec.structs.replace(leg, since_ms=0) for leg in call.legs)
    return msgspec.structs.replace(call, started_ms=0, answered_ms=0, dialled="", legs=legs)


def timeless_line(line: Line) -> Line:
    return msgspec.structs.replace(line, since_ms=0, peers=tuple(peer for peer in line.peers if len(line.peers) > 1))


def pictured(board: Board) -> tuple[dict[str, Line], dict[str, CallView]]:
    board.changes()
    return (
        {key: timeless_line(line) for key, line in board.shown_lines.items()},
        {key: timeless_call(call) for key, call in board.shown_calls.items()},
    )


def successor(site: Site, known: tuple[CallView, ...] = ()) -> Board:
    """A new process's board, from a snapshot taken now."""
    other = Site(0)
    other.world = site.world
    other.miss(0)
    other.board.restore(known)
    other.take_snapshot()
    return other.board


@pytest.mark.parametrize("seed", SEEDS)
def test_old_snapshot_and_deltas_give_the_fresh_snapshot(seed: int) -> None:
    site = Site(seed)
    site.live(site.random.randrange(40))
    first = site.feed.subscribe()
    assert first.snapshot is not None
    client = Client(first.snapshot)
    site.live(site.random.randrange(60))
    for delta in [delta for delta in site.deltas() if delta.seq > client.seq]:
        for _ in range(site.random.choice((1, 1, 2))):  # some arrive twice
            client.apply(delta)
    truth = site.feed.subscribe().snapshot
    assert truth is not None
    late = [delta for delta in site.deltas() if delta.seq > client.seq]
    for delta in late:
        client.apply(delta)
    assert client.seq == truth.seq
    assert client.lines == {f"{line.tenant}/{line.extension}": line for line in truth.lines}
    assert client.calls == {call.call_id: call for call in truth.calls}


@pytest.mark.parametrize("seed", SEEDS)
def test_overlapping_deltas_in_a_row_end_the_same(seed: int) -> None:
    site = Site(seed)
    client = Client(site.feed.snapshot())
    site.live(50)
    site.feed.tell()
    deltas = site.deltas()
    position = 0
    while position < len(deltas):
        for delta in deltas[max(0, position - site.random.randrange(4)) : position + 3]:
            client.apply(delta)
        position += 3
    assert client.lines == site.board.shown_lines
    assert client.calls == site.board.shown_calls


@pytest.mark.parametrize("seed", SEEDS)
def test_following_events_gives_what_a_snapshot_gives(seed: int) -> None:
    site = Site(seed)
    site.live(80)
    assert pictured(site.board) == pictured(successor(site))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_snapshot_mends_what_was_missed_and_its_difference_is_told(seed: int) -> None:
    site = Site(seed)
    site.live(30)
    first = site.feed.subscribe().snapshot
    assert first is not None
    client = Client(first)
    for _ in range(3):
        site.miss(site.random.randrange(15))
        site.take_snapshot(steps_meanwhile=site.random.randrange(10))
        site.feed.tell()
        assert pictured(site.board) == pictured(successor(site))
        site.live(site.random.randrange(15))
    site.feed.tell()
    for delta in site.deltas():
        if delta.seq > first.seq:
            client.apply(delta)
    assert client.lines == site.board.shown_lines
    assert client.calls == site.board.shown_calls


@pytest.mark.parametrize("seed", SEEDS)
def test_a_restart_shows_the_same_with_the_same_instants(seed: int) -> None:
    site = Site(seed)
    site.live(60)
    site.board.changes()
    new = successor(site, tuple(site.board.shown_calls.values()))
    new.changes()
    assert new.shown_calls == site.board.shown_calls
    busy = {key: line for key, line in site.board.shown_lines.items() if line.call_id}
    assert {key: line for key, line in new.shown_lines.items() if line.call_id} == busy


def test_unchanged_legs_keep_their_instants_over_a_snapshot() -> None:
    site = Site(3)
    site.live(60)
    site.board.changes()
    before = dict(site.board.shown_calls)
    site.take_snapshot()
    site.board.changes()
    assert site.board.shown_calls == before
    assert any(isinstance(leg, Leg) for call in before.values() for leg in call.legs)
