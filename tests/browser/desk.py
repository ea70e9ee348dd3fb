"""SIP phones on a desk beside the browser, in an event loop of their own: tests talk to them without ``await``."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from concurrent.futures import TimeoutError as LateError
from typing import Any, TypeVar

import numpy as np

from bench.platform import Platform
from signalbox.features.demo.sip import SipError
from tests.engine.conversation import Conversation
from tests.engine.phones import Phone, Place

_T = TypeVar("_T")
_EVENTS = 101
_KEYS = "0123456789*#ABCD"
FRAME = 160


class Desk:
    """Phones of extensions by number; each is opened and registered when it is first asked for."""

    def __init__(self, system: Platform, secrets: dict[str, str]) -> None:
        sip = system.settings.sip
        self._place = Place(udp=sip.udp_port, tcp=sip.tcp_port, tls=sip.tls_port, ws=sip.ws_port, wss=sip.wss_port)
        self._secrets = secrets
        self._phones: dict[str, Phone] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="desk", daemon=True)
        self._thread.start()

    def run(self, doing: Coroutine[Any, Any, _T], within_s: float = 30) -> _T:
        """Do something with a phone and wait for it."""
        future = asyncio.run_coroutine_threadsafe(doing, self._loop)
        try:
            return future.result(within_s)
        except LateError:
            future.cancel()
            raise

    def add(self, number: str, secret: str) -> None:
        """Know one more extension."""
        self._secrets[number] = secret

    def phone(self, number: str) -> Phone:
        """The registered phone of an extension; it speaks in a tone of its own, ``tone_of`` tells which."""
        if number not in self._phones:
            phone = Phone(self._place, number, self._secrets[number], hears_hz=tone_of(number))
            self.run(phone.__aenter__())
            self._phones[number] = phone
            answer = self.run(phone.register(600, contact=f"<{phone.contact}>"))
            assert answer.status == 200, answer.start
        return self._phones[number]

    def call(self, caller: str, number: str) -> Conversation:
        """Place a call and return at once."""
        return self.run(self.phone(caller).call(number))

    def rings(self, number: str, within_s: float = 10) -> Conversation:
        """Wait until the phone rings."""
        return self.run(self.phone(number).rings(within_s))

    def answer(self, number: str) -> Conversation:
        """Wait until the phone rings and take the call."""
        return self.run(self.rings(number).answer())

    def talk(self, caller: str, called: str) -> tuple[Conversation, Conversation]:
        """Have two phones talk to each other."""
        self.phone(called)
        placed = self.call(caller, called)
        taken = self.answer(called)
        self.run(placed.answered())
        return placed, taken

    def clear(self) -> None:
        """Hang everything up; the phones stay registered."""
        for phone in self._phones.values():
            for call in phone.calls.values():
                with contextlib.suppress(AssertionError, SipError, TimeoutError):
                    self.run(call.hang_up())
            phone.calls.clear()
            phone.is_busy = False
            while not phone.is_quiet:
                phone._incoming.get_nowait()

    def unregister(self, number: str) -> None:
        """Take a phone away; its tile goes dark."""
        phone = self._phones.pop(number)
        self.run(phone.register(0))
        self.run(phone.__aexit__())

    def close(self) -> None:
        self.clear()
        for number in list(self._phones):
            with contextlib.suppress(SipError):
                self.unregister(number)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    # What a phone hears

    def hears(self, call: Conversation, hertz: float) -> bool:
        """Whether a tone arrives from now on."""
        call.audio.forget()
        return self.run(call.audio.hears(hertz, 8))

    def hears_voice(self, call: Conversation, within_s: float = 8) -> bool:
        """Whether sound of any kind arrives from now on: a browser's pretended microphone beeps."""
        call.audio.forget()
        return self.run(call.audio.notices(lambda: call.audio.loudness() > 300, within_s))

    def hears_nothing(self, call: Conversation, for_s: float = 2.5) -> bool:
        """Whether it stays silent for longer than the pause between two beeps."""
        return not self.hears_voice(call, for_s)

    def hears_music(self, call: Conversation) -> bool:
        """Whether a second without pauses arrives: music, where a voice or the beeps would stop and go."""
        call.audio.forget()
        return self.run(call.audio.notices(lambda: _is_continuous(call.audio._heard), 10))

    def watch_keys(self, call: Conversation) -> list[str]:
        """Collect the keys that the other side presses, as telephone events (RFC 4733)."""
        keys: list[str] = []
        seen: set[bytes] = set()
        take = call.audio.datagram_received

        def received(packet: bytes, source: tuple[str, int]) -> None:
            stamp = packet[4:8]
            if packet[1] & 0x7F == _EVENTS and stamp not in seen:
                seen.add(stamp)
                keys.append(_KEYS[packet[12]])
            take(packet, source)

        call.audio.datagram_received = received  # type: ignore[method-assign]
        return keys


def tone_of(number: str) -> float:
    """A tone for each extension, far enough from those of its neighbours."""
    return 400.0 + 100.0 * (int(number) % 20)


def _is_continuous(samples: "np.ndarray[Any, np.dtype[Any]]") -> bool:
    if len(samples) < FRAME * 50:
        return False
    frames = samples[-FRAME * 50 :].astype(np.float64).reshape(50, FRAME)
    loud = np.sqrt((frames**2).mean(axis=1)) > 30
    return bool(loud.mean() > 0.8)
