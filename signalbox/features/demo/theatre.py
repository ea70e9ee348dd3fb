"""The sample people play their calls: who is free calls whom, and both sides keep to the script of the act."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from random import Random

from signalbox.features.demo.dialog import Dialog
from signalbox.features.demo.model import Act, Kind, Person
from signalbox.features.demo.phone import Phone
from signalbox.features.demo.rules import next_act
from signalbox.features.demo.sip import SipError
from signalbox.kernel.tasks import TaskSet

REGISTER_EVERY_S = 50.0
TRY_AGAIN_S = 2.0
SETUP_S = 10.0
"""How long a call may take to ring or to end on the other side, beyond what the act says."""

VISIT_S = 120.0
PAUSE_S = (0.4, 2.5)
Say = Callable[[str], None]


class Theatre:
    """Phones of ``people`` on ``server``; ``say`` is told of each call that begins."""

    def __init__(
        self, server: tuple[str, int], people: Sequence[Person], chance: Random, at_once: int, say: Say
    ) -> None:
        self._names = {person.number: person.name for person in people}
        self.phones = {
            person.number: Phone(server, person.number, person.secret, index, self._rang)
            for index, person in enumerate(people)
        }
        self._chance = chance
        self._at_once = at_once
        self._say = say
        self._acts: dict[str, Act] = {}
        """By the number of each who takes part."""
        self._visited: set[str] = set()
        self._tasks = TaskSet()
        self.played = 0
        self.problem = ""

    @property
    def calls(self) -> int:
        """How many acts are being played now."""
        return len({id(act) for act in self._acts.values()})

    @property
    def registered(self) -> int:
        """How many phones the exchange knows."""
        return sum(phone.is_registered for phone in self.phones.values())

    async def open(self, *, clear: bool = False) -> None:
        """Open and register all phones; with ``clear`` whatever an earlier demo left registered goes first."""
        for phone in self.phones.values():
            await phone.open()
        async with asyncio.TaskGroup() as group:
            for phone in self.phones.values():
                group.create_task(self._register(phone, clear=clear))
        for phone in self.phones.values():
            self._tasks.start(self._stay_registered(phone), f"demo registration {phone.number}")

    async def play(self) -> None:
        """Begin one call after the other, for ever."""
        while True:
            await asyncio.sleep(self._chance.uniform(*PAUSE_S))
            wanted = self._chance.randint(max(1, self._at_once // 2), self._at_once)
            if self.calls < wanted and (act := next_act(self._chance, self._idle())) is not None:
                self._begin(act)

    async def close(self) -> None:
        """End every call and take every phone away."""
        await self._tasks.stop()
        async with asyncio.TaskGroup() as group:
            for phone in self.phones.values():
                group.create_task(phone.close())

    # Registrations

    async def _register(self, phone: Phone, *, clear: bool = False) -> None:
        try:
            if clear:
                await phone.register(0, "*")
            await phone.register()
            self.problem = ""
        except SipError as error:
            phone.is_registered = False
            self.problem = str(error)

    async def _stay_registered(self, phone: Phone) -> None:
        while True:
            await asyncio.sleep(REGISTER_EVERY_S if phone.is_registered else TRY_AGAIN_S)
            await self._register(phone)

    # Acts

    def _idle(self) -> list[str]:
        busy = self._acts.keys() | self._visited
        return [number for number, phone in self.phones.items() if phone.is_registered and number not in busy]

    def _begin(self, act: Act) -> None:
        parts = {act.caller, act.called} & self.phones.keys()
        self._acts |= dict.fromkeys(parts, act)
        self._tasks.start(self._played(act, parts), "demo call")
        whom = f"calls {self._named(act.called)}: {act.kind}" if act.called in self.phones else f"dials {act.called}"
        self._say(f"{self.calls} at once   {self._named(act.caller)} {whom}")

    def _named(self, number: str) -> str:
        return f"{self._names[number]} ({number})" if number in self._names else number

    async def _played(self, act: Act, parts: set[str]) -> None:
        call = self.phones[act.caller].call(act.called)
        try:
            with contextlib.suppress(SipError):
                await self._caller(act, call)
            self.played += 1
        finally:
            for number in parts:
                del self._acts[number]

    async def _caller(self, act: Act, call: Dialog) -> None:
        """Play the caller until the call is over on this side."""
        patience_s = act.ring_s if act.kind is Kind.NO_ANSWER else act.ring_s + SETUP_S
        if await call.until(lambda: call.is_up, patience_s) and call.is_up:
            if act.hold_s:
                await _with_hold(act, call)
            else:
                await call.goes_on(act.talk_s + (SETUP_S if act.callee_ends else 0.0))
        await call.hang_up()

    def _rang(self, call: Dialog) -> None:
        number = call.number
        act = self._acts.get(number)
        if act is not None and (act.called, act.caller) == (number, call.caller):
            self._tasks.start(self._called(act, call), "demo call answered")
        elif act is not None or number in self._visited:
            call.reject(486, "Busy Here")
        else:
            self._tasks.start(self._visit(call), "demo visitor")

    async def _called(self, act: Act, call: Dialog) -> None:
        """Play the called side."""
        if act.kind is Kind.BUSY:
            call.reject(486, "Busy Here")
            return
        call.ring()
        if not await call.goes_on(act.ring_s + (SETUP_S if act.kind is Kind.NO_ANSWER else 0.0)):
            return
        if act.kind is Kind.REJECTED:
            call.reject(603, "Decline")
            return
        await call.answer()
        stays_s = act.talk_s + act.hold_s + (0.0 if act.callee_ends else SETUP_S)
        await call.goes_on(stays_s)
        with contextlib.suppress(SipError):
            await call.hang_up()

    async def _visit(self, call: Dialog) -> None:
        """Someone who is not of the site calls: answer, and talk until they hang up."""
        self._visited.add(call.number)
        self._say(f"{call.caller or 'Someone'} calls {self._named(call.number)}, who answers")
        try:
            call.ring()
            if await call.goes_on(2.0):
                await call.answer()
                await call.goes_on(VISIT_S)
            with contextlib.suppress(SipError):
                await call.hang_up()
        finally:
            self._visited.discard(call.number)


async def _with_hold(act: Act, call: Dialog) -> None:
    if await call.goes_on(act.talk_s / 2):
        await call.hold()
        await call.goes_on(act.hold_s)
    if not call.is_over:
        await call.resume()
        await call.goes_on(act.talk_s / 2)
