"""HEPv3 packets: read what Asterisk sends, refuse what lies about its lengths, find a call's messages."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.engine.hep import CalledLeg, HepError, framed, messages_of, packets, parse


def hep(payload: bytes, channel: str, at: float = 100.5, source_port: int = 40_000, target_port: int = 5060) -> bytes:
    chunks = [
        (1, b"\x02"),
        (2, b"\x11"),
        (3, bytes([127, 0, 0, 1])),
        (4, bytes([127, 0, 0, 2])),
        (7, source_port.to_bytes(2, "big")),
        (8, target_port.to_bytes(2, "big")),
        (9, int(at).to_bytes(4, "big")),
        (10, round(at % 1 * 1e6).to_bytes(4, "big")),
        (17, channel.encode()),
        (15, payload),
    ]
    body = b"".join(struct.pack(">HHH", 0, kind, len(value) + 6) + value for kind, value in chunks)
    return b"HEP3" + (len(body) + 6).to_bytes(2, "big") + body


INVITE = b"INVITE sip:101@x SIP/2.0\r\nCall-ID: abc@phone\r\nCSeq: 1 INVITE\r\n\r\n"
RINGING = b"SIP/2.0 180 Ringing\r\ni: abc@phone\r\nCSeq: 1 INVITE\r\n\r\n"


def test_a_packet_is_read() -> None:
    packet = parse(hep(INVITE, "PJSIP/100-00000001"))
    assert (packet.at, packet.source, packet.source_port) == (100.5, "127.0.0.1", 40_000)
    assert (packet.channel, packet.payload) == ("PJSIP/100-00000001", INVITE)


def test_every_cut_is_refused() -> None:
    whole = hep(INVITE, "PJSIP/100-00000001")
    for cut in range(len(whole)):
        with pytest.raises(HepError):
            parse(whole[:cut])


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with pytest.raises(HepError):
        parse(b"HEP3" + (len(body) + 6).to_bytes(2, "big") + body)


def test_a_segment_cut_by_a_crash_keeps_its_whole_packets() -> None:
    content = framed(b"one") + framed(b"two")
    assert list(packets(content[:-1])) == [b"one"]
    assert list(packets(content)) == [b"one", b"two"]


OURS = b"INVITE sip:101@phone SIP/2.0\r\nFrom: <sip:100@x>;tag=1\r\nCall-ID: out\r\n\r\n"


def _trace(folder: Path, *kept: bytes) -> None:
    (folder / "00000001.hep").write_bytes(b"".join(framed(packet) for packet in kept))


def test_the_first_invite_is_found_by_the_call_id_of_later_messages(tmp_path: Path) -> None:
    other = INVITE.replace(b"abc@phone", b"other")
    _trace(
        tmp_path,
        hep(INVITE, "abc@phone", at=100.1),
        hep(other, "other", at=100.2),
        b"rubbish",
        hep(RINGING, "PJSIP/100-00000001", at=100.3),
    )
    found = messages_of(tmp_path, {"PJSIP/100-00000001"}, [], 0, 2**33)
    assert [m.payload for m in found] == [INVITE, RINGING]


def test_a_called_leg_is_found_by_its_invite_and_each_only_once(tmp_path: Path) -> None:
    second, stranger = OURS.replace(b"out", b"out2"), OURS.replace(b":100@", b":200@").replace(b"out", b"out3")
    answer = b"SIP/2.0 200 OK\r\nCall-ID: out2\r\n\r\n"
    _trace(
        tmp_path,
        hep(OURS.replace(b"out", b"before"), "before", at=99.0),
        hep(OURS, "out", at=100.0101),
        hep(stranger, "out3", at=100.0102),
        hep(second, "out2", at=100.0103),
        hep(answer, "out2", at=100.010),
    )
    legs = [CalledLeg("PJSIP/101-2", 100.01, "100"), CalledLeg("PJSIP/101-1", 100.0095, "100")]
    found = messages_of(tmp_path, set(), legs, 0, 2**33)
    assert [m.payload for m in found] == [OURS, second, answer]
    assert [m.channel for m in found] == ["PJSIP/101-1", "PJSIP/101-2", "PJSIP/101-2"]
    assert found[2].at >= found[1].at, "an answer is never shown before what it answers"
