"""The `Call` that every script is written against. `AgiCall` runs it on Asterisk, `RehearsedCall` in virtual time.

What both worlds share is here: the steps, the budget, the endings, and how a script resumes after the exchange was
lost. The worlds supply the verbs with a leading underscore. See docs/design/call-scripts.md.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from signalbox.calls.outcome import DialOutcome, DialResult, HangupCause
from signalbox.calls.prompts import Prompt
from signalbox.kernel.clock import Clock
from signalbox.kernel.ids import CallId, ChannelId, EndpointId, TenantId


class HungUp(Exception):  # noqa: N818  an ending, not an error
    """The caller's channel is gone, whoever ended it."""


class TakenAway(Exception):  # noqa: N818  an ending, not an error
    """A transfer or a dispatcher sent the caller elsewhere: the caller lives on, this script does not."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


class EngineLost(Exception):  # noqa: N818  an ending, not an error
    """Asterisk, or the connection to it, is gone; whether the call lives is not known here."""


Ended = HungUp | TakenAway | EngineLost


class BudgetError(Exception):
    """The script took more steps than a sane one needs."""


class ResumeError(Exception):
    """The script that ran before the exchange was lost took another path; this one cannot go on from there."""


class Then(StrEnum):
    """What the dialplan does with the caller after a verb when no script is there any more (``SB_NEXT``)."""

    END = "end"
    """Release the caller; after a dial with the cause that says how it went."""
    FALLBACK = "fallback"
    """Ring the dialled number by the generated fallback, as if no script had ever run."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a script is, written as ``SB_STAGE`` and ``SB_NEXT`` in the same round trip as the verb itself."""

    name: str
    then: Then


@dataclass(frozen=True, slots=True)
class Resumed:
    """What the dialplan passes to a script that it starts again: the stage that has run, and how it ended."""

    stage: str
    outcome: DialOutcome | None = None
    digits: str = ""

    @property
    def position(self) -> int:
        """How many verbs had begun; 0 when the stage is none of ours."""
        number = self.stage.partition("-")[0]
        return int(number) if number.isdecimal() else 0

    @property
    def verb(self) -> str:
        return self.stage.partition("-")[2]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. ``name`` came from SIP and is data: never part of a command, escaped wherever it is shown."""

    number: str
    name: str
    endpoint: EndpointId


class Step(msgspec.Struct, frozen=True):
    """One line of a call's explanation: what happened and the rule that decided it."""

    at_ms: int
    verb: str
    text: str
    rule: str


class Call(ABC):
    """One caller, as a script sees him.

    Every verb raises the ending (``HungUp``, ``TakenAway``, ``EngineLost``) when the caller is no longer the
    script's; a script that waits for anything else is cancelled. A script never answers for the outcome: its
    ``finally`` frees only what it took itself.
    """

    def __init__(
        self,
        *,
        call_id: CallId,
        channel_id: ChannelId,
        tenant: TenantId,
        caller: Caller,
        dialled: str,
        clock: Clock,
        resumed: Resumed | None = None,
        max_steps: int = 200,
    ) -> None:
        self.call_id = call_id
        self.channel_id = channel_id
        self.tenant = tenant
        self.caller = caller
        self.dialled = dialled
        self.clock = clock
        self.steps: list[Step] = []
        self.ended: Ended | None = None
        self.is_released = False
        self.rule = ""
        """What decides where a verb names no rule of its own; the boundary sets it to the destination's kind."""
        self._resumed = resumed
        self._taken_by = ""
        self._verbs = 0
        self._max_steps = max_steps
        self._script: asyncio.Task[object] | None = None

    # What a script says

    def explain(self, rule: str, text: str, verb: str = "decide") -> None:
        """Record why; ``rule`` names a rule of the dial plan or a catalogue id, ``text`` is for people."""
        if len(self.steps) >= self._max_steps:
            raise BudgetError(f"more than {self._max_steps} steps")
        self._note(Step(self.now_ms(), verb, text, rule))

    def now_ms(self) -> int:
        return int(self.clock.now().timestamp() * 1000)

    def _note(self, step: Step) -> None:
        self.steps.append(step)

    async def answer(self) -> None:
        """Take the call, so that it is charged and heard; harmless when answered already."""
        self._begin("answer", "answers the caller", "")
        await self._answer()

    async def play(self, prompt: Prompt, *, rule: str = "", then: Then = Then.END) -> None:
        """Play a sentence to its end; before ``answer`` it is early media, which costs the caller nothing."""
        stage = self._begin("play", prompt.words, rule, then)
        if stage is not None:
            await self._play(prompt, stage)

    async def read_digits(
        self, prompt: Prompt, *, most: int, first_s: float, between_s: float, rule: str = "", then: Then = Then.FALLBACK
    ) -> str:
        """Play and collect up to ``most`` digits, ended by ``#``, a pause of ``between_s`` or silence of ``first_s``.

        The digits are for the script alone: they never reach a step or a log.
        """
        stage = self._begin("read", prompt.words, rule, then)
        if stage is None:
            return self._resumed.digits if self._resumed else ""
        return await self._read_digits(prompt, most, first_s, between_s, stage)

    async def dial(self, endpoints: Sequence[EndpointId], *, ring_s: int, rule: str = "") -> DialOutcome:
        """Ring every device of ``endpoints`` at once for ``ring_s`` seconds and talk to the first that answers.

        Returns when nobody answered, or when the other side ended the conversation. In one round trip.
        """
        stage = self._begin("dial", f"rings {', '.join(endpoints)} for {ring_s} s", rule)
        if stage is None:
            outcome = self._resumed.outcome if self._resumed else None
            if outcome is None:
                raise ResumeError("a dial without its outcome")
        else:
            outcome = await self._dial(endpoints, ring_s, stage)
        self.explain("decided by Asterisk", outcome.result.value.replace("_", " "), "outcome")
        if outcome.result is DialResult.ANSWERED:
            self.is_released = True  # the conversation is over and the dialplan ends the call: no round trip for it
        return outcome

    async def echo(self, *, rule: str = "") -> None:
        """Give the caller his own voice back until he hangs up or presses ``#``."""
        stage = self._begin("echo", "plays back what the caller says", rule)
        if stage is not None:
            await self._echo(stage)

    async def say_digits(self, digits: str, *, rule: str = "") -> None:
        """Speak ``digits`` one by one."""
        stage = self._begin("say", f"says {' '.join(digits)}", rule)
        if stage is not None:
            await self._say_digits(digits, stage)

    async def say_time(self, at: datetime, timezone: str, *, rule: str = "") -> None:
        """Speak the time of day of ``at`` in ``timezone``."""
        stage = self._begin("say", f"says the time, {timezone}", rule)
        if stage is not None:
            await self._say_time(at, timezone, stage)

    async def hang_up(self, cause: HangupCause = HangupCause.NORMAL, *, rule: str = "") -> None:
        """Release the caller; the second time it does nothing."""
        if self.is_released:
            return
        self._begin("hang_up", f"releases the caller, cause {cause.value}", rule)
        self.is_released = True
        await self._hang_up(cause)

    async def hand_back(self, why: str) -> None:
        """Leave the caller to the dialplan: what ``Then`` of the last stage says, or the generated fallback.

        The dialplan is told not to start a script for this caller again.
        """
        if self.ended is not None:
            raise self.ended
        self._note(Step(self.now_ms(), "hand_back", f"left to the fallback: {why}", "fallback"))
        if self.is_released:
            return
        self.is_released = True
        await self._hand_back()

    # What the world around the script says

    def announce_taking(self, by: str) -> None:
        """Say that the caller is about to be redirected: the hang-up that Asterisk reports next means ``TakenAway``.

        An empty ``by`` withdraws it, when the redirect was refused.
        """
        self._taken_by = by

    def end(self, ending: Ended) -> None:
        """The caller is no longer the script's: whatever the script waits for is cancelled, and verbs refuse."""
        if self.ended is not None:
            return
        if isinstance(ending, HungUp) and self._taken_by:
            ending = TakenAway(self._taken_by)
        self.ended = ending
        if self._script is not None and self._script is not asyncio.current_task():
            self._script.cancel()  # a verb that finds the ending itself raises it instead

    def bind(self, script: asyncio.Task[object] | None) -> None:
        """Name the task that ``end`` cancels; None once the script is over. Used by the boundary alone."""
        self._script = script

    def _begin(self, verb: str, text: str, rule: str, then: Then = Then.END) -> Stage | None:
        """Count and record a verb; None when it had run before the exchange was lost and is not to run again."""
        if self.ended is not None:
            raise self.ended
        self._verbs += 1
        if self._resumed is None or self._resumed.position < self._verbs:
            self.explain(rule or self.rule, text, verb)
            return Stage(f"{self._verbs}-{verb}", then)
        if self._resumed.position == self._verbs and self._resumed.verb != verb:
            raise ResumeError(f"{verb} where {self._resumed.stage} had run")
        self.explain("resumed", f"{text} (had run before the exchange was lost)", verb)
        return None

    # What each world does

    @abstractmethod
    async def _answer(self) -> None: ...

    @abstractmethod
    async def _play(self, prompt: Prompt, stage: Stage) -> None: ...

    @abstractmethod
    async def _read_digits(self, prompt: Prompt, most: int, first_s: float, between_s: float, stage: Stage) -> str: ...

    @abstractmethod
    async def _dial(self, endpoints: Sequence[EndpointId], ring_s: int, stage: Stage) -> DialOutcome: ...

    @abstractmethod
    async def _echo(self, stage: Stage) -> None: ...

    @abstractmethod
    async def _say_digits(self, digits: str, stage: Stage) -> None: ...

    @abstractmethod
    async def _say_time(self, at: datetime, timezone: str, stage: Stage) -> None: ...

    @abstractmethod
    async def _hang_up(self, cause: HangupCause) -> None: ...

    @abstractmethod
    async def _hand_back(self) -> None: ...
