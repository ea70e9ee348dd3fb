"""HEPv3 packets as Asterisk's ``res_hep_pjsip`` sends them, and the trace segments they are kept in.

A packet is ``HEP3``, its length, and chunks of (vendor, type, length, value). Source: the HEP/EEP protocol, rev. 36.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

_HEAD = struct.Struct(">4sH")
_CHUNK = struct.Struct(">HHH")
_LENGTH = struct.Struct(">I")
MAX_PACKET = 65_535
_FROM_USER = re.compile(rb"\r\n(?:From|f)\s*:[^\r]*?sips?:([^@;>\s]*)@", re.IGNORECASE)
_INVITED_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class SipPacket:
    """One SIP message on the wire; ``channel`` is Asterisk's channel name or, before there is one, the Call-ID."""

    at: float
    source: str
    source_port: int
    target: str
    target_port: int
    channel: str
    payload: bytes


class HepError(Exception):
    """The bytes are no HEPv3 packet."""


def parse(packet: bytes) -> SipPacket:
    """Decode one packet. Raises ``HepError`` when a length points outside it or a mandatory chunk is missing."""
    if len(packet) < _HEAD.size or packet[:4] != b"HEP3":
        raise HepError("no HEP3 packet")
    chunks = dict(_chunks(packet))
    try:
        seconds = int.from_bytes(chunks[9], "big") + int.from_bytes(chunks[10], "big") / 1e6
        return SipPacket(
            at=seconds,
            source=_address(chunks, 3, 5),
            source_port=int.from_bytes(chunks[7], "big"),
            target=_address(chunks, 4, 6),
            target_port=int.from_bytes(chunks[8], "big"),
            channel=chunks.get(17, b"").decode("utf-8", "replace"),
            payload=chunks[15],
        )
    except (KeyError, ValueError) as error:
        raise HepError(f"chunk missing or bad: {error}") from error


def _chunks(packet: bytes) -> Iterator[tuple[int, bytes]]:
    total = min(_HEAD.unpack_from(packet)[1], len(packet))
    offset = _HEAD.size
    while offset + _CHUNK.size <= total:
        _vendor, kind, length = _CHUNK.unpack_from(packet, offset)
        if length < _CHUNK.size or offset + length > total:
            raise HepError("chunk length outside the packet")
        yield kind, packet[offset + _CHUNK.size : offset + length]
        offset += length


def _address(chunks: dict[int, bytes], v4: int, v6: int) -> str:
    return str(ip_address(chunks[v4] if v4 in chunks else chunks[v6]))


def framed(packet: bytes) -> bytes:
    """Put the length before a packet, as the segments keep it."""
    return _LENGTH.pack(len(packet)) + packet


def packets(content: bytes) -> Iterator[bytes]:
    """Split a segment into packets; a last one cut short by a crash is left out."""
    offset = 0
    while offset + _LENGTH.size <= len(content):
        length = _LENGTH.unpack_from(content, offset)[0]
        start = offset + _LENGTH.size
        if length > MAX_PACKET or start + length > len(content):
            return
        yield content[start : start + length]
        offset = start + length


def trace_segments(folder: Path) -> list[Path]:
    """List the trace's files, oldest first."""
    return sorted(folder.glob("*.hep"))


def call_id_of(payload: bytes) -> bytes:
    """Find the ``Call-ID`` header's value without parsing the message; empty when there is none."""
    head = payload.partition(b"\r\n\r\n")[0]
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() in {b"call-id", b"i"}:
            return value.strip()
    return b""


@dataclass(frozen=True, slots=True)
class CalledLeg:
    """A leg that Asterisk called: its channel, when that was born, and the number that it shows as calling."""

    channel: str
    at: float
    caller_number: str


def messages_of(
    folder: Path, channels: set[str], called: list[CalledLeg], since: float, until: float
) -> list[SipPacket]:
    """Collect the SIP messages of a call between two instants (seconds since the epoch), in the order they were seen.

    Asterisk names the channel only in what a caller's dialog sends after its first INVITE. The rest of that dialog is
    found by its Call-ID, and each called leg's by its INVITE: the next one with the caller's number in ``From``. Every
    message returned names its channel.
    """
    seen = list(_between(folder, since - 2, until + 2))
    channel_of = {call_id_of(m.payload): m.channel for m in seen if "/" in m.channel}
    invites: dict[bytes, SipPacket] = {}
    for message in seen:
        if message.payload.startswith(b"INVITE ") and (call_id := call_id_of(message.payload)) not in channel_of:
            invites.setdefault(call_id, message)
    for leg in sorted(called, key=lambda leg: leg.at):
        if (call_id := next((each for each, invite in invites.items() if _begins(leg, invite)), b"")) != b"":
            channel_of[call_id] = leg.channel
            del invites[call_id]
    wanted = channels | {leg.channel for leg in called}
    named = ((message, channel_of.get(call_id_of(message.payload), "")) for message in seen)
    return [replace(message, channel=channel) for message, channel in named if channel in wanted]


def _between(folder: Path, since: float, until: float) -> Iterator[SipPacket]:
    last = 0.0
    for file in trace_segments(folder):
        if file.stat().st_mtime < since:
            continue
        for packet in packets(file.read_bytes()):
            try:
                message = parse(packet)
            except HepError:
                continue
            # What is received carries whole milliseconds, what is sent microseconds: the order of the file is true.
            last = max(last, message.at)
            if since <= last <= until:
                yield replace(message, at=last)


def _begins(leg: CalledLeg, invite: SipPacket) -> bool:
    user = _FROM_USER.search(invite.payload)
    return (
        0 <= invite.at - leg.at + 0.001 <= _INVITED_WITHIN_S
        and user is not None
        and user[1] == leg.caller_number.encode()
    )
