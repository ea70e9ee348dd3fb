"""The simulated side of a rehearsal: a caller's channel, the dialplan around it, phones, and an exchange to kill.

It models what the generated dialplan does around a script (retry once with the stage, then ``SB_NEXT``, then the
fallback) and no Asterisk application beyond "these phones ring": what a phone or person does is the tester's input.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from enum import StrEnum
from typing import Any, Protocol

from signalbox.calls.call import Caller, HungUp, Resumed, Stage, Step, Then
from signalbox.calls.outcome import CAUSE_OF, HangupCause, dial_outcome
from signalbox.calls.phones import Moment
from signalbox.calls.prompts import Prompt
from signalbox.calls.simulated_phones import SimulatedPhone, ring
from signalbox.engine.dialplan.lifelines import LAST_TRUNK_S
from signalbox.kernel.clock import Clock
from signalbox.kernel.ids import ChannelId, EndpointId

BY_ASTERISK = "decided by Asterisk"
BY_TESTER = "the tester's input"

# The numbers of engine/dialplan, and the defaults of the settings
_THINK_S = 5.0
_TRIES_UNDECIDED = 1
_TRIES_RESUMED = 3
_RETRY_S = 0.6
_ANNOUNCEMENT_S = 5.0


class EndedBy(StrEnum):
    """Who ended the caller's channel."""

    CALLER = "caller"
    CALLEE = "callee"
    EXCHANGE = "exchange"
    """A script or, without one, the dialplan released the caller."""


class Session(Protocol):
    """A script at work on a channel, as the channel sees it."""

    def end(self, ending: HungUp) -> None: ...


class World(Protocol):
    """What a channel needs of the world around it; see ``rehearsal``."""

    clock: Clock
    tasks: asyncio.TaskGroup

    def phones_of(self, endpoints: Sequence[EndpointId]) -> list[SimulatedPhone]: ...

    def lifeline(self, number: str) -> tuple[EndpointId, ...] | None:
        """Give what the generated fallback rings for a dialled number; None when it is no number at all."""
        ...

    def emergency_trunks(self, number: str) -> tuple[EndpointId, ...] | None:
        """Give the trunks by which an emergency number leaves, in turn; None when it is none."""
        ...

    def start_script(
        self, channel: "SimulatedChannel", dialled: str, resumed: Resumed | None
    ) -> tuple[Session, asyncio.Task[Any]] | None:
        """Start a script as ``AGI()`` does; None when no exchange answers."""
        ...

    def announce_taking(self, channel_id: ChannelId, by: str) -> None: ...


class SimulatedChannel:
    """A caller's channel in the dialplan."""

    def __init__(
        self, world: World, channel_id: ChannelId, caller: Caller, dialled: str, ring_s: int = 30, trunk_s: int = 15
    ) -> None:
        self.channel_id = channel_id
        self.caller = caller
        self.dialled = dialled
        self.timeline: list[Step] = []
        self.gone = asyncio.Event()
        self.reached = {moment: asyncio.Event() for moment in Moment}
        self.rang: set[EndpointId] = set()
        self.talked: EndpointId | None = None
        self.heard: list[str] = []
        self.is_answered = False
        self.dialstatus = ""
        self.hangupcause = 0
        self.ended_by: EndedBy | None = None
        self.cause = 0
        self.stage: Stage | None = None
        self._world = world
        self._fallback_ring_s = ring_s
        self._trunk_s = trunk_s
        self._handed_back = False
        self._goto: str | None = None
        self._session: Session | None = None
        self._app: asyncio.Task[None] | None = None
        self._dialplan: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._expired: asyncio.Future[None]

    # What happens to it

    async def live(self) -> None:
        """Run the dialplan, again after each redirect, until the channel is gone."""
        self._goto = self.dialled
        while self._goto is not None and self.ended_by is None:
            number, self._goto = self._goto, None
            self._dialplan = self._world.tasks.create_task(self._run_dialplan(number))
            await asyncio.wait({self._dialplan})
        self.gone.set()

    def caller_hangs_up(self) -> None:
        if self.ended_by is None:
            self.note("caller", "the caller hangs up", BY_TESTER)
            self._gone(EndedBy.CALLER, HangupCause.NORMAL)
            self._leave()

    def redirect(self, to: str, by: str) -> None:
        """Take the caller to ``to``, announced to the exchange as every such command is."""
        if self.ended_by is not None:
            return
        self.note("redirect", f"{by} takes the caller to {to}", BY_TESTER)
        self._world.announce_taking(self.channel_id, by)
        self._goto = to
        self._leave()

    def release(self, cause: HangupCause) -> None:
        """Let the exchange or the dialplan hang up."""
        self._gone(EndedBy.EXCHANGE, cause)

    def hand_back(self) -> None:
        self._handed_back = True

    async def run_app(self, stage: Stage, app: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run an application for a script; it runs on when the script is no more."""
        self.stage = stage
        self._app = self._world.tasks.create_task(self._verb(app))
        await asyncio.shield(self._app)

    def note(self, verb: str, text: str, rule: str) -> None:
        self.timeline.append(Step(int(self._world.clock.now().timestamp() * 1000), verb, text, rule))

    def _leave(self) -> None:
        self._disarm()
        if self._session is not None:
            self._session.end(HungUp())
        for task in (self._app, self._dialplan):
            if task is not None:
                task.cancel()

    def _gone(self, by: EndedBy, cause: HangupCause) -> None:
        self.ended_by = by
        self.cause = cause.value

    # The dialplan

    async def _run_dialplan(self, number: str) -> None:
        self.stage, self.dialstatus, self._handed_back = None, "", False
        lost = 0
        trunks = self._world.emergency_trunks(number)
        while True:
            answered = await self._agi(number, self._resume_point())
            if self._is_over():
                return
            lost += 1
            if self._handed_back or lost > self._tries(answered, is_urgent=trunks is not None):
                break
            await asyncio.sleep(_RETRY_S if lost > 1 else 0)
        if trunks is not None:
            await self._call_for_help(number, trunks)
        elif self._next() is Then.FALLBACK:
            await self._fall_back(number)
        if not self._is_over():
            self.release(self._release_cause())

    def _tries(self, answered: bool, *, is_urgent: bool) -> int:
        """How often a lost script is asked for again."""
        if self.stage is not None and not is_urgent:
            return _TRIES_RESUMED
        return _TRIES_UNDECIDED if answered or self.stage is not None else 0

    async def _agi(self, number: str, resumed: Resumed | None) -> bool:
        """Run a session to its end and what it started to its own; False when no exchange took it."""
        started = self._world.start_script(self, number, resumed)
        if started is None:
            self.note("dialplan", "no exchange answers", BY_ASTERISK)
            return False
        self._session, script = started
        self._expired = asyncio.get_running_loop().create_future()
        self._arm()
        await asyncio.wait({script, self._expired}, return_when=asyncio.FIRST_COMPLETED)
        self._disarm()
        if self._expired.done():
            self.note("dialplan", f"the script said nothing for {_THINK_S:g} s", "engine.think_s")
            self._session.end(HungUp())
            self._handed_back = True
        elif self._app is not None:
            await asyncio.wait({self._app})
        self._session = None
        return True

    def _arm(self) -> None:
        """Start ``TIMEOUT(absolute)``, which bounds a script's thinking: AGI itself would wait for ever."""
        self._timer = asyncio.get_running_loop().call_later(_THINK_S, _expire, self._expired)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def _verb(self, app: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._disarm()
        await app()
        self._arm()

    def _is_over(self) -> bool:
        if self.ended_by is None and self.dialstatus == "ANSWER":
            self._gone(EndedBy.CALLEE, HangupCause.NORMAL)
        return self.ended_by is not None

    def _release_cause(self) -> HangupCause:
        if not self.dialstatus:
            return HangupCause.NORMAL
        return CAUSE_OF[dial_outcome(self.dialstatus, self.hangupcause).result]

    def _next(self) -> Then:
        return self.stage.then if self.stage is not None else Then.FALLBACK

    def _resume_point(self) -> Resumed | None:
        if self.stage is None:
            return None
        outcome = dial_outcome(self.dialstatus, self.hangupcause) if self.dialstatus else None
        return Resumed(self.stage.name, outcome)

    async def _fall_back(self, number: str) -> None:
        endpoints = self._world.lifeline(number)
        self.note("dialplan", f"no script decided: fallback for {number}", "fallback")
        if endpoints:
            await self.dial(endpoints, self._fallback_ring_s)
        elif endpoints is None:
            await self.listen(Prompt.NOT_IN_SERVICE.value, _ANNOUNCEMENT_S)
            self.release(HangupCause.UNALLOCATED)

    async def _call_for_help(self, number: str, trunks: Sequence[EndpointId]) -> None:
        """Dial an emergency number by each trunk in turn: any end of a dial but an answer goes on to the next."""
        for trunk in trunks:
            self.note("dialplan", f"no script decided: {number} by {trunk}", "calls.emergency_numbers")
            await self.dial((trunk,), LAST_TRUNK_S if trunk == trunks[-1] else self._trunk_s)
            if self._is_over():
                return
        said = Prompt.ALL_CIRCUITS_BUSY if trunks else Prompt.CANNOT_COMPLETE
        self.note("dialplan", f"{'every trunk failed' if trunks else 'there is no trunk'} for {number}", "fallback")
        await self.listen(said.value, _ANNOUNCEMENT_S)
        self.release(HangupCause.NO_CIRCUIT)

    # Applications

    async def listen(self, what: str, lasts_s: float | None) -> None:
        """Play ``what``; None lasts until the caller leaves."""
        self.heard.append(what)
        self.reached[Moment.LISTENING].set()
        await (asyncio.Event().wait() if lasts_s is None else asyncio.sleep(lasts_s))

    async def dial(self, endpoints: Sequence[EndpointId], ring_s: float) -> None:
        """Ring the phones; leave ``dialstatus`` and ``hangupcause`` as ``Dial()`` does."""
        self.dialstatus, self.hangupcause = "CHANUNAVAIL", HangupCause.UNAVAILABLE.value
        phones = [phone for phone in self._world.phones_of(endpoints) if phone.is_registered]
        if not phones:
            self.note("phone", f"no phone is registered as {' or '.join(endpoints)}", BY_TESTER)
            return
        for phone in phones:
            if not phone.is_busy:
                self.rang.add(phone.endpoint)
                self.note("phone", f"{phone.label} rings", BY_ASTERISK)
                self.reached[Moment.RINGING].set()
        try:
            rung = await ring(phones, ring_s, lambda text: self.note("phone", text, BY_TESTER))
        except asyncio.CancelledError:
            self.dialstatus = "CANCEL"
            raise
        self.dialstatus, self.hangupcause = rung.status, rung.cause.value
        if rung.winner is not None:
            await self._talk(rung.winner)

    async def _talk(self, phone: SimulatedPhone) -> None:
        self.is_answered = phone.is_in_call = True
        self.talked = phone.endpoint
        self.note("phone", f"{phone.label} answers", BY_TESTER)
        self.reached[Moment.TALKING].set()
        try:
            await (asyncio.Event().wait() if phone.talks_s is None else asyncio.sleep(phone.talks_s))
            self.note("phone", f"{phone.label} hangs up", BY_TESTER)
        finally:
            phone.is_in_call = False


def _expire(timer: asyncio.Future[None]) -> None:
    if not timer.done():
        timer.set_result(None)
