"""The call-script boundary: from a caller to an ending, whatever the script does on the way.

It decides what the dialled number is, follows destinations within the hop limit, turns every exception into the
fallback, and leaves one record of each script; of those that ended in no ordinary way also a log line.
"""

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum

import msgspec

from signalbox.calls.call import Call, Ended, EngineLost, HungUp, Step, TakenAway
from signalbox.calls.destinations import Context, Destination, Kinds
from signalbox.calls.outcome import HangupCause
from signalbox.calls.prompts import Prompt
from signalbox.calls.routing import dialled_number
from signalbox.kernel.ids import ChannelId, Number

_log = logging.getLogger(__name__)


class Ending(StrEnum):
    """How a call script ended."""

    COMPLETED = "completed"
    HUNG_UP = "hung_up"
    TAKEN_AWAY = "taken_away"
    ENGINE_LOST = "engine_lost"
    FAILED = "failed"
    """A bug or a budget: the caller was left to the dialplan's fallback."""
    STOPPED = "stopped"
    """This process stopped first: the dialplan goes on with the caller."""


_ORDINARY = frozenset({Ending.COMPLETED, Ending.HUNG_UP})
"""Told by the journal alone: a second line for each call would be a tenth of what a call costs the exchange."""


class ScriptRecord(msgspec.Struct, frozen=True):
    """One line of ``steps.jsonl``; a script that still runs has no ``ended_ms`` and no ``ending``."""

    call_id: str
    channel_id: str
    script: str
    version: int
    started_ms: int
    ended_ms: int
    ending: str
    steps: list[Step]


class _Running:
    """A script in progress."""

    def __init__(self, call: Call, version: int) -> None:
        self.call = call
        self.version = version
        self.script = "unknown"
        self.started_ms = call.now_ms()

    def record(self, ending: str = "", ended_ms: int = 0) -> ScriptRecord:
        call = self.call
        return ScriptRecord(
            call.call_id,
            call.channel_id,
            self.script,
            self.version,
            self.started_ms,
            ended_ms,
            ending,
            list(call.steps),
        )


class CallScripts:
    """Run call scripts and know those that run. ``journal`` gets each record once, at its end, and must not block."""

    def __init__(self, kinds: Kinds, context: Context, journal: Callable[[ScriptRecord], None]) -> None:
        self._kinds = kinds
        self._context = context
        self._journal = journal
        self._running: dict[ChannelId, _Running] = {}

    @property
    def count(self) -> int:
        """How many scripts run now."""
        return len(self._running)

    def steps_of(self, call_id: str) -> list[ScriptRecord]:
        """Give the scripts that run for a live call, with their steps so far."""
        return [running.record() for running in self._running.values() if running.call.call_id == call_id]

    def announce_taking(self, channel_id: ChannelId, by: str) -> None:
        """Say that a command is about to redirect this channel; an empty ``by`` withdraws it."""
        if (running := self._running.get(channel_id)) is not None:
            running.call.announce_taking(by)

    async def run(self, call: Call) -> Ending:
        """Take a caller from the dialled number to an ending. Raises only the cancellation of this process."""
        running = self._running[call.channel_id] = _Running(call, 0)
        ending = Ending.STOPPED
        call.bind(asyncio.current_task())
        try:
            ending = await self._guarded(running)
        finally:
            call.bind(None)
            if self._running.get(call.channel_id) is running:
                del self._running[call.channel_id]
            self._close(running, ending)
        return ending

    async def _guarded(self, running: _Running) -> Ending:
        call = running.call
        try:
            await self._follow(running)
            await call.hang_up(rule="the script ended")
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if call.ended is None or task is None or task.uncancel() > 0:
                raise
            return _ending(call, call.ended)
        except (HungUp, TakenAway, EngineLost) as ended:
            return _ending(call, ended)
        except Exception as error:
            _log.exception("call_script_failed call_id=%s script=%s", call.call_id, running.script)
            return await self._hand_back(call, error)
        return Ending.COMPLETED

    async def _hand_back(self, call: Call, error: Exception) -> Ending:
        try:
            await call.hand_back(f"{type(error).__name__}: {error}")
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if call.ended is None or task is None or task.uncancel() > 0:
                raise
        except (HungUp, TakenAway, EngineLost) as ended:
            return _ending(call, ended)
        return Ending.FAILED

    async def _follow(self, running: _Running) -> None:
        call = running.call
        running.version = self._context.routing.version
        number = dialled_number(call.dialled)
        way = [number] if number is not None else []
        while number is not None:
            destination = await self._hop(running, number)
            if destination is None:
                return
            number = destination.number
            way.append(number)
            if len(way) > self._context.settings.max_hops:
                await self._cut(call, way)
                return
        await _unknown(call, call.dialled)

    async def _hop(self, running: _Running, number: Number) -> Destination | None:
        """Run what ``number`` leads to; the first hop names the script."""
        call = running.call
        published = self._context.routing.find(call.tenant, number)
        if published is None:
            if number in self._context.settings.emergency_numbers:
                await call.hand_back(f"{number} is an emergency number, which every trunk is tried for")
            else:
                await _unknown(call, number)
            return None
        kind, value = self._kinds.open(published)
        if running.script == "unknown":
            running.script = kind.name
        call.rule = kind.label.lower()
        call.explain(f"published version {running.version}", f"{number} is {kind.describe(value)}", "number")
        return await kind.run(call, value, self._context)

    async def _cut(self, call: Call, way: list[Number]) -> None:
        limit = self._context.settings.max_hops
        call.explain("calls.max_hops", f"{' forwards to '.join(way)}: cut after {limit} hops", "loop")
        await call.play(Prompt.CANNOT_COMPLETE, rule="calls.max_hops")
        await call.hang_up(HangupCause.EXCHANGE_ROUTING_ERROR, rule="calls.max_hops")

    def _close(self, running: _Running, ending: Ending) -> None:
        call = running.call
        record = running.record(ending.value, call.now_ms())
        self._journal(record)
        if ending in _ORDINARY:
            return
        _log.info(
            "call_script call_id=%s script=%s version=%d ending=%s ms=%d pii_from=%r pii_dialled=%r why=%r",
            record.call_id,
            record.script,
            record.version,
            record.ending,
            record.ended_ms - record.started_ms,
            call.caller.number[:40],
            call.dialled[:40],
            [f"{step.verb}: {step.rule}" for step in record.steps if step.rule],
        )


async def _unknown(call: Call, dialled: str) -> None:
    shown = dialled if dialled_number(dialled) else "what was dialled"
    call.explain("no such number", f"{shown} leads nowhere", "number")
    await call.play(Prompt.NOT_IN_SERVICE, rule="no such number")
    await call.hang_up(HangupCause.UNALLOCATED, rule="no such number")


def _ending(call: Call, ended: Ended) -> Ending:
    if call.is_released:  # the hang-up is the one the script asked for
        return Ending.COMPLETED
    match ended:
        case HungUp():
            return Ending.HUNG_UP
        case TakenAway():
            return Ending.TAKEN_AWAY
        case EngineLost():
            return Ending.ENGINE_LOST
