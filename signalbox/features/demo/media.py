"""What the sample phones say to each other: G.711 that sounds like distant talk, sent over RTP."""

import asyncio
import math
import secrets
import struct
import time
from functools import cache

RATE = 8000
FRAME = 160
"""Samples in the 20 ms of one packet."""

PAYLOAD = 0
"""PCMU, which every phone and Asterisk's own files know."""

LATEST_S = 0.2
"""A stream that is further behind skips what it missed, as a phone does."""

_HEADER = struct.Struct(">BBHII")
_VOICES_HZ = (98.0, 117.0, 174.0, 208.0)
_SECONDS = 3


def ulaw(sample: int) -> int:
    """Encode a 16-bit sample (G.711)."""
    sign = 0x80 if sample < 0 else 0
    size = min(abs(sample), 32635) + 132
    exponent = size.bit_length() - 8
    return ~(sign | exponent << 4 | (size >> (exponent + 3)) & 0x0F) & 0xFF


@cache
def voice(which: int) -> tuple[bytes, ...]:
    """Make a few seconds of one of four voices: vowels of four syllables a second, in packets to be sent in a ring."""
    pitch = _VOICES_HZ[which % len(_VOICES_HZ)]
    samples = bytes(ulaw(_talk(pitch, index / RATE)) for index in range(RATE * _SECONDS))
    return tuple(samples[start : start + FRAME] for start in range(0, len(samples), FRAME))


def _talk(pitch: float, at_s: float) -> int:
    """One sample: a harmonic tone whose loudness follows syllables and a breath at the end of each ring."""
    syllable = max(math.sin(2 * math.pi * 4 * at_s), 0.0) * (0.6 + 0.4 * math.sin(2 * math.pi * at_s / _SECONDS * 2))
    breath = 0.0 if at_s > _SECONDS - 0.6 else 1.0
    turn = 2 * math.pi * pitch * at_s
    tone = math.sin(turn) + 0.6 * math.sin(3 * turn) + 0.4 * math.sin(5 * turn) + 0.2 * math.sin(9 * turn)
    return int(2200 * syllable * breath * tone)


class Stream(asyncio.DatagramProtocol):
    """One phone's end of a call's media: sends its voice to ``remote``, counts what arrives."""

    def __init__(self, which: int) -> None:
        self.remote: tuple[str, int] | None = None
        self.is_talking = True
        self.received = 0
        self._frames = voice(which)
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._sent = secrets.randbelow(60000)
        self._source = secrets.randbits(32)

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    async def open(self, host: str) -> None:
        """Listen on a free port of ``host``, and send from then on whenever ``remote`` is known."""
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        self._due = time.monotonic()
        self._tick()

    def close(self) -> None:
        """Stop; a second time does nothing."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # typeshed's base is wider
        self._transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.received += 1

    def _tick(self) -> None:
        now = time.monotonic()
        self._due = max(self._due, now - LATEST_S) + FRAME / RATE
        self._timer = asyncio.get_running_loop().call_later(max(self._due - now, 0.0), self._tick)
        if self._transport is None or self.remote is None or not self.is_talking:
            return
        self._sent += 1
        stamp = self._sent * FRAME & 0xFFFFFFFF
        header = _HEADER.pack(0x80, PAYLOAD, self._sent & 0xFFFF, stamp, self._source)
        self._transport.sendto(header + self._frames[self._sent % len(self._frames)], self.remote)
