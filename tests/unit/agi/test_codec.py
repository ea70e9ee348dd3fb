"""The FastAGI codec on transcripts of a real Asterisk 22.10.1: every cut, every end, every limit."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.engine.agi.codec import (
    HANGUP,
    TRYING,
    AgiCodec,
    AgiEvent,
    AgiReply,
    AgiRequest,
    encode_command,
)
from signalbox.engine.errors import ProtocolError, UnsafeFieldError

FOLDER = Path(__file__).parent / "transcripts"
SESSION = (FOLDER / "session.agi").read_bytes()
HANGUP_IN_EXEC = (FOLDER / "hangup.agi").read_bytes()
ENV = b"agi_network_script: x\n\n"


def decoded(pieces: list[bytes]) -> tuple[AgiRequest, list[AgiEvent]]:
    codec = AgiCodec()
    events: list[AgiEvent] = []
    for piece in pieces:
        codec.feed(piece)
        events += list(codec.events())
    codec.end()
    request = events[0]
    assert isinstance(request, AgiRequest)
    return request, events[1:]


def test_session_as_asterisk_speaks_it() -> None:
    request, replies = decoded([SESSION])
    assert request.script == "bench"
    assert request.args == ("a1",)
    assert request.caller_number == "+4930123"
    assert request.caller_name == "O'Neil \"x"
    assert request.extension == "agi"
    assert request.context == "tenant-1"
    assert request.priority == 3
    assert request.uniqueid == "n1-1795173989.0"
    assert request.env["dnid"] == "unknown"
    assert replies == [
        AgiReply(200, "0"),
        AgiReply(200, "1"),
        AgiReply(200, "1", 'a (b) "c"'),
        AgiReply(200, "0"),
        TRYING,
        AgiReply(200, "0", "Gosub complete"),
        AgiReply(510, "", "Invalid or unknown command"),
        AgiReply(520, "", "Invalid command syntax.  Proper usage follows:\nSets a variable to the current channel."),
        AgiReply(200, "6"),
        AgiReply(200, "0"),
        AgiReply(200, "-2"),
        AgiReply(200, "0"),
        AgiReply(200, "1", "+4930123|Up"),
    ]


@pytest.mark.parametrize("content", [SESSION, HANGUP_IN_EXEC], ids=["session", "hangup"])
def test_every_cut_gives_the_same_events(content: bytes) -> None:
    whole = decoded([content])
    for cut in range(len(content)):
        request, events = decoded([content[:cut], content[cut:]])
        assert (request.env, events) == (whole[0].env, whole[1])
    assert decoded([content[at : at + 1] for at in range(len(content))])[1] == whole[1]


def test_hangup_is_no_answer() -> None:
    _, events = decoded([HANGUP_IN_EXEC])
    assert events == [AgiReply(200, "0"), AgiReply(200, "-1"), HANGUP, HANGUP]


def test_end_at_any_byte_is_an_error_or_between_messages() -> None:
    environment = SESSION.index(b"\n\n") + 2
    usage = range(SESSION.index(b"520-") + 1, SESSION.index(b"520 End") + len(b"520 End of proper usage.\n"))
    for cut in range(len(SESSION)):
        codec = AgiCodec()
        codec.feed(SESSION[:cut])
        list(codec.events())
        if cut >= environment and SESSION[cut - 1 : cut] == b"\n" and cut not in usage:
            codec.end()
        else:
            with pytest.raises(ProtocolError):
                codec.end()


def test_digits_keep_their_zeros_and_signs() -> None:
    _, replies = decoded(
        [ENV + b"200 result=007\n200 result=*# (timeout)\n200 result= (timeout)\n200 result=0 endpos=8\n"]
    )
    assert replies == [
        AgiReply(200, "007"),
        AgiReply(200, "*#", "timeout"),
        AgiReply(200, "", "timeout"),
        AgiReply(200, "0", "endpos=8"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"agi_x: 1\nGET: 2\n\n",
        b"agi_" + b"x" * 2000,
        b"agi_" + b"x: 1\nagi_" * 400 + b"y: 2\n\n",
        ENV + b"201 what\n",
        ENV + b"\n",
        ENV + b"200 result=1 (" + b"x" * 2000 + b")\n",
        ENV + b"200 " + b"x" * 2000,
        ENV + b"520-usage\n" + b"more\n" * 300,
    ],
)
def test_what_is_not_agi_or_too_long_is_refused_wherever_it_is_cut(content: bytes) -> None:
    for cut in range(0, len(content), 97):
        codec = AgiCodec(max_line=1000, max_environment=1000)
        with pytest.raises(ProtocolError):  # noqa: PT012  the error may come with either piece
            for piece in (content[:cut], content[cut:]):
                codec.feed(piece)
                list(codec.events())


def test_commands_are_quoted_where_they_must_be() -> None:
    assert encode_command(("SET", "VARIABLE", "X", "plain")) == b"SET VARIABLE X plain\n"
    assert encode_command(("SET", "VARIABLE", "X", "")) == b'SET VARIABLE X ""\n'
    assert encode_command(("SET", "VARIABLE", "X", 'a "b" \\')) == b'SET VARIABLE X "a \\"b\\" \\\\"\n'


@pytest.mark.parametrize("text", ["a\nEXEC System x", "a\r", "\0", "x" * 2100, "é" * 1030])
def test_unsafe_words_are_refused(text: str) -> None:
    with pytest.raises(UnsafeFieldError):
        encode_command(("SET", "VARIABLE", "X", text))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=6))
def test_asterisk_reads_the_words_that_were_meant(words: list[str]) -> None:
    try:
        line = encode_command(tuple(words))
    except UnsafeFieldError:
        assert any(set(word) & set("\r\n\0") for word in words)
        return
    assert line.count(b"\n") == 1
    assert as_asterisk_splits(line.decode().removesuffix("\n")) == words


def as_asterisk_splits(line: str) -> list[str]:
    """Split as Asterisk does: quotes toggle, a backslash takes the next character as it is."""
    words: list[str] = []
    is_quoted = is_escaped = False
    is_between = True
    for character in line:
        if character == '"' and not is_escaped:
            is_quoted = not is_quoted
            if is_quoted and is_between:
                words.append("")
                is_between = False
        elif character in " \t" and not is_quoted and not is_escaped:
            is_between = True
        elif character == "\\" and not is_escaped:
            is_escaped = True
            continue
        else:
            if is_between:
                words.append("")
                is_between = False
            words[-1] += character
        is_escaped = False
    return words


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=8))
def test_any_bytes_give_events_or_a_protocol_error(pieces: list[bytes]) -> None:
    codec = AgiCodec(max_line=50, max_environment=50)
    codec.feed(ENV)
    try:
        for piece in pieces:
            codec.feed(piece)
            list(codec.events())
        codec.end()
    except ProtocolError:
        pass
