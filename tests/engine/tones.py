"""Audio of the test phones: G.711 tones sent over RTP or SRTP, and listening by Goertzel's algorithm.

A phone "hears" a tone when its energy stands out of the last 0.2 s of what arrived in sequence.
"""

import asyncio
import hmac
import math
import secrets
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from signalbox.features.demo.media import ulaw

RATE = 8000
FRAME = 160
WINDOW = 1600
EVENTS = 101
_HEADER = struct.Struct(">BBHII")
_TAG = 10


def _alaw(sample: int) -> int:
    sign = 0 if sample < 0 else 0x80
    size = min(abs(sample), 32767)
    exponent = max(size.bit_length() - 8, 0)
    mantissa = size >> (4 if exponent == 0 else exponent + 3) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


def _from_ulaw(byte: int) -> int:
    byte = ~byte & 0xFF
    size = (((byte & 0x0F) << 3) + 132 << (byte >> 4 & 7)) - 132
    return -size if byte & 0x80 else size


def _from_alaw(byte: int) -> int:
    byte ^= 0x55
    exponent, size = byte >> 4 & 7, (byte & 0x0F) << 4
    size = size + 8 if exponent == 0 else size + 0x108 << exponent - 1
    return size if byte & 0x80 else -size


ENCODE: dict[int, Callable[[int], int]] = {0: ulaw, 8: _alaw}
DECODE = {
    kind: np.array([decode(byte) for byte in range(256)], dtype=np.int16)
    for kind, decode in ((0, _from_ulaw), (8, _from_alaw))
}


def strength(samples: "np.ndarray[Any, np.dtype[Any]]", hertz: float, rate: int = RATE) -> float:
    """How much of ``samples``' energy is at ``hertz``, 0 to 1 (Goertzel over the whole array, Hann-free)."""
    signal = samples.astype(np.float64)
    energy = float(np.dot(signal, signal))
    if len(signal) == 0 or energy < len(signal) * 100.0:
        return 0.0
    turn = np.exp(-2j * math.pi * hertz / rate * np.arange(len(signal)))
    return float(abs(np.dot(signal, turn)) ** 2 * 2 / (len(signal) * energy))


def tone(payload: int, hertz: float, start: int) -> bytes:
    """20 ms of a sine in G.711, continuing at sample ``start``; 0 Hz is silence."""
    encode = ENCODE[payload]
    return bytes(
        encode(int(8000 * math.sin(2 * math.pi * hertz * (start + i) / RATE)) if hertz else 0) for i in range(FRAME)
    )


class Srtp:
    """One direction of SRTP, AES_CM_128_HMAC_SHA1_80 with the default key derivation (RFC 3711)."""

    SUITE = "AES_CM_128_HMAC_SHA1_80"

    def __init__(self, key: bytes | None = None) -> None:
        self.key = key or secrets.token_bytes(30)
        self._cipher = self._derived(0, 16)
        self._auth = self._derived(1, 20)
        self._salt = self._derived(2, 14)
        self._roc = 0
        self._last: int | None = None

    def _derived(self, label: int, size: int) -> bytes:
        start = int.from_bytes(self.key[16:], "big") ^ (label << 48)
        return _keystream(self.key[:16], start << 16, size)

    def _rolled(self, sequence: int) -> int:
        if self._last is not None and self._last - sequence > 0x8000:
            self._roc += 1
        self._last = sequence
        return self._roc

    def _coded(self, packet: bytes, roc: int) -> bytes:
        _, _, sequence, _, source = _HEADER.unpack_from(packet)
        index = roc << 16 | sequence
        start = int.from_bytes(self._salt, "big") << 16 ^ source << 64 ^ index << 16
        stream = _keystream(self._cipher, start, len(packet) - 12)
        return packet[:12] + bytes(a ^ b for a, b in zip(packet[12:], stream, strict=True))

    def protect(self, packet: bytes) -> bytes:
        roc = self._rolled(_HEADER.unpack_from(packet)[2])
        coded = self._coded(packet, roc)
        return coded + hmac.digest(self._auth, coded + struct.pack(">I", roc), "sha1")[:_TAG]

    def unprotect(self, packet: bytes) -> bytes | None:
        """The plain packet, or ``None`` when it is not authentic."""
        coded, tag = packet[:-_TAG], packet[-_TAG:]
        roc = self._rolled(_HEADER.unpack_from(coded)[2])
        if not hmac.compare_digest(hmac.digest(self._auth, coded + struct.pack(">I", roc), "sha1")[:_TAG], tag):
            return None
        return self._coded(coded, roc)


def _keystream(key: bytes, start: int, size: int) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.CTR(start.to_bytes(16, "big"))).encryptor()
    return cipher.update(bytes(size))


class Audio(asyncio.DatagramProtocol):
    """One phone's end of a media stream: sends a tone to ``remote`` every 20 ms, keeps the last second it received."""

    def __init__(self, payload: int) -> None:
        self.payload = payload
        self.hertz = 0.0
        self.sending = True
        self.remote: tuple[str, int] | None = None
        self.received = 0
        self.rejected = 0
        self.encrypt: Srtp | None = None
        self.decrypt: Srtp | None = None
        self._heard = np.zeros(0, dtype=np.int16)
        self._changed = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None
        self._sequence = secrets.randbelow(60000)
        self._sample = FRAME
        self._events: list[bytes] = []
        self._pressed_at = 0
        self._source = secrets.randbits(32)
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    @property
    def port(self) -> int:
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    async def open(self, host: str = "127.0.0.1") -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        self._due = time.monotonic()
        self._tick()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, packet: bytes, source: tuple[str, int]) -> None:
        if len(packet) <= 12 or packet[0] >> 6 != 2 or packet[1] & 0x7F in range(72, 77):
            return
        if self.decrypt is not None:
            plain = self.decrypt.unprotect(packet)
            if plain is None:
                self.rejected += 1
                return
            packet = plain
        kind = packet[1] & 0x7F
        if kind not in DECODE:
            return
        self.received += 1
        samples = DECODE[kind][np.frombuffer(packet[12:], dtype=np.uint8)]
        self._heard = np.concatenate([self._heard, samples])[-RATE:]
        self._changed.set()

    def forget(self) -> None:
        """Listen anew: what was heard before counts no more."""
        self._heard = self._heard[:0]

    def heard(self, hertz: float) -> float:
        """The share of ``hertz`` in the last 0.2 s, 0 before that much arrived."""
        return strength(self._heard[-WINDOW:], hertz) if len(self._heard) >= WINDOW else 0.0

    def loudness(self) -> float:
        """Root mean square of the last 0.2 s."""
        window = self._heard[-WINDOW:].astype(np.float64)
        return float(np.sqrt(np.mean(window**2))) if len(window) == WINDOW else 0.0

    async def hears(self, hertz: float, within_s: float = 5.0) -> bool:
        """Wait until ``hertz`` dominates what arrives."""
        return await self.notices(lambda: self.heard(hertz) > 0.7, within_s)

    async def notices(self, predicate: Callable[[], bool], within_s: float = 5.0) -> bool:
        """Wait until ``predicate`` holds; asked again after each packet."""
        try:
            async with asyncio.timeout(within_s):
                while not predicate():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def press(self, keys: str) -> None:
        """Press keys one after the other, as telephone events (RFC 4733) of 100 ms with 60 ms between."""
        for key in keys:
            event = "0123456789*#ABCD".index(key)
            self._events += [bytes((event, 10, *divmod(160 * n, 256))) for n in range(1, 5)]
            self._events += [bytes((event, 0x8A, *divmod(800, 256)))] * 3 + [b""] * 3

    def _tick(self) -> None:
        self._due += FRAME / RATE
        self._timer = asyncio.get_running_loop().call_later(max(self._due - time.monotonic(), 0), self._tick)
        if self._transport is None or self.remote is None or not self.sending:
            return
        event = self._events.pop(0) if self._events else b""
        if event and not self._pressed_at:
            self._pressed_at = self._sample
        elif not event:
            self._pressed_at = 0
        kind, stamp = (EVENTS, self._pressed_at) if event else (self.payload, self._sample)
        header = _HEADER.pack(0x80, kind, self._sequence & 0xFFFF, stamp & 0xFFFFFFFF, self._source)
        packet = header + (event or tone(self.payload, self.hertz, self._sample))
        self._sequence += 1
        self._sample += FRAME
        self._transport.sendto(self.encrypt.protect(packet) if self.encrypt else packet, self.remote)
