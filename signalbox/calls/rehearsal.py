"""`RehearsedCall`, and the world it runs in: the same scripts as on Asterisk, in virtual time.

`rehearse` plays one call from beginning to end and says what happened, by which rule, and who decided it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signalbox.calls.boundary import CallScripts, Ending, ScriptRecord
from signalbox.calls.call import Call, Caller, Resumed, Stage, Step
from signalbox.calls.destinations import Context, Kinds
from signalbox.calls.outcome import DialOutcome, HangupCause, dial_outcome
from signalbox.calls.phones import Answers, Behaviour
from signalbox.calls.prompts import Prompt
from signalbox.calls.routing import dialled_number
from signalbox.calls.simulated import BY_TESTER, EndedBy, SimulatedChannel
from signalbox.calls.simulated_phones import SimulatedPhone
from signalbox.calls.virtual_time import VirtualClock, run_virtually
from signalbox.kernel.clock import Clock
from signalbox.kernel.ids import FIRST_TENANT, CallId, ChannelId, EndpointId, TenantId

_LETTERS_PER_S = 15  # how fast prompts speak: rehearsed lengths are nominal
_DIGIT_S = 0.6
_TIME_S = 3.0
_ORDINARY = Answers(after_s=3, talks_s=10)


class RehearsedCall(Call):
    """A call in the simulated world. ``keys`` are what the caller presses at each question, in turn."""

    def __init__(self, channel: SimulatedChannel, keys: list[str], **identity: Any) -> None:
        super().__init__(**identity)
        self._channel = channel
        self._keys = keys

    def _note(self, step: Step) -> None:
        super()._note(step)
        self._channel.timeline.append(step)

    async def _answer(self) -> None:
        self._channel.is_answered = True

    async def _play(self, prompt: Prompt, stage: Stage) -> None:
        channel = self._channel
        await channel.run_app(stage, lambda: channel.listen(prompt.value, len(prompt.words) / _LETTERS_PER_S))

    async def _read_digits(self, prompt: Prompt, most: int, first_s: float, between_s: float, stage: Stage) -> str:
        pressed = self._keys.pop(0) if self._keys else ""
        self._channel.note("caller", "presses keys" if pressed else "presses nothing", BY_TESTER)
        await self._channel.run_app(
            stage, lambda: self._channel.listen(prompt.value, between_s if pressed else first_s)
        )
        return pressed.partition("#")[0][:most]

    async def _dial(self, endpoints: Sequence[EndpointId], ring_s: int, stage: Stage) -> DialOutcome:
        channel = self._channel
        await channel.run_app(stage, lambda: channel.dial(endpoints, ring_s))
        return dial_outcome(channel.dialstatus, channel.hangupcause)

    async def _echo(self, stage: Stage) -> None:
        await self._channel.run_app(stage, lambda: self._channel.listen("echo", None))

    async def _say_digits(self, digits: str, stage: Stage) -> None:
        channel = self._channel
        await channel.run_app(stage, lambda: channel.listen(f"digits:{digits}", len(digits) * _DIGIT_S))

    async def _say_time(self, at: datetime, timezone: str, stage: Stage) -> None:
        await self._channel.run_app(stage, lambda: self._channel.listen("time", _TIME_S))

    async def _hang_up(self, cause: HangupCause) -> None:
        self._channel.release(cause)

    async def _hand_back(self) -> None:
        self._channel.hand_back()


class RehearsedWorld:
    """Phones, channels and one exchange that can be killed and come back. Lives inside a virtual loop."""

    def __init__(
        self,
        kinds: Kinds,
        context: Context,
        *,
        phones: Sequence[SimulatedPhone],
        tasks: asyncio.TaskGroup,
        start: datetime,
        otherwise: Behaviour | None = None,
        keys: Sequence[str] = (),
        tenant: TenantId = FIRST_TENANT,
        trunks: Sequence[EndpointId] = (),
    ) -> None:
        self.clock: Clock = VirtualClock(start)
        self.tasks = tasks
        self.records: list[ScriptRecord] = []
        self._kinds = kinds
        self._context = context
        self._phones = list(phones)
        self._otherwise = otherwise
        self._keys = list(keys)
        self._tenant = tenant
        self._trunks = tuple(trunks)
        self._channels = 0
        self._scripts: CallScripts | None = None
        self._at_work: set[asyncio.Task[Any]] = set()
        self.start_exchange()

    def start_exchange(self) -> None:
        def journal(record: ScriptRecord) -> None:
            if self._scripts is scripts:  # a killed process writes no record: what it had to say is lost
                self.records.append(record)

        scripts = self._scripts = CallScripts(self._kinds, self._context, journal)

    def kill_exchange(self) -> None:
        """Stop every script where it is."""
        self._scripts = None
        for task in self._at_work:
            task.cancel()

    def call(self, caller: Caller, dialled: str) -> SimulatedChannel:
        """Let ``caller`` dial; the channel lives in the world's tasks."""
        self._channels += 1
        channel = SimulatedChannel(
            self,
            ChannelId(f"rehearsal-{self._channels}"),
            caller,
            dialled,
            trunk_s=self._context.settings.emergency_trunk_s,
        )
        self.tasks.create_task(channel.live())
        return channel

    @property
    def scripts_running(self) -> int:
        return len(self._at_work)

    def live_steps(self, call_id: str) -> list[ScriptRecord]:
        """Give the scripts that run for a call, as ``call.ladder`` does."""
        return self._scripts.steps_of(call_id) if self._scripts is not None else []

    # What a channel asks of its world

    def phones_of(self, endpoints: Sequence[EndpointId]) -> list[SimulatedPhone]:
        known = [phone for phone in self._phones if phone.endpoint in endpoints]
        if not known and self._otherwise is not None and endpoints:
            known = [SimulatedPhone(endpoints[0], self._otherwise)]
            self._phones += known
        return known

    def lifeline(self, number: str) -> tuple[EndpointId, ...] | None:
        valid = dialled_number(number)
        published = self._context.routing.find(self._tenant, valid) if valid is not None else None
        if published is None:
            return None
        kind, value = self._kinds.open(published)
        return kind.lifeline(value)

    def emergency_trunks(self, number: str) -> tuple[EndpointId, ...] | None:
        return self._trunks if number in self._context.settings.emergency_numbers else None

    def start_script(
        self, channel: SimulatedChannel, dialled: str, resumed: Resumed | None
    ) -> tuple[Call, asyncio.Task[Ending]] | None:
        if self._scripts is None:
            return None
        call = RehearsedCall(
            channel,
            self._keys,
            call_id=CallId(channel.channel_id),
            channel_id=channel.channel_id,
            tenant=self._tenant,
            caller=channel.caller,
            dialled=dialled,
            clock=self.clock,
            resumed=resumed,
        )
        task = self.tasks.create_task(self._scripts.run(call))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        return call, task

    def announce_taking(self, channel_id: ChannelId, by: str) -> None:
        if self._scripts is not None:
            self._scripts.announce_taking(channel_id, by)


@dataclass(frozen=True, slots=True)
class Story:
    """One call as a tester tells it. Whoever is not in ``phones`` behaves like ``otherwise``."""

    caller: Caller
    dialled: str
    at: datetime
    phones: Mapping[EndpointId, Behaviour]
    otherwise: Behaviour = _ORDINARY
    caller_stays_s: float = 120
    keys: tuple[str, ...] = ()
    tenant: TenantId = FIRST_TENANT


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What became of the call."""

    version: int
    steps: list[Step]
    rang: tuple[str, ...]
    talked: str
    heard: tuple[str, ...]
    dial_status: str
    ended_by: EndedBy
    cause: int
    lasted_s: float


def rehearse(kinds: Kinds, context: Context, story: Story) -> Rehearsed:
    """Play ``story``. Blocks for milliseconds; call it in a thread that has no running event loop."""
    return run_virtually(lambda: _play(kinds, context, story))


async def _play(kinds: Kinds, context: Context, story: Story) -> Rehearsed:
    async with asyncio.TaskGroup() as tasks:
        phones = [SimulatedPhone(endpoint, behaves) for endpoint, behaves in story.phones.items()]
        world = RehearsedWorld(
            kinds,
            context,
            phones=phones,
            tasks=tasks,
            start=story.at,
            otherwise=story.otherwise,
            keys=story.keys,
            tenant=story.tenant,
        )
        channel = world.call(story.caller, story.dialled)
        patience = asyncio.get_running_loop().call_later(story.caller_stays_s, channel.caller_hangs_up)
        await channel.gone.wait()
        patience.cancel()
        lasted_s = world.clock.monotonic()
    assert channel.ended_by is not None
    return Rehearsed(
        version=context.routing.version,
        steps=channel.timeline,
        rang=tuple(sorted(channel.rang)),
        talked=channel.talked or "",
        heard=tuple(channel.heard),
        dial_status=channel.dialstatus,
        ended_by=channel.ended_by,
        cause=channel.cause,
        lasted_s=lasted_s,
    )
