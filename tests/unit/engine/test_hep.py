"""HEPv3 packets: read what Asterisk sends, refuse what lies about its lengths, find a call's messages."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.engine.hep import HepError, framed, messages_of, packets, parse


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


def test_the_first_invite_is_found_by_the_call_id_of_later_messages(tmp_path: Path) -> None:
    other = INVITE.replace(b"abc@phone", b"other")
    (tmp_path / "00000001.hep").write_bytes(
        framed(hep(INVITE, "abc@phone", at=100.1))
        + framed(hep(other, "other", at=100.2))
        + framed(b"rubbish")
        + framed(hep(RINGING, "PJSIP/100-00000001", at=100.3))
    )
    found = messages_of(tmp_path, {"PJSIP/100-00000001"}, 0, 2**33)
    assert [m.payload for m in found] == [INVITE, RINGING]
