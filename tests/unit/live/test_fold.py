"""Lines and calls as they come out of what a real Asterisk 22.10.1 sent."""

from pathlib import Path

import pytest

from signalbox.engine.ami.codec import AmiCodec, AmiMessage
from signalbox.engine.ami.events import BOARD_EVENTS, ContactSeen, board_event, endpoint_of
from signalbox.live.fold import Board
from signalbox.live.lines import LineSpec
from signalbox.live.model import CallView, LegState, Line, LineState

TRANSCRIPTS = Path(__file__).parents[1] / "ami/transcripts"
SPECS = (
    LineSpec(1, "100", "Anna", ("100", "100-web")),
    LineSpec(1, "101", "Ben", ("101", "101-web")),
    LineSpec(1, "102", "", ("102",)),
)


def messages(name: str) -> list[AmiMessage]:
    content = (TRANSCRIPTS / f"{name}.ami").read_bytes()
    codec = AmiCodec()
    codec.feed(content if content.startswith(b"Asterisk Call") else b"Asterisk Call Manager/11.0.0\r\n" + content)
    return list(codec.messages())


class Story:
    """Play a transcript event by event; ``shown`` keeps each picture that differs from the one before."""

    def __init__(self) -> None:
        self.board = Board()
        self.board.set_lines(SPECS, 0)
        for endpoint in ("100", "101", "102"):
            self.board.apply(ContactSeen(endpoint, f"sip:{endpoint}@192.0.2.1", is_usable=True, at_ms=0))
        self.board.changes()
        self.lines: dict[str, list[tuple[LineState, tuple[str, ...]]]] = {spec.number: [] for spec in SPECS}
        self.calls: list[CallView] = []

    def play(self, name: str) -> "Story":
        for message in messages(name):
            if "Event" not in message.fields or "ActionID" in message.fields:
                continue
            event = board_event(message)
            if event is None:
                continue
            assert message.event in BOARD_EVENTS
            self.board.apply(event)
            if (changes := self.board.changes()) is not None:
                for line in changes.lines:
                    self.lines[line.extension].append((line.state, line.peers))
                self.calls += changes.calls
        return self

    def line(self, number: str) -> Line:
        return self.board.shown_lines[f"1/{number}"]


@pytest.mark.requirement("PBX-DASH-05")
def test_a_call_from_ring_to_end() -> None:
    story = Story().play("call")
    assert list(dict.fromkeys(state for state, _ in story.lines["100"])) == [
        LineState.CALLING,
        LineState.IN_CALL,
        LineState.IDLE,
    ]
    assert [state for state, _ in story.lines["101"]] == [LineState.RINGING, LineState.IN_CALL, LineState.IDLE]
    assert (LineState.RINGING, ("Anna",)) in story.lines["101"]
    assert (LineState.IN_CALL, ("Ben",)) in story.lines["100"]
    assert story.board.shown_calls == {}
    answered = next(call for call in story.calls if call.answered_ms)
    assert answered.dialled == "101"
    assert answered.call_id == "n1-1795173564.2"
    assert answered.started_ms < answered.answered_ms
    assert [leg.extension for leg in answered.legs] == ["100", "101"]


def test_a_rejected_call_leaves_nothing() -> None:
    story = Story().play("rejected")
    assert [state for state, _ in story.lines["101"]] == [LineState.RINGING, LineState.IDLE]
    assert all(call.answered_ms == 0 for call in story.calls)
    assert story.line("100").state is LineState.IDLE
    assert story.board.shown_calls == {}


def test_who_pressed_hold_is_on_hold() -> None:
    story = Story().play("ringing_snapshot").play("held_snapshot")
    assert story.line("100").state is LineState.ON_HOLD
    assert story.line("100").peers == ("Ben",)
    assert story.line("101").state is LineState.IN_CALL
    (call,) = story.board.shown_calls.values()
    assert [leg.state for leg in call.legs] == [LegState.HELD, LegState.UP]
    held_since = story.line("100").since_ms
    story.play("hold_hangup")
    assert (LineState.IN_CALL, ("Ben",)) in story.lines["100"]
    assert story.line("100").state is LineState.IDLE
    assert story.line("100").since_ms > held_since


@pytest.mark.parametrize(("name", "left"), [("blind_callee", "100"), ("blind_caller", "101")])
def test_a_blind_transfer_stays_one_call(name: str, left: str) -> None:
    story = Story().play(name)
    assert (LineState.IN_CALL, ("102",)) in story.lines[left]
    assert len({call.call_id for call in story.calls}) == 1
    assert story.board.shown_calls == {}
    assert {story.line(number).state for number in ("100", "101", "102")} == {LineState.IDLE}


def test_local_halves_are_not_shown() -> None:
    story = Story().play("commands")
    assert story.calls == []


def test_registrations_make_a_line_idle_and_offline() -> None:
    board = Board()
    board.set_lines(SPECS, 5)
    board.changes()
    assert {line.state for line in board.shown_lines.values()} == {LineState.OFFLINE}
    for message in messages("login_register"):
        if (event := board_event(message) if message.event else None) is not None:
            board.apply(event)
    board.changes()
    line = board.shown_lines["1/100"]
    assert (line.state, line.contacts) == (LineState.IDLE, 1)
    (told,) = (each for each in messages("login_register") if each.get("EndpointName") == "100")
    assert line.since_ms == int(float(told.get("Timestamp")) * 1000)
    board.apply(ContactSeen("100-web", "sip:x@y;transport=ws", is_usable=True, at_ms=7))
    board.apply(ContactSeen("100-web", "sip:x@y;transport=ws", is_usable=True, at_ms=8))
    board.changes()
    assert board.shown_lines["1/100"].contacts == 2
    assert board.shown_lines["1/100"].since_ms == line.since_ms  # it was idle all the while


def test_lines_follow_what_is_published() -> None:
    story = Story().play("ringing_snapshot")
    story.board.set_lines([LineSpec(1, "101", "Benjamin", ("101",)), LineSpec(1, "109", "New", ("109",))], 9)
    changes = story.board.changes()
    assert changes is not None
    assert sorted(changes.lines_gone) == ["1/100", "1/102"]
    assert story.line("101").name == "Benjamin"
    assert story.line("101").state is LineState.RINGING
    assert story.line("101").peers == ("100",)  # no extension any more: its number
    assert story.line("109").state is LineState.OFFLINE
    (call,) = story.board.shown_calls.values()
    assert [leg.extension for leg in call.legs] == ["", "101"]
    assert story.board.changes() is None


@pytest.mark.parametrize(
    "fields",
    [
        {"Event": "Newchannel"},
        {"Event": "Newchannel", "Channel": "PJSIP/1-1", "Uniqueid": "1"},
        {"Event": "Hangup", "Uniqueid": "1", "Timestamp": "yesterday"},
        {"Event": "ContactStatus", "URI": "x", "Timestamp": "1"},
        {"Event": "SomethingNew", "Timestamp": "1"},
    ],
)
def test_an_event_that_lacks_something_is_none(fields: dict[str, str]) -> None:
    assert board_event(AmiMessage(fields)) is None


def test_endpoints_are_read_from_channel_names() -> None:
    assert endpoint_of("PJSIP/100-web-0000002a") == "100-web"
    assert endpoint_of("PJSIP/t7-100-0000002a") == "t7-100"
    assert endpoint_of("Local/100@x-00000001;1") == ""
    assert endpoint_of("weird") == ""


def test_hang_up_names_the_channels_of_a_call_or_a_device() -> None:
    board = Story().play("ringing_snapshot").board
    (call_id,) = board.shown_calls
    assert set(board.channels_of_call(call_id).values()) == {"PJSIP/100-00000000", "PJSIP/101-00000001"}
    assert list(board.channels_of_endpoint("101").values()) == ["PJSIP/101-00000001"]
    assert board.channels_of_call("none") == {}


def test_too_many_events_during_a_snapshot_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalbox.live.fold.MAX_BUFFERED", 2)
    board = Board()
    board.begin_snapshot()
    event = ContactSeen("100", "sip:x", is_usable=True, at_ms=1)
    board.apply(event)
    board.apply(event)
    with pytest.raises(OverflowError):
        board.apply(event)
    board.begin_snapshot()
    board.apply(event)
