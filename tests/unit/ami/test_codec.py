"""The AMI codec on transcripts of a real Asterisk 22.10.1: every cut, every end, every limit."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.engine.ami.codec import AmiCodec, AmiMessage, encode_action
from signalbox.engine.errors import ProtocolError, UnsafeFieldError

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.ami"))


def transcript(path: Path) -> bytes:
    content = path.read_bytes()
    return content if content.startswith(BANNER) else BANNER + content


def decoded(pieces: list[bytes]) -> list[AmiMessage]:
    codec = AmiCodec()
    messages = []
    for piece in pieces:
        codec.feed(piece)
        messages += list(codec.messages())
    codec.end()
    return messages


def one(block: bytes) -> AmiMessage:
    (message,) = decoded([BANNER + block + b"\r\n\r\n"])
    return message


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_every_cut_gives_the_same_messages(path: Path) -> None:
    content = transcript(path)[:4000]
    content = content[: content.rindex(b"\r\n\r\n") + 4]
    whole = decoded([content])
    assert len(whole) > 3
    for cut in range(len(content)):
        assert decoded([content[:cut], content[cut:]]) == whole


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_bytes_one_by_one_and_in_odd_pieces(path: Path) -> None:
    content = transcript(path)
    whole = decoded([content])
    for size in (1, 2, 3, 7, 1000):
        assert decoded([content[at : at + size] for at in range(0, len(content), size)]) == whole


def test_end_at_any_byte_is_an_error_or_between_messages() -> None:
    content = transcript(TRANSCRIPTS[0])[:3000]
    for cut in range(len(content)):
        codec = AmiCodec()
        codec.feed(content[:cut])
        list(codec.messages())
        if content[:cut].endswith((b"\r\n\r\n", BANNER)):
            codec.end()
        else:
            with pytest.raises(ProtocolError):
                codec.end()


def test_every_header_of_a_transcript_is_kept() -> None:
    content = transcript(Path(__file__).parent / "transcripts/call.ami")
    lines = [line for line in content.removeprefix(BANNER).decode().split("\r\n") if line]
    fields = [f"{key}: {text}" for message in decoded([content]) for key, text in message.fields.items()]
    assert fields == lines


def test_command_output_keeps_its_lines_in_order() -> None:
    messages = decoded([transcript(Path(__file__).parent / "transcripts/commands.ami")])
    output = messages[1].all("Output")
    assert output[1].startswith(" Endpoint:")
    assert output[-2] == "Objects found: 3"
    assert messages[0].all("Output")[0].startswith("Asterisk 22.10.1")
    assert messages[0].all("Nothing") == []


def test_a_lone_line_feed_makes_no_header() -> None:
    message = one(b"Event: Newchannel\r\nCallerIDName: x\nEvent: Hangup\nUniqueid: 1\r\nUniqueid: 2")
    assert message.event == "Newchannel"
    assert message.get("Uniqueid") == "2"
    assert message.get("CallerIDName") == "x\nEvent: Hangup\nUniqueid: 1"


def test_values_may_hold_colons_be_empty_or_lack_the_space() -> None:
    message = one(b"Event: X\r\nURI: sip:1@2: 3\r\nEmpty: \r\nBare:\r\nTight:value")
    assert message.fields == {"Event": "X", "URI": "sip:1@2: 3", "Empty": "", "Bare": "", "Tight": "value"}


def test_folded_and_keyless_lines_belong_to_the_line_before() -> None:
    message = one(b"Event: X\r\nText: one\r\n  two\r\n\tthree\r\nno key here\r\nNext: 1")
    assert message.get("Text") == "one\ntwo\nthree\nno key here"
    assert message.get("Next") == "1"


def test_repeated_keys_are_all_kept() -> None:
    message = one(b"Event: X\r\nVariable: a=1\r\nVariable: b=2\r\nOther: c")
    assert message.all("Variable") == ["a=1", "b=2"]
    assert message.get("Variable") == "b=2"
    assert message.all("Other") == ["c"]


def test_a_missing_empty_line_does_not_join_two_messages() -> None:
    messages = decoded([BANNER + b"Response: Success\r\nActionID: 1\r\nEvent: A\r\nX: 1\r\nEvent: B\r\nX: 2\r\n\r\n"])
    assert [message.event for message in messages] == ["", "A", "B"]
    messages = decoded([BANNER + b"Response: Success\r\nActionID: 1\r\nResponse: Error\r\nActionID: 2\r\n\r\n"])
    assert [message.get("ActionID") for message in messages] == ["1", "2"]


def test_a_response_field_inside_an_event_is_no_message() -> None:
    message = one(b"Event: OriginateResponse\r\nActionID: 7\r\nResponse: Failure\r\nReason: 3")
    assert message.event == "OriginateResponse"
    assert message.get("Response") == "Failure"


def test_extra_empty_lines_are_no_messages() -> None:
    assert decoded([BANNER + b"\r\n\r\n\r\n\r\nEvent: A\r\n\r\n"])[-1].event == "A"


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    assert one(b"Event: X\r\nName: \xff\xfe").get("Name") == "��"


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 400 Bad\r\n\r\n", b"A" * 300, b"\r\n"])
def test_another_server_is_refused(greeting: bytes) -> None:
    codec = AmiCodec()
    codec.feed(greeting)
    with pytest.raises(ProtocolError):
        list(codec.messages())


def test_a_message_or_line_too_long_is_an_error_wherever_it_is_cut() -> None:
    long_message = b"".join(b"K%d: %s\r\n" % (n, b"x" * 90) for n in range(20)) + b"\r\n"
    long_line = b"Event: X\r\nName: " + b"y" * 600 + b"\r\n\r\n"
    for content in (long_message, long_line):
        for cut in range(0, len(content), 50):
            codec = AmiCodec(max_line=500, max_message=1000)
            codec.feed(BANNER + b"Event: Good\r\n\r\n" + content[:cut])
            with pytest.raises(ProtocolError):
                fed_to_the_end(codec, content[cut:])


def fed_to_the_end(codec: AmiCodec, rest: bytes) -> None:
    list(codec.messages())
    codec.feed(rest)
    list(codec.messages())


def test_what_came_before_the_error_is_given() -> None:
    codec = AmiCodec(max_message=100)
    codec.feed(BANNER + b"Event: Good\r\n\r\n" + b"z" * 200)
    messages = codec.messages()
    assert next(messages).event == "Good"
    with pytest.raises(ProtocolError):
        next(messages)


def test_action_is_whole_lines() -> None:
    packed = encode_action("Originate", "9", [("Variable", "a=1"), ("Variable", "b=2")])
    assert packed == b"Action: Originate\r\nActionID: 9\r\nVariable: a=1\r\nVariable: b=2\r\n\r\n"


@pytest.mark.parametrize("text", ["a\r\nAction: Originate", "a\nb", "a\rb", "\0", "x" * 1100])
def test_unsafe_fields_are_refused(text: str) -> None:
    for name, fields in (("Setvar", {"Value": text}), ("Setvar", {text: "1"}), (text, {})):
        with pytest.raises(UnsafeFieldError):
            encode_action(name, "1", fields)


def test_more_fields_than_asterisk_keeps_are_refused() -> None:
    with pytest.raises(UnsafeFieldError):
        encode_action("Originate", "1", [("Variable", f"v{n}=1") for n in range(130)])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=8))
def test_any_bytes_give_messages_or_a_protocol_error(pieces: list[bytes]) -> None:
    codec = AmiCodec(max_line=40, max_message=80)
    codec.feed(BANNER)
    try:
        for piece in pieces:
            codec.feed(piece)
            for message in codec.messages():
                assert message.fields
        codec.end()
    except ProtocolError:
        pass


TEXT = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=30)
KEY = st.text("ABCDEFGHIJabcdefghij", min_size=1, max_size=10).filter(lambda key: key not in ("Event", "Response"))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(KEY, TEXT), max_size=10), st.integers(0, 200))
def test_what_is_encoded_is_decoded(pairs: list[tuple[str, str]], cut: int) -> None:
    packed = BANNER + encode_action("Test", "1", pairs)
    (message,) = decoded([packed[:cut], packed[cut:]])
    for key in {key for key, _ in pairs}:
        assert message.all(key) == [text for other, text in pairs if other == key]
