"""Hostile bytes into both codecs: messages or one ``ProtocolError``, the same however cut, and never a hang."""

import random
from pathlib import Path

import pytest

from signalbox.engine.agi.codec import AgiCodec, AgiReply, AgiRequest, encode_command
from signalbox.engine.ami.codec import AmiCodec, AmiMessage, encode_action
from signalbox.engine.ami.events import board_event
from signalbox.engine.errors import ProtocolError, UnsafeFieldError
from signalbox.live.fold import Board
from signalbox.live.lines import LineSpec
from tests.fuzz.mutate import ROUNDS, SEED, mutated, pieces

UNIT = Path(__file__).parents[1] / "unit"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"
AMI = [path.read_bytes() for path in sorted((UNIT / "ami/transcripts").glob("*.ami"))]
AMI = [content if content.startswith(BANNER) else BANNER + content for content in AMI]
AGI = [path.read_bytes() for path in sorted((UNIT / "agi/transcripts").glob("*.agi"))]
AMI_WORDS = (
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b": ",
    b":",
    b"Event: ",
    b"Response: ",
    b"ActionID: 1\r\n",
    b"\0",
    b" x",
)
AGI_WORDS = (
    b"\n",
    b"\n\n",
    b"200 result=",
    b"100 Trying\n",
    b"520-",
    b"520 ",
    b"HANGUP\n",
    b"agi_",
    b": ",
    b"(",
    b"\r\0",
)

pytestmark = pytest.mark.timeout(max(120, ROUNDS // 20))


def ami_read(content: bytes, number: int | None) -> tuple[list[AmiMessage], bool]:
    """Decode whole or in pieces; gives the messages and whether it ended in an error."""
    codec = AmiCodec(max_line=4000, max_message=16_000)
    messages: list[AmiMessage] = []
    try:
        for piece in [content] if number is None else pieces(content, number):
            codec.feed(piece)
            messages.extend(codec.messages())
        codec.end()
    except ProtocolError:
        return messages, True
    return messages, False


def agi_read(content: bytes, number: int | None) -> tuple[list[object], bool]:
    codec = AgiCodec(max_line=2000, max_environment=4000)
    events: list[object] = []
    try:
        for piece in [content] if number is None else pieces(content, number):
            codec.feed(piece)
            for event in codec.events():
                events += [event.env if isinstance(event, AgiRequest) else event]
        codec.end()
    except ProtocolError:
        return events, True
    return events, False


def test_ami_decoding_is_the_same_however_it_is_cut() -> None:
    for number, content in mutated(AMI, AMI_WORDS):
        assert ami_read(content, number) == ami_read(content, None), number


def test_agi_decoding_is_the_same_however_it_is_cut() -> None:
    for number, content in mutated(AGI, AGI_WORDS):
        assert agi_read(content, number) == agi_read(content, None), number


def test_the_board_takes_whatever_can_be_decoded() -> None:
    board = Board()
    board.set_lines([LineSpec(1, "100", "Anna", ("100",)), LineSpec(1, "101", "Ben", ("101",))], 0)
    for number, content in mutated(AMI, AMI_WORDS, SEED + 1):
        for message in ami_read(BANNER + content, number)[0]:
            event = board_event(message) if message.event else None
            if event is not None:
                board.apply(event)
        board.changes()
        assert set(board.shown_lines) == {"1/100", "1/101"}
    board.replace([], [], [], 1)
    board.changes()
    assert board.shown_calls == {}
    assert {line.state for line in board.shown_lines.values()} == {"offline"}


def test_what_is_sent_is_whole_lines_or_refused() -> None:
    alphabet = 'ab1 "\\\t\r\n\0:;,${}&é\u2028'
    for number in range(ROUNDS):
        chance = random.Random(SEED * 7 + number)
        texts = ["".join(chance.choices(alphabet, k=chance.choice((0, 1, 5, 300, 2100)))) for _ in range(3)]
        try:
            line = encode_command(("SET", "VARIABLE", *texts))
        except UnsafeFieldError:
            line = b"\n"
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        assert len(line) <= 2047
        try:
            action = encode_action("Setvar", "1", {"Value": texts[0]})
        except UnsafeFieldError:
            continue
        assert action.endswith(b"\r\n\r\n")
        assert action.count(b"\n") == action.count(b"\r") == 4
        assert max(map(len, action.split(b"\r\n"))) <= 1022


def test_replies_are_never_made_from_half_a_line() -> None:
    for number, content in mutated([b"agi_x: 1\n\n200 result=1 (abc)\n200 result=0\n"], AGI_WORDS, SEED + 2):
        events, _ = agi_read(content, number)
        replies = [event for event in events if isinstance(event, AgiReply)]
        assert len(replies) <= content.count(b"\n")
